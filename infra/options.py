"""What may differ between two deployments: the context of the CDK app (``cdk.json``, or ``-c name=value``)."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from infra.variables import read_variables

ROOT = Path(__file__).resolve().parent.parent
"""The project's folder."""

PRODUCT = "reactory"


@dataclass(frozen=True, slots=True)
class Options:
    """``stage`` sets apart two stacks in one account; ``bundle`` false leaves the packages unbuilt, for tests.

    ``settings`` are variables of the functions' environment beside those that the stack itself gives them, ``kms_key``
    the ARN of the key that payloads are encrypted under, empty = they are not.
    """

    stage: str = ""
    modules: str = "workflows"
    bundle: bool = True
    log_retention_days: int = 30
    settings: Mapping[str, str] = field(default_factory=dict)
    kms_key: str = ""

    @property
    def stack_name(self) -> str:
        return f"{PRODUCT}-{self.stage}" if self.stage else PRODUCT

    def physical(self, name: str) -> str:
        """A resource's name in the account: that of the topology, below the name of the stack."""
        return f"{self.stack_name}-{name.removeprefix(PRODUCT).removeprefix('-')}".removesuffix("-")


def read_options(context: Callable[[str], Any]) -> Options:
    """Options from the app's context; what comes from the command line is text."""
    names = ("stage", "modules", "bundle", "logRetentionDays", "settings", "kmsKey")
    values = {name: context(f"{PRODUCT}:{name}") for name in names}
    return Options(
        stage=str(values["stage"] or ""),
        modules=str(values["modules"] or "workflows"),
        bundle=str(values["bundle"]).lower() != "false",
        log_retention_days=int(values["logRetentionDays"] or 30),
        settings=read_variables(values["settings"]),
        kms_key=_key(str(values["kmsKey"] or "")),
    )


def _key(arn: str) -> str:
    if arn and not arn.startswith("arn:"):
        raise ValueError(f"reactory:kmsKey is {arn}: give the ARN of a symmetric key, which the roles can name")
    return arn


def read_context() -> dict[str, Any]:
    """The context of ``cdk.json``: read here too, so that the template is the same without the CDK command line."""
    settings: dict[str, dict[str, Any]] = json.loads((ROOT / "cdk.json").read_text())
    return settings["context"]
