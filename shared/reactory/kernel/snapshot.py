"""The state as it is stored: JSON text, large values moved out of line first."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from hashlib import blake2b
from typing import Any

import msgspec

from reactory.kernel.state import State
from reactory.kernel.values import is_ref, make_ref

_ENCODER = msgspec.json.Encoder()
_DECODER: msgspec.json.Decoder[State] = msgspec.json.Decoder(State)

SMALL = 32_768
"""A snapshot of up to this many bytes is stored as it is."""

LARGE_VALUE = 4_096
"""In a larger snapshot, each value of more than this many bytes moves out of line."""


def encode_state(state: State) -> str:
    return _ENCODER.encode(state).decode()


def decode_state(text: str) -> State:
    return _DECODER.decode(text)


def snapshot(
    state: State, owner: str, values: dict[str, Any], begin: str | None = None
) -> tuple[str, dict[str, bytes]]:
    """The state's text and the blobs that must be stored before it is. ``owner`` is whose references count, ``begin`` what
    the ids of new ones begin with, if that is not the same (``Context.owner`` and ``Context.blobs``).

    Values that move stay reachable in ``values`` under their blob id, so that nobody has to load them again here.
    """
    text = encode_state(state)
    if len(text) <= SMALL:
        return text, {}
    blobs: dict[str, bytes] = {}
    for value, put in _values(state):
        if value is None or isinstance(value, bool | int | float) or is_ref(value, owner):
            continue
        encoded = _ENCODER.encode(value)
        if len(encoded) > LARGE_VALUE:
            blob_id = content_id(f"{begin or owner}/s", encoded)
            blobs[blob_id] = encoded
            values[blob_id] = value
            put(make_ref(blob_id, len(encoded)))
    return (encode_state(state), blobs) if blobs else (text, {})


KEPT_VALUES = 64
"""Loaded values that a pass keeps in memory without asking whether the state still needs them."""


def forget_unreferenced(state: State, values: dict[str, Any]) -> None:
    """Let go of values that the state no longer refers to, so that a long loop does not fill the memory."""
    if len(values) <= KEPT_VALUES:
        return
    needed = {ref for value, _ in _values(state) for ref in _refs(value)}
    for blob_id in [blob_id for blob_id in values if blob_id not in needed]:
        del values[blob_id]


def _refs(value: Any) -> Iterator[str]:
    """The ids that a value refers to, at the top or one level below: deeper ones are loaded again if need be."""
    entries = value.values() if type(value) is dict and "$ref" not in value else (value,)
    for entry in entries:
        if type(entry) is dict and entry.get("$ref") == "blob":
            yield str(entry.get("id"))


def content_id(begin: str, encoded: bytes) -> str:
    """The id of a blob, by its content: two owners of one lease after the other never mean different things by one id."""
    return f"{begin}.{blake2b(encoded, digest_size=12).hexdigest()}"


def _values(state: State) -> Iterator[tuple[Any, Callable[[Any], None]]]:
    """Every place of the state that holds a user's value, with the way to replace it."""
    yield state.output, _setter(state, "output")
    yield from _entries(state.variables)
    for frame in state.frames.values():
        yield from _entries(frame.outs)
    for live in state.live.values():
        yield live.items, _setter(live, "items")
        yield live.output, _setter(live, "output")
        yield live.input, _setter(live, "input")
        yield live.config, _setter(live, "config")
        yield live.given, _setter(live, "given")
        yield from _entries(live.results)
        for done in (*live.log, *((live.undoing,) if live.undoing else ())):
            yield from _entries(done.outs)
            yield from _entries(done.names)
        for page in live.older:
            yield page.ref, _setter(page, "ref")


def _entries(values: dict[str, Any]) -> Iterator[tuple[Any, Callable[[Any], None]]]:
    for key in list(values):
        yield values[key], _put(values, key)


def _put(values: dict[str, Any], key: str) -> Callable[[Any], None]:
    def put(value: Any) -> None:
        values[key] = value

    return put


def _setter(target: Any, name: str) -> Callable[[Any], None]:
    def put(value: Any) -> None:
        setattr(target, name, value)

    return put
