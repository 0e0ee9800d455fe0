"""The local stack with everything real: mongod, the handlers of ``functions/``, a module of workflows and steps."""

from __future__ import annotations

import http.client
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlsplit

import msgspec
import pytest

from reactory import topology
from reactory.adapters.memory.bus import MemoryBus
from reactory.local.options import DevOptions
from reactory.local.output import Output
from reactory.local.stack import LocalStack, Parts
from reactory.ports.bus import BusEvent

DEADLINE = 30.0
MANIFEST = """
nameSpace: local
name: Local
version: 1.0.0
workflows: [workflows/*.yaml]
steps: [steps]
"""
STEPS = """
from reactory import step


@step("local.double")
def double(n: int) -> dict:
    return {"value": n * 2}
"""
WORKFLOW = """
nameSpace: local
name: Double
version: 1.0.0
inputs: {n: {type: integer, required: true}}
outputs: {result: {type: integer, source: steps.twice.outputs.value}}
steps:
  - {id: twice, type: task, config: {handler: local.double}, inputs: {n: "${input.n}"}}
"""


class Lines(Output):
    """Keeps what was said, and lets a test wait for it."""

    def __init__(self) -> None:
        super().__init__()
        self._changed = threading.Condition()
        self.said: list[str] = []

    def say(self, text: str) -> None:
        with self._changed:
            self.said.append(text)
            self._changed.notify_all()

    def line(self, source: str, text: str) -> None:
        self.say(f"{source} | {text}")

    def wait(self, found: Callable[[str], bool]) -> str:
        with self._changed:
            assert self._changed.wait_for(lambda: any(map(found, self.said)), DEADLINE), self.said
            return next(filter(found, self.said))


@pytest.fixture
def module(tmp_path: Path) -> Path:
    folder = tmp_path / "modules" / "local_double"
    (folder / "workflows").mkdir(parents=True)
    (folder / "module.yaml").write_text(MANIFEST)
    (folder / "steps.py").write_text(STEPS)
    (folder / "workflows" / "double.yaml").write_text(WORKFLOW)
    return folder


@pytest.fixture(autouse=True)
def _own_mongod(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MONGODB_URI", raising=False)


def stack(tmp_path: Path, module: Path, parts: Parts | None = None, **options: Any) -> LocalStack:
    values: dict[str, Any] = {"port": 0, "modules": (module,), "data": tmp_path / "data", "workers": 1}
    return LocalStack(DevOptions(**{**values, **options}), parts, Lines())


def call(running: LocalStack, method: str, target: str, body: object = None) -> tuple[int, Any]:
    address = urlsplit(running.url)
    connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=DEADLINE)
    try:
        content = None if body is None else msgspec.json.encode(body)
        connection.request(method, target, content, {"content-type": "application/json"})
        response = connection.getresponse()
        return response.status, msgspec.json.decode(response.read())
    finally:
        connection.close()


@pytest.mark.parametrize("mode", ["memory", "moto"])
def test_an_instance_runs_from_request_to_result(tmp_path: Path, module: Path, mode: str) -> None:
    """IM-2: a workflow is started over HTTP and its result comes back, with memory adapters and with boto3 ones."""
    with stack(tmp_path, module, aws=mode) as running:
        assert running.prepared.workflows == ["local.Double@1.0.0"]
        status, answer = call(running, "POST", "/workflow/start/local.Double?wait=20", {"n": 21})
        health = call(running, "GET", "/health")
        missing = call(running, "GET", "/nowhere")
        wrong = call(running, "PATCH", "/health")
    assert (status, answer["status"], answer["result"]) == (200, "COMPLETED", {"result": 42})
    assert (health[0], health[1]["status"]) == (200, "healthy")
    assert (missing[0], missing[1]["code"]) == (404, "not_found")
    assert (wrong[0], wrong[1]["code"]) == (405, "method_not_allowed")


def test_unfinished_instances_continue_at_the_next_start(tmp_path: Path, module: Path) -> None:
    """WH-1: what a stack left unfinished, the next one on the same data finishes, without a new message."""
    without_worker = Parts(functions=tuple(spec for spec in topology.FUNCTIONS if spec.name == "runner-api"))
    with stack(tmp_path, module, without_worker) as first:
        mongod = first.mongod
        status, started = call(first, "POST", "/workflow/start/local.Double", {"n": 1})
    assert status == 201
    assert mongod is not None
    assert not mongod.alive
    with stack(tmp_path, module) as second:
        finished(second, started["instanceId"])
        _, answer = call(second, "GET", f"/workflow/instance/{started['instanceId']}")
    assert answer["status"] == "COMPLETED"


def finished(running: LocalStack, instance_id: str) -> None:
    """Wait until the bus tells that the instance is COMPLETED."""
    done = threading.Event()

    def look(event: BusEvent) -> None:
        if event.detail.get("instanceId") == instance_id and event.detail.get("status") == "COMPLETED":
            done.set()

    bus = cast("MemoryBus", running.bus)
    bus.subscribe(look)
    for event in bus.published():
        look(event)
    assert done.wait(DEADLINE)


def test_changed_code_is_loaded(tmp_path: Path, module: Path) -> None:
    """CA-1: a changed step runs in the next instance, without a restart, and a broken file only says so."""
    with stack(tmp_path, module) as running:
        lines = cast("Lines", running._output)
        (module / "steps.py").write_text(STEPS.replace("n * 2", "n * 3"))
        (module / "workflows" / "broken.yaml").write_text("nameSpace: local\nname: Broken\n")
        lines.wait(lambda line: line.startswith("Reloaded: ") and "steps.py" in line)
        lines.wait(lambda line: line.startswith("modules | ") and "broken.yaml" in line)
        _, answer = call(running, "POST", "/workflow/start/local.Double?wait=20", {"n": 21})
    assert answer["result"] == {"result": 63}
