"""``api_call``: one HTTP request to another system, and its answer as data."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from typing import Any, NoReturn
from urllib.parse import quote, urlencode

import httpx2
import msgspec

from reactory.definition.expression import lookup_path
from reactory.definition.template import as_text
from reactory.definition.wording import shown
from reactory.exceptions import (
    InvalidStepError,
    RemoteBusyError,
    RemoteDeniedError,
    RemoteRefusedError,
    RemoteUnavailableError,
    StepTimeoutError,
)
from reactory.ports.clock import Clock
from reactory.steps.builtin.credentials import Credentials, parsed_url
from reactory.steps.builtin.outbound import MOST_REDIRECTS, Answer, Outbound, Outgoing
from reactory.steps.builtin.wanted import wanted_object, wanted_text
from reactory.steps.context import StepContext
from reactory.steps.retryafter import parse_retry_after

_METHODS = frozenset({"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"})
_READING = frozenset({"GET", "HEAD", "OPTIONS"})
_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+\Z")
_VALUE = re.compile(r"[\t\x20-\x7e]*\Z")
_FORM = "application/x-www-form-urlencoded"
_USUAL_SECONDS = 30.0

Config = Mapping[str, Any]


class ApiCall:
    def __init__(self, outbound: Outbound, clock: Clock) -> None:
        self._outbound = outbound
        self._clock = clock
        self._credentials = Credentials(outbound, clock)

    def body(self, ctx: StepContext, **_inputs: Any) -> dict[str, Any]:
        """``{response: {status, headers, body}}``, and what ``extract`` names."""
        config = ctx.config
        request = _request(ctx)
        answer = self._sent(ctx, request)
        if not _is_expected(answer.status, config.get("expectedStatusCodes")):
            self._refuse(request.shown, answer)
        wanted = wanted_object(config, "response")
        body = _decoded(answer, wanted.get("bodyType") or "json", request.shown)
        extracted = {
            entry["name"]: lookup_path(body, wanted_text(entry, "path").split("."), None)
            for entry in wanted.get("extract") or ()
        }
        return {"response": {"status": answer.status, "headers": _headers(answer), "body": body}, **extracted}

    def _sent(self, ctx: StepContext, request: Outgoing) -> Answer:
        """The answer; with a token that is no longer taken, once more with a new one."""
        authentication = wanted_object(ctx.config, "authentication")
        redirects = 0 if ctx.config.get("followRedirects") is False else MOST_REDIRECTS

        def send() -> Answer:
            signed = self._credentials.add(request, authentication, ctx.tenant, _seconds(ctx))
            return self._outbound.send(signed, _seconds(ctx), redirects=redirects)

        if ctx.refresh_credentials:  # the last attempt was denied: perhaps for the token that it used
            self._credentials.forget(authentication, ctx.tenant)
        answer = send()
        if answer.status == 401 and self._credentials.forget(authentication, ctx.tenant):
            answer = send()
        return answer

    def _refuse(self, asked: str, answer: Answer) -> NoReturn:
        said = f"{asked} answered {answer.status}"
        match answer.status:
            case 401 | 403:
                raise RemoteDeniedError(f"{said}: look at the credentials and what they may do")
            case 408:
                raise StepTimeoutError(f"{said}: it waited too long for the request", retry_after=self._wait(answer))
            case 429:
                raise RemoteBusyError(f"{said}: too many requests", retry_after=self._wait(answer))
            case status if status >= 500:
                raise RemoteUnavailableError(f"{said}: it failed", retry_after=self._wait(answer))
        raise RemoteRefusedError(f"{said}: correct the request, or add the status to expectedStatusCodes")

    def _wait(self, answer: Answer) -> int | None:
        """Milliseconds that ``Retry-After`` asks for; a day at most."""
        return parse_retry_after(answer.headers.get("retry-after", ""), self._clock.now())


def _seconds(ctx: StepContext) -> float:
    """The time that is left, by the call's own limit and by that of the attempt."""
    limit = ctx.config.get("timeout")
    remaining = ctx.remaining()
    return min(limit / 1000 if limit is not None else _USUAL_SECONDS, remaining)


def _request(ctx: StepContext) -> Outgoing:
    config = ctx.config
    method = wanted_text(config, "method").upper()
    if method not in _METHODS:
        raise InvalidStepError(f"config.method is {method[:20]!r}: give one of {', '.join(sorted(_METHODS))}")
    url = parsed_url(wanted_text(config, "url"))
    if params := wanted_object(config, "params"):
        url = url.copy_merge_params({name: _parameter(value) for name, value in params.items() if value is not None})
    given = {name: as_text(value) for name, value in wanted_object(config, "headers").items() if value is not None}
    if wrong := [name for name, value in given.items() if not _NAME.match(name) or not _VALUE.match(value)]:
        raise InvalidStepError(f"config.headers has {shown(wrong[0])}, which no header can hold: one line of ASCII")
    headers = httpx2.Headers({"accept-encoding": "identity", "user-agent": "reactory", **_lower(given)})
    for name in _FRAMING:
        headers.pop(name, None)
    if method not in _READING:
        headers.setdefault("idempotency-key", quote(ctx.idempotency_key, safe="/[]:@"))
    return Outgoing(method, url, headers, _content(config.get("body"), headers), frozenset(_lower(given)) - _PUBLIC)


_FRAMING = ("host", "content-length", "transfer-encoding", "connection", "upgrade", "te", "trailer", "expect")
"""Headers that say how the request itself is carried: the client's affair."""

_PUBLIC = frozenset({"accept", "accept-encoding", "accept-language", "content-type", "user-agent", "idempotency-key"})
"""Headers of one's own that another origin may see after a redirect."""


def _lower(headers: Mapping[str, str]) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}


def _parameter(value: Any) -> Any:
    return [as_text(item) for item in value] if isinstance(value, list) else as_text(value)


def _content(body: Any, headers: httpx2.Headers) -> bytes | None:
    """A text as it is, a form where the content type says so, all else as JSON."""
    if body is None:
        return None
    if isinstance(body, str):
        headers.setdefault("content-type", "text/plain; charset=utf-8")
        return body.encode("utf-8", "replace")
    if isinstance(body, dict) and headers.get("content-type", "").startswith(_FORM):
        return urlencode({name: _parameter(value) for name, value in body.items()}, doseq=True).encode()
    headers.setdefault("content-type", "application/json")
    return msgspec.json.encode(body)


def _is_expected(status: int, expected: Any) -> bool:
    if expected is None:
        return 200 <= status < 300
    return status in (expected if isinstance(expected, list) else [expected])


def _headers(answer: Answer) -> dict[str, str]:
    """By lower-case name. Cookies are credentials and stay out."""
    return {name: value for name, value in answer.headers.items() if name != "set-cookie"}


def _decoded(answer: Answer, kind: str, asked: str) -> Any:
    match kind:
        case "buffer":
            return base64.b64encode(answer.body).decode()
        case "text":
            return _text(answer)
    if not answer.body.strip():
        return None
    try:
        return msgspec.json.decode(answer.body)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise RemoteRefusedError(
            f"{asked} answered what is no JSON: set response.bodyType to text or buffer"
        ) from error


def _text(answer: Answer) -> str:
    try:
        return answer.body.decode(answer.encoding, "replace")
    except LookupError:  # an encoding that nobody knows
        return answer.body.decode("utf-8", "replace")
