"""``reactory dev`` as a process: its banner, Ctrl-C once and twice, and a start that fails."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

DEADLINE = 30.0
HERE = str(Path(__file__).parent)
SCRIPT = """
import sys
from pathlib import Path
import test_local_stack
from reactory.local.foreground import run_in_foreground
from reactory.local.output import Output

stack = test_local_stack.make(Path(sys.argv[1]), port=int(sys.argv[2]))
stack._output = output = Output()
sys.exit(run_in_foreground(stack, output))
"""


class Dev:
    """The process, and its lines as they come."""

    def __init__(self, data: Path, port: int = 0, *, behind: Sequence[str] = ()) -> None:
        environ = {key: value for key, value in os.environ.items() if key != "MONGODB_URI"} | {"PYTHONPATH": HERE}
        self.process = subprocess.Popen(
            [*behind, sys.executable, "-c", SCRIPT, str(data), str(port)],
            env=environ,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout
        self._lines = self.process.stdout
        self.seen: list[str] = []

    def until(self, text: str) -> str:
        """Read lines up to the one with ``text``; the end of the output is a failure."""
        for line in self._lines:
            self.seen.append(line.rstrip())
            if text in line:
                return line.rstrip()
        raise AssertionError(f"{text!r} did not come in {self.seen}")

    def interrupt(self) -> None:
        self.process.send_signal(signal.SIGINT)

    def finish(self) -> tuple[int, str]:
        out, error = self.process.communicate(timeout=DEADLINE)
        self.seen += out.splitlines()
        return self.process.returncode, error


@pytest.fixture
def started(tmp_path: Path) -> Iterator[Dev]:
    dev = Dev(tmp_path / "data")
    yield dev
    dev.process.kill()
    dev.process.communicate()


def url_of(dev: Dev) -> str:
    return dev.until("Reactory is up at").rpartition(" ")[2]


def test_ctrl_c_ends_in_order_with_exit_code_0(started: Dev) -> None:
    """The banner tells where the stack is; Ctrl-C stops it and that is no error."""
    assert url_of(started).startswith("http://127.0.0.1:")
    started.until("Press Ctrl-C to stop.")
    started.interrupt()
    code, _ = started.finish()
    assert code == 0
    assert started.seen[-1] == "Stopped. What is unfinished continues at the next start."


def test_sigterm_is_as_good_as_ctrl_c(started: Dev) -> None:
    """A service manager's SIGTERM stops the stack in order too."""
    started.until("Press Ctrl-C to stop.")
    started.process.send_signal(signal.SIGTERM)
    assert started.finish()[0] == 0


def test_sigint_stops_a_stack_in_the_background_too(tmp_path: Path) -> None:
    """A shell without job control starts ``reactory dev &`` with SIGINT ignored; kill -INT stops it all the same."""
    dev = Dev(tmp_path / "data", behind=("sh", "-c", 'trap "" INT; exec "$@"', "sh"))
    try:
        dev.until("Press Ctrl-C to stop.")
        dev.interrupt()
        assert dev.finish()[0] == 0
    finally:
        dev.process.kill()
        dev.process.communicate()


def test_a_second_ctrl_c_forces(started: Dev, tmp_path: Path) -> None:
    """While a request keeps the stack from stopping, a second Ctrl-C ends it at once."""
    host, port = url_of(started).removeprefix("http://").split(":")
    started.until("Press Ctrl-C to stop.")
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    with socket.create_connection((host, int(port)), DEADLINE) as connection:
        connection.sendall(f"GET /things/1?fifo={fifo} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        with fifo.open("w"):  # opens when the handler reads: from here on the request runs
            started.interrupt()
            started.until("Stopping")
            started.interrupt()
            code, _ = started.finish()
    assert code == 130
    assert started.seen[-1].startswith("Stopped at once.")


def test_a_taken_port_is_an_error_for_people(tmp_path: Path) -> None:
    """A start that fails says why in one line, without a traceback, with exit code 1."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        dev = Dev(tmp_path / "data", taken.getsockname()[1])
        code, error = dev.finish()
    assert code == 1
    assert error.startswith(f"reactory dev: Port {taken_port(error)} is taken by process {os.getpid()}")
    assert re.search(r" \([^ ]+\)\. Stop what uses it", error), "the program's name, without arguments"
    assert error.count("\n") == 1


def taken_port(error: str) -> str:
    return error.split()[3]
