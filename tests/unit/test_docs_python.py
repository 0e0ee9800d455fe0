"""docs/python.md is true: its module builds, its problems are those that are told, its tests pass."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from reactory.authoring import Flow, Workflow
from reactory.definition.authoring.options import StepOptions
from reactory.exceptions import InvalidDefinitionError
from reactory.steps.modules import load_modules
from reactory.testing import Run, WorkflowTester

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "python.md").read_text()
FILES = dict(re.findall(r"```python\n# (orders/\S+)\n(.*?)```", PAGE, re.DOTALL))
ORDERS = FILES["orders/orders.py"]


def built(source: str) -> Workflow:
    names: dict[str, Any] = {"__name__": "orders"}
    exec(compile("\n" + source, "orders.py", "exec", dont_inherit=True), names)
    found = names["order"]
    assert isinstance(found, Workflow)
    return found


def test_the_workflow_of_the_page_is_built_and_survives_every_notation() -> None:
    """YF-1, FW-1: Python → YAML → Python gives the same document."""
    made = built(ORDERS)
    assert made.warnings == ()
    again = Workflow.from_yaml(made.to_yaml())
    assert (again.document, again.fingerprint) == (made.document, made.fingerprint)
    assert built(again.to_python()).document == made.document


def test_the_problems_of_the_page_are_those_that_are_told() -> None:
    """YF-1: what a reader sees after two mistakes is what the page shows."""
    wrong = ORDERS.replace("lines=input.lines,", "linse=input.lines,").replace(
        "costs {quote.total}", "costs {quote.totl}"
    )
    with pytest.raises(InvalidDefinitionError) as caught:
        built(wrong)
    shown = re.search(r"```text\n(.*?)```", PAGE, re.DOTALL)
    assert shown is not None
    assert str(caught.value).splitlines() == shown.group(1).splitlines()


def test_the_tests_of_the_page_pass(tmp_path: Path) -> None:
    """WH-1: a reader who copies both files has three passing tests."""
    for name, text in FILES.items():
        (tmp_path / Path(name).name).write_text(text)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    environ = {"PYTHONPATH": ":".join([str(tmp_path), *sys.path])}
    answer = subprocess.run(command, cwd=tmp_path, env=environ, capture_output=True, text=True, check=False)
    assert "3 passed" in answer.stdout, answer.stdout + answer.stderr


def test_the_workflow_of_the_page_is_registered_by_a_module(tmp_path: Path) -> None:
    """IN-2: the globs of a manifest may name Python files."""
    (tmp_path / "orders.py").write_text(ORDERS)
    (tmp_path / "module.yaml").write_text('nameSpace: orders\nname: Orders\nversion: 1.0.0\nworkflows: ["orders.py"]\n')
    modules = load_modules([tmp_path])
    assert (modules.faults, len(modules.workflows)) == ((), 1)
    assert modules.registry.names() == {"orders.get_quote", "orders.release"}


@pytest.mark.parametrize(
    "name",
    [name for kind in (Flow, WorkflowTester, Run) for name in vars(kind) if not name.startswith("_")]
    + sorted(StepOptions.__annotations__),
)
def test_every_name_that_an_author_uses_is_on_the_page(name: str) -> None:
    """A reader finds every method and every option."""
    internal = {"to_next_timer", "work", "close", "unused_failures", "compensation", "load", "raw"}
    assert name in internal or re.search(rf"`[^`]*\b{name}\b", PAGE)
