"""HTTP requests to addresses that were looked at: no proxies, redirects checked again, answers bounded."""

from __future__ import annotations

import logging
import ssl
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

import httpx2

from reactory.exceptions import InvalidStepError, RemoteRefusedError, RemoteUnavailableError, StepTimeoutError
from reactory.steps.builtin.addresses import AddressGuard
from reactory.steps.builtin.deadline import DeadlineTransport

LIMIT = 10_000_000
"""Bytes of an answer's body."""

MOST_REDIRECTS = 5
_SCHEMES = {"http": 80, "https": 443}
_SECRET = frozenset({"authorization", "proxy-authorization", "cookie"})
_REDIRECTS = frozenset({301, 302, 303, 307, 308})


@dataclass(frozen=True, slots=True)
class Outgoing:
    """``secret`` are the lower-case names of further headers that no other origin may see."""

    method: str
    url: httpx2.URL
    headers: httpx2.Headers
    content: bytes | None = None
    secret: frozenset[str] = frozenset()

    @property
    def shown(self) -> str:
        """What errors call it: without path and query, which may hold secrets."""
        return f"{self.method} {self.url.scheme}://{self.url.netloc.decode('ascii', 'replace')}"


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    headers: httpx2.Headers
    body: bytes
    encoding: str


class Outbound:
    """``tls`` makes the context that certificates are checked with; ``monotonic`` tells seconds."""

    def __init__(
        self,
        guard: AddressGuard,
        tls: Callable[[], ssl.SSLContext] = httpx2.create_ssl_context,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._guard = guard
        self._make_tls = tls
        self._monotonic = monotonic
        self._tls: ssl.SSLContext | None = None
        self._lock = threading.Lock()
        for name in ("httpx2", "httpcore2"):  # they log addresses with their query, and headers
            logging.getLogger(name).setLevel(logging.WARNING)

    def send(self, request: Outgoing, seconds: float, *, redirects: int = MOST_REDIRECTS) -> Answer:
        """The answer, after at most so many redirects; with 0 a redirect is the answer.

        StepNotAllowedError, RemoteUnavailableError, StepTimeoutError, RemoteRefusedError, InvalidStepError.
        """
        self._context()  # made once per process, in nobody's time
        until = self._monotonic() + seconds
        for _ in range(redirects + 1):
            answer = self._exchange(request, until)
            location = answer.headers.get("location")
            if not redirects or answer.status not in _REDIRECTS or location is None:
                return answer
            request = redirected(request, answer.status, location)
        raise RemoteRefusedError(f"{request.shown} redirects more than {redirects} times: ask the last address itself")

    def _exchange(self, request: Outgoing, until: float) -> Answer:
        host, port = _target(request)
        failure: RemoteUnavailableError | None = None
        for address in self._guard.addresses(host, port):
            try:
                return self._at(address, request, until)
            except httpx2.ConnectError as error:  # nothing was sent yet: another address may do
                failure = RemoteUnavailableError(f"{request.shown} cannot be reached: {error}")
        assert failure is not None
        raise failure

    def _at(self, address: str, request: Outgoing, until: float) -> Answer:
        """Ask at this address, under the name that the request has: for the server, and for its certificate."""

        def remaining() -> float:
            return until - self._monotonic()

        if remaining() <= 0:
            raise _too_late(request)
        headers = httpx2.Headers(request.headers)
        headers["host"] = request.url.netloc.decode("ascii")
        try:
            transport = DeadlineTransport(self._context(), remaining)
            with httpx2.Client(transport=transport, trust_env=False, timeout=None) as client:
                sent = client.build_request(
                    request.method,
                    request.url.copy_with(host=address),
                    headers=headers,
                    content=request.content,
                    extensions={"sni_hostname": request.url.raw_host.decode("ascii")},
                )
                return _read(client.send(sent, stream=True), request)
        except httpx2.ConnectTimeout as error:
            raise RemoteUnavailableError(f"{request.shown} cannot be reached in time") from error
        except httpx2.TimeoutException as error:
            raise _too_late(request) from error
        except httpx2.ConnectError:
            raise
        except (httpx2.LocalProtocolError, httpx2.InvalidURL, httpx2.DecodingError) as error:
            raise InvalidStepError(f"{request.shown} is no valid exchange ({type(error).__name__})") from None
        except httpx2.TransportError as error:
            raise RemoteUnavailableError(f"{request.shown} broke off ({type(error).__name__})") from error

    def _context(self) -> ssl.SSLContext:
        with self._lock:
            if self._tls is None:
                self._tls = self._make_tls()
            return self._tls


def _target(request: Outgoing) -> tuple[str, int]:
    url = request.url
    if url.scheme not in _SCHEMES or not url.host:
        raise InvalidStepError(f"the address begins with '{url.scheme}': only https:// and http:// can be asked")
    if url.userinfo:
        raise InvalidStepError("the url holds a user: put the credentials into `authentication`")
    return url.raw_host.decode("ascii").strip("[]"), url.port or _SCHEMES[url.scheme]


def _read(response: httpx2.Response, request: Outgoing) -> Answer:
    body = bytearray()
    try:
        for chunk in response.iter_bytes():
            body += chunk
            if len(body) > LIMIT:
                raise RemoteRefusedError(f"{request.shown} answered with more than {LIMIT} bytes: ask for less")
    finally:
        response.close()
    return Answer(response.status_code, response.headers, bytes(body), response.encoding or "utf-8")


def redirected(request: Outgoing, status: int, location: str) -> Outgoing:
    """The request that follows. Another origin sees no credentials."""
    try:
        url = request.url.join(location)
    except httpx2.InvalidURL as error:
        raise RemoteRefusedError(f"{request.shown} redirects to what is no address") from error
    headers = httpx2.Headers(request.headers)
    if _origin(url) != _origin(request.url):
        for name in _SECRET | request.secret:
            headers.pop(name, None)
    to_get = (status == 303 and request.method != "HEAD") or (status in (301, 302) and request.method == "POST")
    if not to_get:
        return replace(request, url=url, headers=headers)
    for name in ("content-type", "content-length", "transfer-encoding"):
        headers.pop(name, None)
    return replace(request, method="GET", url=url, headers=headers, content=None)


def _origin(url: httpx2.URL) -> tuple[str, str, int | None]:
    return url.scheme, url.host, url.port or _SCHEMES.get(url.scheme)


def _too_late(request: Outgoing) -> StepTimeoutError:
    return StepTimeoutError(f"{request.shown} did not answer in time")
