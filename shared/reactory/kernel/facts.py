"""What the kernel is told: facts, in the order in which the owner of an instance applied them.

A fact is immutable, JSON-able and complete: the same facts in the same order always give the same state. ``at`` is
milliseconds since the epoch, taken by whoever made the fact; it is the only clock that the kernel has.
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec

StatusAction = Literal["pause", "resume", "cancel", "retry"]
"""What moves an instance from one status to another."""

ControlAction = Literal[StatusAction, "rewind", "migrate"]

Guard = Literal["circuit", "rate", "concurrency"]
"""What may let a step wait before an attempt."""


class ErrorInfo(msgspec.Struct, frozen=True, omit_defaults=True):
    """A classified error. ``type`` is the exception's class name, ``category`` one of the seven of EH-1.

    ``retry_after`` is milliseconds that the other side asked us to wait; ``where`` the place in the step's code, as in
    ``steps.py:31 in charge``.
    """

    type: str
    message: str
    code: str = "step_failed"
    category: str = "unknown"
    retryable: bool = True
    retry_after: int | None = None
    where: str | None = None


class Ref(msgspec.Struct, frozen=True, tag_field="$ref", tag="blob"):
    """A value kept out of line: ``id`` in the blob store. ``pages`` > 0: the value is the concatenation of the lists
    in ``id.0`` … ``id.<pages - 1>``. ``size`` is the number of bytes (or of list entries, with pages).
    """

    id: str
    size: int = 0
    pages: int = 0


class Begin(msgspec.Struct, frozen=True, tag_field="k", tag="begin"):
    """The first fact of every instance."""

    at: int


class Tick(msgspec.Struct, frozen=True, tag_field="k", tag="tick"):
    """Time has come: every timer due at ``at`` fires."""

    at: int


class Succeeded(msgspec.Struct, frozen=True, tag_field="k", tag="ok", omit_defaults=True):
    """An attempt of a step succeeded. ``output`` is a JSON value, or a Ref when it is kept out of line. ``generation``
    tells executions of one path apart (see ``NodeState``).
    """

    path: str
    attempt: int
    started: int
    at: int
    output: Any = None
    generation: int = 0


class Failed(msgspec.Struct, frozen=True, tag_field="k", tag="failed", omit_defaults=True):
    """An attempt of a step failed."""

    path: str
    attempt: int
    error: ErrorInfo
    started: int
    at: int
    generation: int = 0


class Held(msgspec.Struct, frozen=True, tag_field="k", tag="held", omit_defaults=True):
    """An attempt was not begun, because a guard lets it wait until ``until`` (CB-2): an open breaker, a rate, a limit of
    what runs at once. ``key`` names the guard.
    """

    path: str
    attempt: int
    at: int
    until: int
    by: Guard
    key: str
    generation: int = 0


class Interrupted(msgspec.Struct, frozen=True, tag_field="k", tag="interrupted"):
    """The last owner vanished: whatever was running then was interrupted."""

    at: int


class Control(msgspec.Struct, frozen=True, tag_field="k", tag="control", omit_defaults=True):
    """An operator's request (WH-17). ``id`` is unique, ``by`` the caller. ``step`` belongs to rewind: the path, or the id,
    of a step; ``version`` and ``fingerprint`` to migrate. A retry may bring corrected ``input`` for a failed ``step``: an
    object, or a Ref (EH-4).
    """

    id: str
    action: ControlAction
    at: int
    reason: str = ""
    by: str = ""
    step: str = ""
    version: str = ""
    fingerprint: str = ""
    input: Any = None


class EventArrived(msgspec.Struct, frozen=True, tag_field="k", tag="event", omit_defaults=True):
    """An event for whoever waits for it in this instance (WH-9). ``time`` is its own time, ``data`` a JSON value or a Ref.
    ``spills`` is how much of what the instance has consumed its sender could see (``State.spills``).
    """

    id: str
    name: str
    key: str
    time: int
    at: int
    data: Any = None
    spills: int = 0


class Answered(msgspec.Struct, frozen=True, tag_field="k", tag="answer", omit_defaults=True):
    """Somebody outside has done, or failed to do, what the wait ``wait`` asks for. ``by`` is who."""

    wait: str
    at: int
    output: Any = None
    error: ErrorInfo | None = None
    by: str = ""


class ChildEnded(msgspec.Struct, frozen=True, tag_field="k", tag="child", omit_defaults=True):
    """The instance ``child`` that this one waits for has ended, or could not be started. ``output`` are its outputs.
    ``number`` is that of the move by which it ended: what is told late does not pass for the end of a later attempt.
    """

    child: str
    status: str
    at: int
    output: Any = None
    error: ErrorInfo | None = None
    number: int = 0


Fact = Begin | Tick | Succeeded | Failed | Held | Interrupted | Control | EventArrived | Answered | ChildEnded

_ENCODER = msgspec.json.Encoder()
_DECODER: msgspec.json.Decoder[Fact] = msgspec.json.Decoder(Fact)


def encode_fact(fact: Fact) -> str:
    """The fact as JSON text, as it stands in the journal and the inbox."""
    return _ENCODER.encode(fact).decode()


def decode_fact(text: str) -> Fact:
    return _DECODER.decode(text)


_REQUEST = encode_fact(Control("", "pause", 0)).partition(",")[0]


def is_request(text: str) -> bool:
    """Whether the text is that of a Control; without decoding it."""
    return text.startswith(_REQUEST)
