"""What may differ between two deployments: the context of the CDK app (``cdk.json``, or ``-c name=value``)."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
"""The project's folder."""

PRODUCT = "reactory"


@dataclass(frozen=True, slots=True)
class Options:
    """``stage`` sets apart two stacks in one account; ``bundle`` false leaves the packages unbuilt, for tests."""

    stage: str = ""
    modules: str = "workflows"
    bundle: bool = True
    log_retention_days: int = 30

    @property
    def stack_name(self) -> str:
        return f"{PRODUCT}-{self.stage}" if self.stage else PRODUCT

    def physical(self, name: str) -> str:
        """A resource's name in the account: that of the topology, below the name of the stack."""
        return f"{self.stack_name}-{name.removeprefix(PRODUCT).removeprefix('-')}".removesuffix("-")


def read_options(context: Callable[[str], Any]) -> Options:
    """Options from the app's context; what comes from the command line is text."""
    values = {name: context(f"{PRODUCT}:{name}") for name in ("stage", "modules", "bundle", "logRetentionDays")}
    return Options(
        stage=str(values["stage"] or ""),
        modules=str(values["modules"] or "workflows"),
        bundle=str(values["bundle"]).lower() != "false",
        log_retention_days=int(values["logRetentionDays"] or 30),
    )


def read_context() -> dict[str, Any]:
    """The context of ``cdk.json``: read here too, so that the template is the same without the CDK command line."""
    settings: dict[str, dict[str, Any]] = json.loads((ROOT / "cdk.json").read_text())
    return settings["context"]
