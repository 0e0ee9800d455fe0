"""The CDK app: ``python infra/app.py`` writes the cloud assembly to ``cdk.out``, as ``npx cdk synth`` does.

The packages of the layer and the functions are built on the way, if their sources changed.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from infra.options import ROOT, read_context

if TYPE_CHECKING:
    from aws_cdk import App


def build(outdir: str | None, context: Mapping[str, Any]) -> App:
    """The app with its stack and its rules; ``context`` goes over that of ``cdk.json``."""
    # the CDK library runs on Node.js and paints a banner for each release that its makers no longer test
    os.environ.setdefault("JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION", "18,20")
    os.environ.setdefault("JSII_SILENCE_WARNING_DEPRECATED_NODE_VERSION", "true")
    os.environ.setdefault("JSII_SILENCE_WARNING_UNTESTED_NODE_VERSION", "true")
    from aws_cdk import App

    from infra.options import read_options
    from infra.review import review
    from infra.stack import ReactoryStack

    app = App(outdir=outdir, analytics_reporting=False, context={**read_context(), **context})
    ReactoryStack(app, read_options(app.node.try_get_context))
    review(app)
    return app


def main() -> None:
    """Synthesise to where the CDK command line wants it, or to ``cdk.out``."""
    build(os.environ.get("CDK_OUTDIR") or str(ROOT / "cdk.out"), {}).synth()


if __name__ == "__main__":
    main()
