"""The documents of the example module: valid, complete, and in step with the Python steps beside them."""

from __future__ import annotations

from pathlib import Path

import pytest

from reactory.definition.compile import load_program
from reactory.definition.document import load_document
from reactory.definition.inputs import accept_input
from reactory.definition.validate import validate
from reactory.scheduler.modules import load_schedules
from reactory.steps import load_modules

MODULES = load_modules([Path(__file__).parents[3] / "workflows" / "acme-orders"])
FILES = {file.path.name: file.text for file in MODULES.workflows}


def test_the_module_loads_without_a_fault() -> None:
    """IN-2: everything that the example's manifest names is there."""
    assert [str(fault) for fault in MODULES.faults] == []


def test_no_document_is_forgotten() -> None:
    """Every document in the folder is named by the manifest."""
    folder = MODULES.modules[0].folder
    schedules = {file.path.name for file in MODULES.schedules}
    assert {path.name for path in folder.glob("*.yaml")} == {*FILES, *schedules, "module.yaml"}


def test_the_schedules_start_what_is_there() -> None:
    """SC-1: the example's schedules are read without a fault, and each starts a workflow of the module with its inputs."""
    loaded = load_schedules(MODULES)
    assert ([str(fault) for fault in loaded.faults], len(loaded.schedules)) == ([], 1)
    programs = {f"{program.id}@{program.version}": program for program in map(load_program, FILES.values())}
    for found in loaded.schedules:
        _, problems = accept_input(programs[str(found.schedule.workflow)].inputs, found.schedule.properties)
        assert problems == []


@pytest.mark.parametrize("name", FILES)
def test_the_documents_have_no_problem(name: str) -> None:
    """YF-1: the example's documents validate, without a warning either."""
    problems = validate(load_document(FILES[name], name=name), handlers=MODULES.registry.names())
    assert [str(problem) for problem in problems] == []


@pytest.mark.parametrize("name", FILES)
def test_the_documents_compile(name: str) -> None:
    """Each document becomes a program whose handlers are all registered."""
    program = load_program(FILES[name], MODULES.registry.names(), name=name)
    assert program.name_space == "acme-orders"
    assert program.handlers <= MODULES.registry.names()


def test_every_step_is_used() -> None:
    """The example has no step that no document calls."""
    used = {handler for text in FILES.values() for handler in load_program(text).handlers}
    assert used == MODULES.registry.names()
