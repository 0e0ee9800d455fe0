"""The local stack as a whole, with handlers of the tests and without a database: triggers, crashes, an orderly end."""

from __future__ import annotations

import http.client
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlsplit

import msgspec
import pytest

from reactory.adapters.memory.bus import MemoryBus
from reactory.exceptions import StartupError
from reactory.local.data_folder import DataFolder
from reactory.local.options import DevOptions
from reactory.local.output import Output
from reactory.local.parts import Database, Parts
from reactory.local.stack import LocalStack
from reactory.ports.bus import BusEvent
from reactory.ports.queue import Depth, Message
from reactory.topology import FunctionSpec, QueueSpec, Route

DEADLINE = 20.0
HERE = str(Path(__file__).parent)
FUNCTIONS = (
    FunctionSpec(
        "api",
        "local_handlers.api",
        timeout=20,
        memory=128,
        routes=(Route("GET", "/things/{id}"), Route("POST", "/things")),
    ),
    FunctionSpec(
        "worker",
        "local_handlers.consume",
        timeout=20,
        memory=128,
        queues=(QueueSpec("low", 10, 0, 5), QueueSpec("high", 10, 0, 5)),
    ),
    FunctionSpec("sweeper", "local_handlers.tick", timeout=20, memory=128, rule="rate(1 minute)"),
)


class FakeDatabase:
    """Notes when it is stopped."""

    uri = "mongodb://127.0.0.1:1"
    pid = 0
    alive = True

    def __init__(self, note: Callable[[str], None]) -> None:
        self._note = note

    def stop(self) -> None:
        self._note("database stopped")

    def kill(self) -> None:
        self._note("database killed")


class Quiet(Output):
    """Keeps the lines."""

    def __init__(self) -> None:
        super().__init__()
        self.said: list[str] = []
        self.lines: list[str] = []

    def say(self, text: str) -> None:
        self.said.append(text)

    def line(self, source: str, text: str) -> None:
        self.lines.append(f"{source} | {text}")


class Told:
    """What handlers publish, and a way to wait for it."""

    def __init__(self, stack: LocalStack) -> None:
        self._changed = threading.Condition()
        self.events: list[BusEvent] = []
        cast("MemoryBus", stack.bus).subscribe(self._take)

    def _take(self, event: BusEvent) -> None:
        with self._changed:
            self.events.append(event)
            self._changed.notify_all()

    def ids(self) -> list[str]:
        return [event.id for event in self.events if not event.id.startswith("tick")]

    def wait(self, *ids: str) -> list[BusEvent]:
        def found() -> list[BusEvent]:
            return [event for event in self.events if event.id in ids]

        with self._changed:
            assert self._changed.wait_for(lambda: {event.id for event in found()} >= set(ids), DEADLINE), self.ids()
            return found()


def make(data: Path, **options: Any) -> LocalStack:
    notes: list[str] = []

    def database(_folder: DataFolder) -> Database:
        return FakeDatabase(notes.append)

    parts = Parts(
        functions=FUNCTIONS,
        default_function="api",
        wiring="local_handlers.wire",
        prepare=None,
        database=database,
        ceilings={"worker": 2},
    )
    values: dict[str, Any] = {"port": 0, "data": data, "environ": {"PYTHONPATH": HERE}, "grace": DEADLINE}
    stack = LocalStack(DevOptions(**{**values, **options}), parts, Quiet())
    stack.notes = notes  # type: ignore[attr-defined]  # the test's own
    return stack


@pytest.fixture
def stack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalStack]:
    monkeypatch.delenv("MONGODB_URI", raising=False)
    with make(tmp_path / "data") as running:
        yield running


def request(
    stack: LocalStack, method: str, target: str, body: bytes | None = None, headers: dict[str, str] | None = None
) -> tuple[int, http.client.HTTPMessage, bytes]:
    address = urlsplit(stack.url)
    connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=DEADLINE)
    try:
        connection.request(method, target, body, headers or {})
        response = connection.getresponse()
        return response.status, response.headers, response.read()
    finally:
        connection.close()


def test_a_request_reaches_its_function_and_back(stack: LocalStack) -> None:
    """IM-1: an HTTP request becomes an API Gateway event, the function's answer becomes the response."""
    status, headers, body = request(stack, "GET", "/things/a%20b?tag=1&tag=2", headers={"X-Own": "yes"})
    event = msgspec.json.decode(body)
    assert (status, headers["content-type"]) == (200, "application/json")
    assert event["routeKey"] == "GET /things/{id}"
    assert event["pathParameters"] == {"id": "a b"}
    assert event["queryStringParameters"] == {"tag": "1,2"}
    assert event["headers"]["x-own"] == "yes"


def test_chunked_bodies_are_accepted(stack: LocalStack) -> None:
    """A body whose length is not known beforehand reaches the function whole."""
    address = urlsplit(stack.url)
    connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=DEADLINE)
    connection.request("POST", "/things", iter([b'{"a":', b"1}"]), {"Content-Type": "application/json"})
    assert msgspec.json.decode(connection.getresponse().read())["body"] == '{"a":1}'
    connection.close()


def test_a_connection_serves_several_requests(stack: LocalStack) -> None:
    """HTTP/1.1 connections are kept alive, answers without a body included."""
    address = urlsplit(stack.url)
    connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=DEADLINE)
    sockets = set()
    for method, target, status in (("GET", "/things/1?cookie=1", 204), ("HEAD", "/things/1", 200), ("GET", "/x", 200)):
        connection.request(method, target)
        response = connection.getresponse()
        response.read()
        sockets.add(connection.sock)
        assert response.status == status
    connection.close()
    assert len(sockets) == 1


def test_cookies_become_headers(stack: LocalStack) -> None:
    """Each cookie of an answer is a set-cookie header of its own."""
    _, headers, _ = request(stack, "GET", "/things/1?cookie=1")
    assert headers.get_all("set-cookie") == ["a=1", "b=2"]


def test_unknown_paths_go_to_the_default_function(stack: LocalStack) -> None:
    """WR-16: what no route knows reaches the default function as ``$default``."""
    _, _, body = request(stack, "DELETE", "/nowhere")
    assert msgspec.json.decode(body)["routeKey"] == "$default"


def test_a_failing_function_is_a_problem_document(stack: LocalStack) -> None:
    """WR-16: a function that fails is a 500 without a stack trace."""
    status, headers, body = request(stack, "GET", "/things/1?raise=1")
    problem = msgspec.json.decode(body)
    assert (status, headers["content-type"], problem["code"]) == (500, "application/problem+json", "internal_error")
    assert problem.keys() >= {"type", "title", "status", "detail", "error", "message", "timestamp"}
    assert b"on purpose" not in body


def test_a_body_over_ten_megabytes_is_refused(stack: LocalStack) -> None:
    """WR-15: what memory should not hold never reaches a function."""
    status, _, body = request(stack, "POST", "/things", b"x" * (10 * 1024 * 1024 + 1))
    assert (status, msgspec.json.decode(body)["code"]) == (413, "payload_too_large")


def test_garbage_is_a_problem_document(stack: LocalStack) -> None:
    """A request that is no HTTP gets an answer that says so."""
    address = urlsplit(stack.url)
    with socket.create_connection((address.hostname, address.port or 0), DEADLINE) as connection:
        connection.sendall(b"NONSENSE\r\n\r\n")
        answer = connection.makefile("rb").read()
    assert b'"code":"invalid_request"' in answer


def test_messages_reach_their_function(stack: LocalStack) -> None:
    """IM-4: a message sent to a queue is handed to the queue's function, and is gone when it was done."""
    told = Told(stack)
    stack.queue.send("low", [Message({"name": "one"}), Message({"name": "two"})])
    told.wait("took one 1", "took two 1")
    receiver, empty = stack.receiver, Depth(0, 0, 0)
    stack.stop()
    assert receiver.depth("low") == empty


def test_a_failed_message_comes_again(stack: LocalStack) -> None:
    """WR-11: the message that was named as failed is delivered again, the others are not."""
    told = Told(stack)
    stack.queue.send("high", [Message({"name": "bad", "fail": True}), Message({"name": "good"})])
    told.wait("took bad 1", "took good 1", "took bad 2")
    stack.stop()
    assert "took good 2" not in told.ids()


def test_a_worker_killed_in_the_middle_returns_its_messages(stack: LocalStack, tmp_path: Path) -> None:
    """WH-3: SIGKILL on a busy worker gives its messages back at once, and another worker takes them."""
    told = Told(stack)
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    stack.queue.send("high", [Message({"name": "one", "do": "wait", "fifo": str(fifo)})])
    victim = told.wait("waiting")[0].detail["pid"]
    assert stack.kill_worker("worker") == victim
    second = told.wait("took one 2")[-1]
    assert second.detail["pid"] != victim


def test_rules_fire_right_after_the_start(stack: LocalStack) -> None:
    """The sweeper looks for unfinished instances as soon as the stack is up."""
    told = Told(stack)
    bus = cast("MemoryBus", stack.bus)
    if not any(event.id == "tick Scheduled Event" for event in bus.published()):
        told.wait("tick Scheduled Event")


def test_a_function_can_be_invoked_by_name(stack: LocalStack) -> None:
    """Tests and demos may call a function as its trigger would."""
    outcome = stack.invoke("worker", {"Records": []})
    assert outcome.result == {"batchItemFailures": []}  # type: ignore[union-attr]  # a Failed would be told by the line


def test_a_stop_lets_requests_finish(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A request that runs when the stack stops gets its answer; then the database goes, last."""
    monkeypatch.delenv("MONGODB_URI", raising=False)
    stack = make(tmp_path / "data")
    stack.start()
    told = Told(stack)
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    answers: list[int] = []
    client = threading.Thread(target=lambda: answers.append(request(stack, "GET", f"/things/1?fifo={fifo}")[0]))
    client.start()
    pid = told.wait("waiting")[0].detail["pid"]
    url = urlsplit(stack.url)
    stopper = threading.Thread(target=stack.stop)
    stopper.start()
    until_refused(url.port or 0)
    fifo.write_text("go")
    stopper.join(DEADLINE)
    client.join(DEADLINE)
    assert answers == [200]
    assert not Path(f"/proc/{pid}").exists()
    assert stack.notes == ["database stopped"]  # type: ignore[attr-defined]  # the test's own


def until_refused(port: int) -> None:
    """Wait until nobody listens there: each try ends at once, with a connection or a refusal."""
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), DEADLINE).close()
        except OSError:
            return


def test_a_taken_port_is_told_with_its_owner(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A port that is taken stops the start at once, names who has it, and says what to do."""
    monkeypatch.delenv("MONGODB_URI", raising=False)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(StartupError, match=rf"Port {port} is taken by process {os.getpid()} .*--port") as caught:
            make(tmp_path / "data", port=port).start()
    assert str(port + 1) in caught.value.message
    assert not (tmp_path / "data").exists()


def test_fresh_leaves_a_foreign_database_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """--fresh with MONGODB_URI is refused: nobody's database is emptied by a flag."""
    monkeypatch.setenv("MONGODB_URI", "mongodb://127.0.0.1:1")
    with pytest.raises(StartupError, match="MONGODB_URI"):
        make(tmp_path / "data", fresh=True).start()


def test_nothing_survives_the_death_of_the_stack(tmp_path: Path) -> None:
    """When the stack's process is killed, its containers end too."""
    script = (
        "import sys, test_local_stack as t\n"
        "from pathlib import Path\n"
        "stack = t.make(Path(sys.argv[1])).__enter__()\n"
        "print(*[t.request(stack, 'GET', '/things/1')[0], stack.pids('api')[0]], flush=True)\n"
        "sys.stdin.read()\n"
    )
    environ = {key: value for key, value in os.environ.items() if key != "MONGODB_URI"} | {"PYTHONPATH": HERE}
    parent = subprocess.Popen(
        [sys.executable, "-c", script, str(tmp_path / "data")],
        env=environ,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    with parent:
        assert parent.stdout
        status, pid = map(int, parent.stdout.readline().split())
        assert status == 200
        handle = os.pidfd_open(pid)
        parent.send_signal(signal.SIGKILL)
        parent.wait(DEADLINE)
        assert ended(handle)


def ended(handle: int) -> bool:
    """Whether the process behind a pidfd ends in time."""
    import select

    try:
        return bool(select.select([handle], [], [], DEADLINE)[0])
    finally:
        os.close(handle)
