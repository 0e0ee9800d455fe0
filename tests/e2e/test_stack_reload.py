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
workflows: ["*-flow.yaml", "*-schedule.yaml"]
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


class Kept(Quiet):
    """Remembers what the stack says."""

    def __init__(self) -> None:
        super().__init__()
        self.said: list[str] = []

    def say(self, text: str) -> None:
        self.said.append(text)

    def line(self, _source: str, text: str) -> None:
        self.said.append(text)

    def count(self, text: str) -> int:
        return sum(text in said for said in self.said)


@pytest.fixture(scope="module")
def output() -> Kept:
    return Kept()


@pytest.fixture(scope="module")
def module(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("modules") / "loop"
    folder.mkdir()
    (folder / "module.yaml").write_text(MANIFEST)
    (folder / "steps.py").write_text(STEPS)
    (folder / "answer-flow.yaml").write_text(FLOW)
    return folder


@pytest.fixture(scope="module")
def api(
    module: Path, output: Kept, mongo_uri: str, database_name: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Api]:
    data = tmp_path_factory.mktemp("stack") / "data"
    options = DevOptions(port=0, modules=(module,), data=data, mongodb_uri=mongo_uri, database=database_name, workers=1)
    with LocalStack(options, output=output) as stack, Api(stack) as client:
        yield client


def answer(api: Api, version: str = "1.0.0") -> Any:
    """The result of a new instance; None as long as it fails or cannot be started."""
    started = api.post("/workflow/start/loop.Answer", version=version).json()
    if "instanceId" not in started:
        return None
    ended = api.finished(started["instanceId"])
    return ended["outputs"]["value"] if ended["status"] == "COMPLETED" else None


def fingerprint(api: Api, name: str, version: str) -> Any:
    """Of a registered version; None while there is none."""
    return api.http.get(f"/workflow/workflows/loop/{name}", params={"version": version}).json().get("fingerprint")


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


def test_a_changed_document_without_a_new_version_takes_effect(api: Api, module: Path) -> None:
    """CA-1: on a developer's stack a document may change under its version, while no instance needs it as it was."""
    registered = api.get("/workflow/workflows/loop/Answer", version="1.1.0")["fingerprint"]
    file = module / "answer-flow.yaml"
    file.write_text(file.read_text().replace("workflow.version", "workflow.id"))
    until(lambda: fingerprint(api, "Answer", "1.1.0"), lambda found: found not in (None, registered))
    assert answer(api, "1.1.0") == "loop.Answer"


def test_a_document_that_an_instance_needs_stays(api: Api, module: Path, output: Kept) -> None:
    """WR-3, WH-18: while an instance runs a version its content stays, which is said; saved again later, it changes."""
    waiting = FLOW.replace("name: Answer", "name: Waiting").replace("duration: 0", "duration: 3600000")
    (module / "waiting-flow.yaml").write_text(waiting)
    until(lambda: api.http.get("/workflow/workflows/loop/Waiting").status_code, lambda status: status == 200)
    registered = api.get("/workflow/workflows/loop/Waiting")["fingerprint"]
    instance = api.start("loop.Waiting", {})
    file = module / "waiting-flow.yaml"
    file.write_text(waiting.replace("duration: 3600000", "duration: 0"))
    until(lambda: output.count("loop.Waiting@1.0.0 as registered before goes on: 1 instance uses it"), bool)
    assert api.get("/workflow/workflows/loop/Waiting")["fingerprint"] == registered
    api.http.delete(f"/workflow/instance/{instance}")
    api.finished(instance)
    file.write_text(waiting.replace("duration: 3600000", "duration: 1"))
    until(lambda: fingerprint(api, "Waiting", "1.0.0"), lambda found: found not in (None, registered))


def test_a_changed_schedule_takes_effect(api: Api, module: Path, output: Kept) -> None:
    """SC-1, SC-5: a schedule's file is stored, changed, reported when it is wrong, and deleted, as it is saved."""
    file = module / "nightly-schedule.yaml"
    path = "/workflow/schedules/loop.nightly"
    text = "id: loop.nightly\nname: Nightly\nworkflow: {id: loop.Answer}\nschedule: {cron: '0 2 * * *'}\n"
    file.write_text(text)
    until(lambda: api.http.get(path).status_code, lambda status: status == 200)
    assert api.post(f"{path}/stop").json()["enabled"] is False
    (module / "other-flow.yaml").write_text(FLOW.replace("name: Answer", "name: Other"))
    until(lambda: api.http.get("/workflow/workflows/loop/Other").status_code, lambda status: status == 200)
    assert api.get(path)["enabled"] is False  # its file has not changed
    file.write_text(text.replace("0 2", "0 3"))
    until(lambda: api.get(path)["document"]["schedule"]["cron"], lambda cron: cron == "0 3 * * *")
    assert api.get(path)["enabled"] is True
    file.write_text(text.replace("0 2", "0 99"))
    until(lambda: output.count("schedule.cron: the hour: 99 is out of range"), bool)
    assert api.get(path)["document"]["schedule"]["cron"] == "0 3 * * *"
    file.unlink()
    until(lambda: api.http.get(path).status_code, lambda status: status == 404)
    # the last of them is over, and no container is to be replaced any more
    until(lambda: output.count("Reloaded: nightly-schedule.yaml"), lambda count: count == 4)


def test_broken_code_stops_nobody(api: Api, module: Path, output: Kept) -> None:
    """IN-2: while a file is broken the code from before goes on, which is said once; repaired, the new code runs."""
    assert answer(api) == "second"  # the worker has imported the code
    (module / "steps.py").write_text("this is no Python")
    until(lambda: output.count("NOT reloaded, steps.py:1 "), bool)
    assert answer(api) == "second"
    assert not output.count("UNKNOWN_HANDLER")
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
