"""Connections that end at a moment, whatever the other side does: a byte now and then does not buy it more time.

The client's own time-outs are for each read and write by itself, so an answer that comes in drops would never be late.
"""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterable
from typing import Any

import httpcore2
import httpx2

Remaining = Callable[[], float]
"""The seconds that are left; 0 or less when there are none."""

_CHUNK = 65_536


class DeadlineTransport(httpx2.HTTPTransport):
    """Asks neither a proxy nor the environment."""

    def __init__(self, tls: ssl.SSLContext, remaining: Remaining) -> None:
        super().__init__(verify=tls, trust_env=False)
        self._pool = httpcore2.ConnectionPool(ssl_context=tls, network_backend=_Backend(remaining))


class _Backend(httpcore2.NetworkBackend):
    def __init__(self, remaining: Remaining) -> None:
        self._remaining = remaining
        self._inner = httpcore2.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore2.NetworkStream:
        left = _left(self._remaining, timeout, httpcore2.PoolTimeout)  # it was over before there was a try
        return _Stream(self._inner.connect_tcp(host, port, left, local_address, socket_options), self._remaining)


class _Stream(httpcore2.NetworkStream):
    def __init__(self, inner: httpcore2.NetworkStream, remaining: Remaining) -> None:
        self._inner = inner
        self._remaining = remaining

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._inner.read(max_bytes, _left(self._remaining, timeout, httpcore2.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        for begin in range(0, len(buffer), _CHUNK):
            left = _left(self._remaining, timeout, httpcore2.WriteTimeout)
            self._inner.write(buffer[begin : begin + _CHUNK], left)

    def close(self) -> None:
        self._inner.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore2.NetworkStream:
        left = _left(self._remaining, timeout, httpcore2.ConnectTimeout)
        return _Stream(self._inner.start_tls(ssl_context, server_hostname, left), self._remaining)

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)


def _left(remaining: Remaining, timeout: float | None, late: type[httpcore2.TimeoutException]) -> float:
    left = remaining()
    if left <= 0:
        raise late("the time for the whole exchange is over")
    return left if timeout is None else min(left, timeout)
