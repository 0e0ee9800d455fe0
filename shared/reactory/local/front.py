"""The HTTP front: what the HTTP API of API Gateway is on AWS. One thread per connection, kept alive between requests."""

from __future__ import annotations

import contextlib
import errno
import socket
import sys
import threading
import time
import uuid
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from reactory.exceptions import StartupError
from reactory.local.http_event import BadAnswerError, Request, Response, to_event, to_response
from reactory.local.port_owner import owner_of
from reactory.local.problem_document import problem
from reactory.local.process import Answer, Failed, Outcome
from reactory.local.request_body import LIMIT, BodyTooLargeError, MalformedBodyError, read_body
from reactory.local.routes import Routes

IDLE_SECONDS = 75.0
_NO_BODY = frozenset({204, 304})

Invoke = Callable[[str, object], Outcome]
"""Function name and event → outcome."""


class Front:
    """``invoke`` runs the function that ``routes`` chose. ``port`` 0 takes a free one."""

    def __init__(self, host: str, port: int, routes: Routes, invoke: Invoke) -> None:
        try:
            self._server = _Server((host, port), _Handler)
        except OSError as error:
            raise StartupError(_cannot_listen(host, port, error)) from error
        self._server.routes = routes
        self._server.invoke = invoke
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, name="front", daemon=True
        )

    @property
    def url(self) -> str:
        host, port = self._server.server_address[:2]
        shown = f"[{host!s}]" if self._server.address_family == socket.AF_INET6 else str(host)
        return f"http://{shown}:{port}"

    def start(self) -> None:
        self._thread.start()

    def close(self, grace: float) -> bool:
        """Accept no more, let the requests that run finish; whether all did within ``grace`` seconds."""
        if self._thread.is_alive():
            self._server.shutdown()
            self._thread.join()
        self._server.server_close()
        return self._server.drain(grace)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128
    routes: Routes
    invoke: Invoke

    def __init__(self, address: tuple[str, int], handler: type[BaseHTTPRequestHandler]) -> None:
        if ":" in address[0]:
            self.address_family = socket.AF_INET6
        self.stopping = False
        self._changed = threading.Condition()
        self._running = 0
        self._connections: set[socket.socket] = set()
        super().__init__(address, handler)

    def server_bind(self) -> None:
        """Without the look-up of the machine's name that the base class does: it may take seconds."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()

    def opened(self, connection: socket.socket) -> None:
        with self._changed:
            self._connections.add(connection)

    def closed(self, connection: socket.socket) -> None:
        with self._changed:
            self._connections.discard(connection)

    def begin(self) -> None:
        with self._changed:
            self._running += 1

    def end(self) -> None:
        with self._changed:
            self._running -= 1
            self._changed.notify_all()

    def drain(self, grace: float) -> bool:
        self.stopping = True
        with self._changed:
            finished = self._changed.wait_for(lambda: self._running == 0, grace)
            connections = list(self._connections)
        for connection in connections:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        return finished

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away in the middle is no news; anything else is a fault of the front, and is shown."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"
    timeout = IDLE_SECONDS
    disable_nagle_algorithm = True

    def setup(self) -> None:
        super().setup()
        self.server.opened(self.connection)

    def finish(self) -> None:
        self.server.closed(self.connection)
        super().finish()

    def serve(self) -> None:
        self.server.begin()
        try:
            self._write(self._respond())
        finally:
            self.server.end()

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = do_OPTIONS = serve  # noqa: N815 - named by http.server

    def _respond(self) -> Response:
        try:
            body = read_body(self.headers, self.rfile)
        except BodyTooLargeError:
            self.close_connection = True
            return problem(413, "payload_too_large", f"The body has more than {LIMIT} bytes.", self.path)
        except MalformedBodyError as error:
            self.close_connection = True
            return problem(400, "invalid_request", str(error), self.path)
        request = Request(
            method=self.command,
            target=self.path,
            headers=tuple(self.headers.items()),
            body=body,
            source_ip=str(self.client_address[0]),
            protocol=self.request_version,
        )
        match = self.server.routes.match(request.method, request.path)
        outcome = self.server.invoke(match.function, to_event(request, match, uuid.uuid4().hex, time.time()))
        return _to_http(outcome, request.path)

    def _write(self, response: Response) -> None:
        reason = self.responses.get(response.status, ("",))[0]
        lines = [f"HTTP/1.1 {response.status} {reason}", f"date: {self.date_time_string()}"]
        lines += [f"{name}: {value}" for name, value in response.headers]
        if response.status not in _NO_BODY:
            lines.append(f"content-length: {len(response.body)}")
        if self.server.stopping or self.close_connection:
            self.close_connection = True
            lines.append("connection: close")
        head = "\r\n".join([*lines, "\r\n"]).encode("latin-1", "replace")
        silent = self.command == "HEAD" or response.status in _NO_BODY
        with contextlib.suppress(OSError):  # the client is gone; the function did its work all the same
            self.wfile.write(head if silent else head + response.body)

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """What http.server itself refuses: a request line or headers that it cannot read, a method nobody has."""
        self.close_connection = True
        self._write(problem(int(code), "invalid_request", message or explain or "The request cannot be read."))

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - named by http.server
        """The functions log; the front does not."""


def _to_http(outcome: Outcome, path: str) -> Response:
    match outcome:
        case Answer(result):
            try:
                return to_response(result)
            except BadAnswerError as error:
                return problem(502, "bad_gateway", str(error), path)
        case Failed("timeout", fault):
            return problem(504, "function_timeout", f"{fault.message}. Try again, or ask for less at once.", path)
        case Failed("stopping", fault):
            return problem(503, "unavailable", fault.message, path)
        case Failed():
            return problem(500, "internal_error", "The function failed; the local stack's output tells why.", path)


def _cannot_listen(host: str, port: int, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        owner = owner_of(port)
        by = f" by {owner}" if owner else ""
        return f"Port {port} is taken{by}. Stop what uses it, or choose another: reactory dev --port {port + 1}"
    if error.errno == errno.EACCES:
        return f"Port {port} needs privileges. Choose one above 1023: reactory dev --port 8080"
    return f"Cannot listen on {host}:{port}: {error.strerror or error}. Choose another with --host and --port."
