"""The documents of the travel example: valid, complete, and in step with the Python steps beside them."""

from __future__ import annotations

from pathlib import Path

import pytest

from reactory.definition.compile import load_program
from reactory.definition.document import load_document
from reactory.definition.validate import validate
from reactory.steps import load_modules

MODULES = load_modules([Path(__file__).parents[3] / "workflows" / "acme-travel"])
FILES = {file.path.name: file.text for file in MODULES.workflows}


def test_the_module_loads_without_a_fault() -> None:
    """IN-2: everything that the manifest names is there, and no document is forgotten."""
    assert [str(fault) for fault in MODULES.faults] == []
    assert {path.name for path in MODULES.modules[0].folder.glob("*.yaml")} == {*FILES, "module.yaml"}


@pytest.mark.parametrize("name", FILES)
def test_the_documents_have_no_problem(name: str) -> None:
    """YF-1: the documents validate, without a warning either."""
    problems = validate(load_document(FILES[name], name=name), handlers=MODULES.registry.names())
    assert [str(problem) for problem in problems] == []


def test_every_step_is_used_and_described() -> None:
    """The example has no step that no document calls, and each says in a sentence what it does."""
    used = {handler for text in FILES.values() for handler in load_program(text).handlers}
    assert used == MODULES.registry.names()
    assert [found.name for found in MODULES.modules[0].steps if not found.description] == []
