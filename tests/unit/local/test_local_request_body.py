"""Bodies are read whole, in either framing, and never more than memory should hold."""

from __future__ import annotations

import io
from email.message import Message

import pytest

from reactory.local import request_body
from reactory.local.request_body import BodyTooLargeError, MalformedBodyError, read_body


def headers(**values: str) -> Message:
    message = Message()
    for name, value in values.items():
        message[name.replace("_", "-")] = value
    return message


def read(content: bytes, **values: str) -> bytes:
    return read_body(headers(**values), io.BytesIO(content))


def test_a_body_of_known_length() -> None:
    """As many bytes as the content-length says."""
    assert read(b"abcdef", content_length="3") == b"abc"


def test_no_length_is_no_body() -> None:
    """Without content-length and transfer-encoding there is no body."""
    assert read(b"next request") == b""


def test_a_chunked_body() -> None:
    """Chunks are put together; extensions and trailers are left out."""
    wire = b"3;name=value\r\nabc\r\n2\r\nde\r\n0\r\nTrailer: x\r\n\r\n"
    assert read(wire, transfer_encoding="chunked") == b"abcde"


@pytest.mark.parametrize(
    ("content", "values"),
    [
        (b"abc", {"content_length": "ten"}),
        (b"abc", {"content_length": "-1"}),
        (b"abc", {"content_length": "10"}),
        (b"abc", {"content_length": "3", "transfer_encoding": "chunked"}),
        (b"abc", {"transfer_encoding": "gzip"}),
        (b"zz\r\nabc\r\n", {"transfer_encoding": "chunked"}),
        (b"-1\r\nabc\r\n", {"transfer_encoding": "chunked"}),
        (b"2\r\nabc\r\n0\r\n\r\n", {"transfer_encoding": "chunked"}),
    ],
)
def test_broken_framing_is_refused(content: bytes, values: dict[str, str]) -> None:
    """Framing that could be read in two ways, or not at all, is refused."""
    with pytest.raises(MalformedBodyError):
        read(content, **values)


def test_too_large_bodies_are_read_off_and_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """WR-15: more than the limit is refused after it was read off, so that the client gets to read the answer."""
    monkeypatch.setattr(request_body, "LIMIT", 4)
    for wire, values in (
        (b"abcdefgh", {"content_length": "8"}),
        (b"4\r\nabcd\r\n4\r\nefgh\r\n0\r\n\r\n", {"transfer_encoding": "chunked"}),
    ):
        stream = io.BytesIO(wire)
        with pytest.raises(BodyTooLargeError):
            read_body(headers(**values), stream)
        assert stream.read() == b""
