"""The API as the commands see it: JSON in, JSON out, every refusal a CommandError."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from reactory.cli.failure import FAILED, NOT_FOUND, REFUSED, CommandError

if TYPE_CHECKING:
    import httpx2

TIMEOUT = 35.0
"""Seconds: longer than API Gateway takes to give up."""


class Client:
    """One connection to the engine. Made by ``connect``."""

    def __init__(self, http: httpx2.Client, url: str) -> None:
        self._http = http
        self._url = url

    def get(self, path: str, query: Mapping[str, Any] | None = None) -> Any:
        return self.request("GET", path, query=query)

    def request(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, Any] | None = None,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
        accept: tuple[int, ...] = (),
    ) -> Any:
        """The answer's JSON. ``body`` is sent as it is if it is bytes, else as JSON; ``accept`` are error statuses
        that are answers all the same.
        """
        content = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        sent = {"Content-Type": "application/json"} if content is not None else {}
        given = {name: value for name, value in (query or {}).items() if value not in (None, "")}
        response = self._send(method, path, given, content, {**sent, **(headers or {})})
        if response.status_code < 400 or response.status_code in accept:
            return _decoded(response, self._url)
        raise _refusal(response)

    def _send(
        self, method: str, path: str, query: Mapping[str, Any], content: bytes | None, headers: Mapping[str, str]
    ) -> httpx2.Response:
        import httpx2

        try:
            return self._http.request(method, path, params=dict(query), content=content, headers=dict(headers))
        except httpx2.TimeoutException as error:
            raise CommandError(f"{self._url} does not answer in time; is it overloaded? Try again") from error
        except httpx2.ConnectError as error:
            raise CommandError(
                f"cannot reach {self._url}: is `reactory dev` running? Another address goes into --url or REACTORY_URL",
            ) from error
        except (httpx2.HTTPError, httpx2.InvalidURL) as error:
            raise CommandError(f"{self._url}: {error or type(error).__name__}; check --url or REACTORY_URL") from error


@contextmanager
def connect(url: str) -> Iterator[Client]:
    import httpx2

    base = url.rstrip("/")
    try:
        http = httpx2.Client(base_url=base, timeout=TIMEOUT)
    except (httpx2.InvalidURL, ValueError) as error:
        raise CommandError(f"{url!r} is no address: {error}; give one like http://127.0.0.1:8080") from error
    with http:
        yield Client(http, base)


def segment(text: str) -> str:
    """``text`` as one segment of a path."""
    from urllib.parse import quote

    return quote(text, safe="@")


def _decoded(response: httpx2.Response, url: str) -> Any:
    try:
        return response.json()
    except ValueError as error:
        raise CommandError(f"{url} answers, but not as the engine does; check --url or REACTORY_URL") from error


def _refusal(response: httpx2.Response) -> CommandError:
    try:
        problem = response.json()
    except ValueError:
        problem = {}
    if not isinstance(problem, dict):
        problem = {}
    message = str(problem.get("message") or f"HTTP {response.status_code} {response.reason_phrase}")
    status = response.status_code
    code = NOT_FOUND if status == 404 else REFUSED if status < 500 else FAILED
    return CommandError(message, code, tuple(problem_line(found) for found in problem.get("problems") or ()))


def problem_line(problem: Mapping[str, Any], file: str = "") -> str:
    """``order.yaml:12: steps[1].type: … [UNKNOWN_STEP_TYPE]``."""
    line = problem.get("line")
    place = f"{file}:{line}" if file and line else file or (f"line {line}" if line else "")
    parts = [part for part in (place, problem.get("path"), problem["message"]) if part]
    severity = "warning: " if problem.get("severity") == "warning" else ""
    return f"{severity}{': '.join(parts)} [{problem['code']}]"
