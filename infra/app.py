"""The CDK app: ``python infra/app.py`` writes the cloud assembly to ``cdk.out``, as ``npx cdk synth`` does.

The context of ``cdk.json`` is read here, so that both ways give the same template.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from aws_cdk import App

ROOT = Path(__file__).resolve().parent.parent


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

    settings = json.loads((ROOT / "cdk.json").read_text())
    app = App(outdir=outdir, analytics_reporting=False, context={**settings["context"], **context})
    ReactoryStack(app, read_options(app.node.try_get_context))
    review(app)
    return app


def main() -> None:
    """Synthesise to where the CDK command line wants it, or to ``cdk.out``."""
    given = os.environ.get("CDK_OUTDIR")
    build(given or str(ROOT / "cdk.out"), {}).synth()


if __name__ == "__main__":
    main()
