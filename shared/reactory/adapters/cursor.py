"""The opaque cursor of a list of instances: where the last page ended, in which order. The same for every store."""

from __future__ import annotations

import base64
import binascii
from typing import NamedTuple

import msgspec

from reactory.exceptions import InvalidCursorError


class Position(NamedTuple):
    """The sort key of the last instance that was shown."""

    sort: str
    created_at: int
    instance_id: str


_DECODER = msgspec.json.Decoder(Position)


def encode_cursor(position: Position) -> str:
    return base64.urlsafe_b64encode(msgspec.json.encode(position)).decode().rstrip("=")


def decode_cursor(cursor: str, sort: str) -> Position:
    """Where to go on. Raises InvalidCursorError for anything that was not issued for a list in this order."""
    try:
        padded = cursor.encode("ascii") + b"=" * (-len(cursor) % 4)
        position = _DECODER.decode(base64.b64decode(padded, altchars=b"-_", validate=True))
    except (UnicodeEncodeError, binascii.Error, msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise InvalidCursorError("The cursor is none that this API issued: start again without a cursor.") from error
    if position.sort != sort:
        raise InvalidCursorError(
            f"The cursor belongs to a list sorted by {position.sort}: start again without a cursor."
        )
    return position
