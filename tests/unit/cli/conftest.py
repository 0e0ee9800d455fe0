"""The real API handler behind a real HTTP server, and the command line pointed at it."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import pytest
from typer.testing import CliRunner, Result

from reactory.cli.main import app
from reactory.local.routes import Routes
from reactory.topology import FUNCTIONS
from tests.unit.runner.lab import Lab, api_event, send

ROUTES = Routes(FUNCTIONS)


class Api:
    """Serves a lab; ``handlers`` those of other functions. ``work`` lets the worker run after each request that changes something."""

    def __init__(self, lab: Lab) -> None:
        self.lab = lab
        self.work = True
        self.handlers: dict[str, Any] = {}
        api = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def serve(self) -> None:
                api.serve(self)

            do_GET = do_POST = do_DELETE = serve  # noqa: N815  # the names that http.server looks for

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  # as it is overridden
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()

    def serve(self, request: BaseHTTPRequestHandler) -> None:
        target = urlsplit(request.path)
        content = request.rfile.read(int(request.headers.get("content-length", "0"))).decode()
        event = api_event(
            request.command,
            unquote(target.path),
            content or None,
            query=dict(parse_qsl(target.query)),
            headers={name.lower(): value for name, value in request.headers.items()},
        )
        function = ROUTES.match(request.command, unquote(target.path)).function
        answer = send(self.handlers.get(function, self.lab.handler), event)
        if self.work and request.command != "GET":
            self.lab.work()
        body = answer.text.encode()
        request.send_response(answer.status)
        for name, value in {**answer.headers, "Content-Length": str(len(body))}.items():
            request.send_header(name, value)
        request.end_headers()
        request.wfile.write(body)

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class Terminal:
    """Runs commands against the lab's API, as a user would."""

    def __init__(self, api: Api) -> None:
        self.api = api
        self.lab = api.lab

    def run(self, *arguments: str, input_text: str | None = None) -> Result:
        return self.run_at(self.api.url, arguments, input_text)

    @staticmethod
    def run_at(url: str, arguments: Sequence[str], input_text: str | None = None) -> Result:
        return CliRunner().invoke(app, list(arguments), env={"REACTORY_URL": url, "COLUMNS": "200"}, input=input_text)


@pytest.fixture
def terminal() -> Iterator[Terminal]:
    lab = Lab()
    api = Api(lab)
    yield Terminal(api)
    api.close()
    lab.close()
