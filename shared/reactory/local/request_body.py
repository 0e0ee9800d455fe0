"""Reading a request's body off the wire: of known length or chunked, and never more of it than memory should hold."""

from __future__ import annotations

from email.message import Message
from io import BufferedIOBase

LIMIT = 10 * 1024 * 1024
"""Bytes; what an HTTP API of API Gateway takes at most."""

DRAINED = 64 * 1024 * 1024
"""Bytes of a body that is too large which are still read: most clients read the answer only after they sent it all."""

_PIECE = 65536
_LINE = 1024


class BodyTooLargeError(ValueError):
    """More than ``LIMIT`` bytes."""


class MalformedBodyError(ValueError):
    """The framing of the body is broken; nothing that follows on the connection can be trusted."""


def read_body(headers: Message, stream: BufferedIOBase) -> bytes:
    """The whole body. Raises BodyTooLargeError, after having read it off, or MalformedBodyError."""
    lengths = headers.get_all("content-length") or []
    coding = headers.get("transfer-encoding", "").strip().lower()
    if coding and lengths:
        raise MalformedBodyError("A request has a content-length or a transfer-encoding, not both.")
    if coding:
        if coding != "chunked":
            raise MalformedBodyError(f"The transfer-encoding {coding!r} is not supported; chunked is.")
        return _read_chunked(stream)
    if not lengths:
        return b""
    if len(lengths) > 1 or not (lengths[0].isascii() and lengths[0].isdigit()):
        raise MalformedBodyError("The content-length is no number.")
    return _read_known(int(lengths[0]), stream)


def _read_known(length: int, stream: BufferedIOBase) -> bytes:
    if length > LIMIT:
        _discard(min(length, DRAINED), stream)
        raise BodyTooLargeError
    content = stream.read(length)
    if len(content) < length:
        raise MalformedBodyError("The body ended before its content-length.")
    return content


def _read_chunked(stream: BufferedIOBase) -> bytes:
    parts: list[bytes] = []
    total = 0
    while size := _chunk_size(stream):
        total += size
        if total > DRAINED:
            raise BodyTooLargeError
        if total > LIMIT:
            parts.clear()
            _discard(size, stream)
        else:
            parts.append(stream.read(size))
        if stream.readline(_LINE) not in (b"\r\n", b"\n"):
            raise MalformedBodyError("A chunk does not end where its size says.")
    while stream.readline(_LINE) not in (b"\r\n", b"\n", b""):
        pass  # trailers say nothing to a function
    if total > LIMIT:
        raise BodyTooLargeError
    return b"".join(parts)


def _chunk_size(stream: BufferedIOBase) -> int:
    digits = stream.readline(_LINE).partition(b";")[0].strip()
    try:
        return int(digits if digits.isalnum() else b"", 16)  # int() alone would take signs and underscores
    except ValueError:
        raise MalformedBodyError("The size of a chunk is no hexadecimal number.") from None


def _discard(count: int, stream: BufferedIOBase) -> None:
    while count > 0:
        piece = stream.read(min(count, _PIECE))
        if not piece:
            return
        count -= len(piece)
