"""Modules' workflows are registered together; what is wrong with one stops no other."""

from __future__ import annotations

from pathlib import Path

import msgspec

from reactory.runner.modules import register_loaded, register_modules
from reactory.steps.modules import load_modules
from tests.unit.runner.lab import Lab

GOOD = "nameSpace: {ns}\nname: Flow\nversion: 1.0.0\nsteps:\n  - {{id: a, type: log, config: {{message: {text}}}}}\n"
CALL = "nameSpace: first\nname: Flow\nversion: 1.0.0\nsteps:\n  - {id: a, type: task, config: {handler: first.run}}\n"
BAD = "nameSpace: broken\nname: Flow\nversion: 1.0.0\nsteps:\n  - {id: a, type: nothing}\n"


def module(folder: Path, name: str, **documents: str) -> Path:
    """A module with these documents."""
    path = folder / name
    path.mkdir()
    text = f"nameSpace: {name}\nname: Module\nversion: 1.0.0\nworkflows: ['*-flow.yaml']\n"
    (path / "module.yaml").write_text(text, encoding="utf-8")
    for document, content in documents.items():
        (path / f"{document}-flow.yaml").write_text(content, encoding="utf-8")
    return path


def test_a_broken_module_stops_no_other(lab: Lab, tmp_path: Path) -> None:
    """IN-2: good documents are registered; each problem of a bad one is told with file, line and module."""
    paths = [
        module(tmp_path, "first", good=GOOD.format(ns="first", text="hello")),
        module(tmp_path, "broken", bad=BAD, good=GOOD.format(ns="broken", text="hello")),
        tmp_path / "missing",
        module(tmp_path, "last", good=GOOD.format(ns="last", text="hello")),
    ]
    report = register_modules(lab.runner.services, paths)
    registered = [one.workflow.id for one in report.registered]
    assert registered == ["first.Flow@1.0.0", "broken.Flow@1.0.0", "last.Flow@1.0.0"]
    faults = {fault.code: str(fault) for fault in report.faults}
    assert faults.keys() == {"MODULE_NOT_FOUND", "UNKNOWN_STEP_TYPE"}
    assert "bad-flow.yaml:5: steps[0].type" in faults["UNKNOWN_STEP_TYPE"]


def test_a_changed_document_is_a_fault(lab: Lab, tmp_path: Path) -> None:
    """WR-3, IN-2: a document that was changed under its version is told, not taken; the same again is fine."""
    path = module(tmp_path, "first", good=GOOD.format(ns="first", text="hello"))
    for _ in range(2):
        assert register_modules(lab.runner.services, [path]).faults == ()
    (path / "good-flow.yaml").write_text(GOOD.format(ns="first", text="goodbye"), encoding="utf-8")
    (fault,) = register_modules(lab.runner.services, [path]).faults
    assert fault.code == "DEFINITION_CONFLICT"


def changed(lab: Lab, path: Path, text: str) -> list[str]:
    """The faults of the document with that text, on a developer's stack."""
    (path / "good-flow.yaml").write_text(GOOD.format(ns="first", text=text), encoding="utf-8")
    return [str(fault) for fault in register_loaded(lab.runner.services, load_modules([path]), replace=True).faults]


def test_a_developers_stack_takes_a_changed_document(lab: Lab, tmp_path: Path) -> None:
    """CA-1: where it is allowed, another content takes the place of one that no unfinished instance needs."""
    path = module(tmp_path, "first")
    assert changed(lab, path, "hello") == []
    done = lab.runner.start.start_workflow("first.Flow").instance
    lab.work()
    assert changed(lab, path, "goodbye") == []
    assert "goodbye" in lab.runner.registry.get("first.Flow").source
    again = lab.runner.start.start_workflow("first.Flow").instance
    assert again.fingerprint != done.fingerprint


def test_a_document_in_use_is_not_replaced(lab: Lab, tmp_path: Path) -> None:
    """WH-18: an instance that has not ended keeps its version's content, and the fault tells the ways out."""
    path = module(tmp_path, "first")
    assert changed(lab, path, "hello") == []
    lab.runner.start.start_workflow("first.Flow")
    (fault,) = changed(lab, path, "goodbye")
    assert "first.Flow@1.0.0 as registered before goes on: 1 instance uses it" in fault
    assert "raise its version, or cancel them and save again" in fault
    lab.work()
    assert changed(lab, path, "goodbye") == []


def test_a_document_of_a_failed_instance_is_not_replaced(lab: Lab, tmp_path: Path) -> None:
    """WH-18: a failed instance may be retried, and cannot be cancelled: a higher version is the only way told."""
    path = module(tmp_path, "first")
    assert changed(lab, path, "hello") == []
    begun = lab.runner.start.start_workflow("first.Flow").instance
    lab.work()
    lab.instances.create([msgspec.structs.replace(begun, id="failed", status="FAILED", wake_at=None)])
    (fault,) = changed(lab, path, "goodbye")
    assert "1 instance uses it (1 failed, which a retry would continue); raise its version [" in fault


def test_unknown_handlers_of_broken_code_are_not_told(lab: Lab, tmp_path: Path) -> None:
    """IN-2: where a module's code cannot be imported that is told, and not what follows from it."""
    path = module(tmp_path, "first", good=CALL)
    (path / "module.yaml").write_text((path / "module.yaml").read_text() + "steps: [steps]\n", encoding="utf-8")
    (path / "steps.py").write_text("this is no Python", encoding="utf-8")
    assert [fault.code for fault in register_modules(lab.runner.services, [path]).faults] == ["STEPS_NOT_IMPORTED"]
