"""moto as a server inside this process, with one lock per service that cannot bear concurrency.

moto's DynamoDB loses updates under concurrency; behind a lock it loses none. SQS and EventBridge do well without, and a
lock around SQS would let one long poll stop everybody.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterable
from typing import Any

LOCKED = frozenset({"dynamodb"})
_CREDENTIAL = re.compile(r"Credential=[^/]+/\d+/[^/]+/([^/]+)/")

WsgiApp = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


class ServiceLocks:
    """WSGI middleware: the requests of a service in ``services`` one after the other."""

    def __init__(self, app: WsgiApp, services: Iterable[str] = LOCKED) -> None:
        self._app = app
        self._locks = {service: threading.Lock() for service in services}

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        credential = _CREDENTIAL.search(environ.get("HTTP_AUTHORIZATION", ""))
        lock = self._locks.get(credential[1]) if credential else None
        if lock is None:
            return self._app(environ, start_response)
        with lock:
            return list(self._app(environ, start_response))


class MotoServer:
    """Listens on a free port of 127.0.0.1 from its creation until ``stop``."""

    def __init__(self) -> None:
        from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
        from werkzeug.serving import WSGIRequestHandler, make_server

        class Quiet(WSGIRequestHandler):
            """Without a line per request."""

            protocol_version = "HTTP/1.1"

            def log_request(self, *_: object) -> None: ...

        app = ServiceLocks(DomainDispatcherApplication(create_backend_app))
        self._server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=Quiet)
        self._thread = threading.Thread(target=self._server.serve_forever, name="moto", daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def stop(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
