"""One synthesis for all tests of the stack: without built packages, without a network."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from infra.app import build

CONTEXT = {"reactory:bundle": "false", "reactory:modules": "tests/infra/modules"}

Properties = dict[str, Any]


@dataclass(frozen=True)
class Synthesised:
    """The template of the stack, as CloudFormation would get it."""

    text: str

    @property
    def template(self) -> dict[str, Any]:
        loaded: dict[str, Any] = json.loads(self.text)
        return loaded

    def of_type(self, kind: str) -> dict[str, Properties]:
        """The resources of a type: logical id → properties."""
        resources = self.template["Resources"]
        return {name: found["Properties"] for name, found in resources.items() if found["Type"] == kind}

    def named(self, kind: str, name_property: str) -> dict[str, Properties]:
        """The resources of a type by their name, without the stack's prefix."""
        found = self.of_type(kind).values()
        return {properties[name_property].removeprefix("reactory-"): properties for properties in found}


def synthesise(outdir: Path, more: dict[str, Any] | None = None) -> Synthesised:
    build(str(outdir), {**CONTEXT, **(more or {})}).synth()
    return Synthesised((outdir / "Reactory.template.json").read_text())


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Synthesised:
    return synthesise(tmp_path_factory.mktemp("assembly"))


@pytest.fixture(scope="session")
def another_synthesis() -> Callable[[Path], Synthesised]:
    """The same once more, into a folder of one's own."""
    return synthesise
