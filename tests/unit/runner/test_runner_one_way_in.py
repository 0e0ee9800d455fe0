"""There is one way to create an instance."""

from __future__ import annotations

import ast
from pathlib import Path

ROOT = Path(__file__).parents[3]


def creators() -> set[str]:
    """The files of the engine in which a document of an instance is made."""
    found = set()
    for folder in ("shared/reactory", "functions"):
        for path in (ROOT / folder).rglob("*.py"):
            calls = (
                node for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, ast.Call)
            )
            if any(
                isinstance(call.func, ast.Attribute) and ast.unparse(call.func).endswith("instances.create")
                for call in calls
            ):
                found.add(str(path.relative_to(ROOT)))
    return found


def test_only_start_workflow_creates_instances() -> None:
    """WR-1: no other code path creates an instance."""
    assert creators() == {"shared/reactory/runner/start.py"}
