"""What has happened, for the history: one record per fact and per computed step, in order (``seq``)."""

from __future__ import annotations

from typing import Any

import msgspec

from reactory.kernel.facts import ErrorInfo


class Record(msgspec.Struct, frozen=True, omit_defaults=True):
    """``event``: begin, tick, interrupted, control, ok, failed, held, event, answer, child (these are facts) or step (a node that
    the kernel decided by itself: computed, skipped, waiting, cancelled, compensated, container closed). ``id`` is that of the
    request, event, wait or child; ``key`` and ``time`` are an event's, or those of the guard (``by``) that holds a step.
    """

    seq: int
    at: int
    event: str
    path: str = ""
    type: str = ""
    status: str = ""
    attempt: int = 0
    started: int = 0
    output: Any = None
    error: ErrorInfo | None = None
    action: str = ""
    reason: str = ""
    by: str = ""
    id: str = ""
    key: str = ""
    time: int = 0


_ENCODER = msgspec.json.Encoder()
_DECODER: msgspec.json.Decoder[Record] = msgspec.json.Decoder(Record)


def encode_record(record: Record) -> str:
    return _ENCODER.encode(record).decode()


def decode_record(text: str) -> Record:
    return _DECODER.decode(text)
