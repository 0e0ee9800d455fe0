"""A developer's loop: files change while the stack runs, and the next instance behaves as they say."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from reactory.local.options import DevOptions
from reactory.local.output import Quiet
from reactory.local.stack import LocalStack
from tests.e2e.api import Api, until

MANIFEST = """
nameSpace: loop
name: Loop
version: 1.0.0
workflows: ["*-flow.yaml"]
steps: [steps]
"""
STEPS = """
from reactory import step


@step("loop.answer")
def answer() -> dict:
    return {"value": "first"}
"""
FLOW = """
nameSpace: loop
name: Answer
version: 1.0.0
outputs: { value: { type: string, source: steps.answer.outputs.value } }
steps:
  - { id: nap, type: delay, config: { duration: 0 } }
  - { id: answer, type: task, config: { handler: loop.answer } }
"""


@pytest.fixture(scope="module")
def module(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("modules") / "loop"
    folder.mkdir()
    (folder / "module.yaml").write_text(MANIFEST)
    (folder / "steps.py").write_text(STEPS)
    (folder / "answer-flow.yaml").write_text(FLOW)
    return folder


@pytest.fixture(scope="module")
def api(module: Path, mongo_uri: str, database_name: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    data = tmp_path_factory.mktemp("stack") / "data"
    options = DevOptions(port=0, modules=(module,), data=data, mongodb_uri=mongo_uri, database=database_name)
    with LocalStack(options, output=Quiet()) as stack, Api(stack) as client:
        yield client


def answer(api: Api, version: str = "1.0.0") -> Any:
    """The result of a new instance; None as long as it fails or cannot be started."""
    response = api.post("/workflow/start/loop.Answer", version=version, wait="20")
    answered = response.json()
    return answered["result"]["value"] if answered["status"] == "COMPLETED" else None


def test_changed_step_code_runs_in_the_next_instance(api: Api, module: Path) -> None:
    """CA-1: a step's code is what its file says, without a restart of the stack."""
    assert answer(api) == "first"
    (module / "steps.py").write_text(STEPS.replace("first", "second"))
    until(lambda: answer(api), lambda value: value == "second")


def test_a_new_version_is_there_at_once(api: Api, module: Path) -> None:
    """CA-1, WR-4, WH-18: a changed document with a higher version is the next start's; a started one keeps its own."""
    sleeper = api.start("loop.Answer@1.0.0", {})
    changed = FLOW.replace("version: 1.0.0", "version: 1.1.0").replace("duration: 0", "duration: 1")
    (module / "answer-flow.yaml").write_text(changed.replace("steps.answer.outputs.value", "workflow.version"))
    until(lambda: api.get("/workflow/workflows/loop/Answer")["version"], lambda version: version == "1.1.0")
    latest = api.post("/workflow/start/loop.Answer", wait="20").json()
    assert (latest["version"], latest["result"]["value"]) == ("1.1.0", "1.1.0")
    assert api.finished(sleeper)["version"] == "1.0.0"
    assert api.get("/workflow/workflows/loop/Answer")["versions"] == ["1.1.0", "1.0.0"]


def test_a_changed_document_without_a_new_version_is_refused(api: Api, module: Path) -> None:
    """WR-3: the registered content of a version stays, whatever its file says now; other files still take effect."""
    registered = api.get("/workflow/workflows/loop/Answer", version="1.1.0")
    file = module / "answer-flow.yaml"
    file.write_text(file.read_text().replace("workflow.version", "workflow.id"))
    (module / "other-flow.yaml").write_text(FLOW.replace("name: Answer", "name: Other"))
    until(lambda: api.http.get("/workflow/workflows/loop/Other").status_code, lambda status: status == 200)
    assert api.get("/workflow/workflows/loop/Answer", version="1.1.0") == registered


def test_broken_code_stops_nobody_else(api: Api, module: Path) -> None:
    """IN-2: while a file is broken its steps are missing; repaired, they run again."""
    (module / "steps.py").write_text("this is no Python")
    (module / "third-flow.yaml").write_text(
        FLOW.replace("name: Answer", "name: Third")
        .replace("task", "log")
        .replace("handler: loop.answer", "message: hello")
        .replace("outputs.value", "outputs.message")
    )
    until(lambda: api.http.get("/workflow/workflows/loop/Third").status_code, lambda status: status == 200)
    assert api.post("/workflow/start/loop.Third", wait="20").json()["result"] == {"value": "hello"}
    (module / "steps.py").write_text(STEPS.replace("first", "third"))
    until(lambda: answer(api), lambda value: value == "third")
