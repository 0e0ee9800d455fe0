"""How commands fail: exit codes, and one clear sentence on stderr."""

from __future__ import annotations

import socket
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import Any

import pytest

from reactory.exceptions import StoreUnavailableError
from tests.unit.cli.conftest import Terminal
from tests.unit.runner.lab import flow

COMMANDS = [
    ["status"],
    ["health"],
    ["workflow", "list"],
    ["instance", "list"],
    ["instance", "get", "x"],
    ["instance", "start", "a.B"],
    ["instance", "watch", "x"],
]


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_a_server_that_is_not_there(command: list[str]) -> None:
    """IM-7: exit code 1, and a sentence that asks whether `reactory dev` is running."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
    result = Terminal.run_at(url, command)
    assert (result.exit_code, result.stdout) == (1, "")
    assert "is `reactory dev` running?" in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize("url", ["nonsense", "ftp://example.org", "http://[", ""])
def test_an_address_that_is_none(url: str) -> None:
    """IM-7: a wrong --url is one sentence, not a trace."""
    result = Terminal.run_at("http://127.0.0.1:1", ["status", "--url", url])
    assert result.exit_code == 1
    assert result.stderr.startswith("error: ")
    assert "Traceback" not in result.output


def test_another_server() -> None:
    """IM-7: a server that is not the engine is told as such."""

    class Other(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", "5")
            self.end_headers()
            self.wfile.write(b"hello")

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  # as it is overridden
            pass

    with HTTPServer(("127.0.0.1", 0), Other) as server:
        thread = Thread(target=server.handle_request)
        thread.start()
        result = Terminal.run_at(f"http://127.0.0.1:{server.server_address[1]}", ["status"])
        thread.join()
    assert result.exit_code == 1
    assert "not as the engine does" in result.stderr


@pytest.mark.parametrize(
    "command", [["nonsense"], ["instance", "nonsense"], ["status", "-o", "xml"], ["instance", "get"]]
)
def test_usage_errors_exit_2(terminal: Terminal, command: list[str]) -> None:
    """IM-7: a command line that cannot be understood exits 2."""
    assert terminal.run(*command).exit_code == 2


def test_the_engines_own_trouble_exits_1(terminal: Terminal) -> None:
    """IM-7: a 503 is no refusal: exit code 1, with the engine's sentence."""

    class Down:
        def __getattr__(self, name: str) -> Any:
            raise StoreUnavailableError("no primary; try again")

    terminal.lab.runner = terminal.lab.make_runner(instances=Down())
    result = terminal.run("status")
    assert (result.exit_code, result.stderr) == (1, "error: no primary; try again\n")


def test_an_unhealthy_engine_exits_1(terminal: Terminal) -> None:
    """OB-6, IM-7: health prints the components and exits 1 when the engine is unhealthy, 0 when it is healthy."""
    assert terminal.run("health").exit_code == 0

    class Down:
        def __getattr__(self, name: str) -> Any:
            raise StoreUnavailableError("no primary")

    terminal.lab.runner = terminal.lab.make_runner(instances=Down())
    result = terminal.run("health")
    assert result.exit_code == 1
    assert result.stdout.startswith("unhealthy\n")
    assert "no primary" in result.stdout


def test_status_for_people(terminal: Terminal) -> None:
    """WR-10, IM-7: the numbers, by status."""
    terminal.lab.register(flow())
    terminal.run("instance", "start", "lab.Flow")
    lines = [line.split() for line in terminal.run("status").stdout.splitlines()]
    assert ["workflows:", "1", "(1", "versions)"] in lines
    assert ["COMPLETED", "1"] in lines
