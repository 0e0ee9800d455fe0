"""The ports as one process sees them: every call takes the way that the faults decide on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextvars import Context
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from reactory.exceptions import (
    AmbiguousWriteError,
    QueueUnavailableError,
    ReactoryError,
    StoreUnavailableError,
    UnavailableError,
)
from reactory.ports.store import Push
from tests.simulation.executor import GoneSignal

if TYPE_CHECKING:
    from tests.simulation.marks import Marks
    from tests.simulation.process import Process

Effect = Callable[["Process", str, tuple[Any, ...]], Any]
"""Performs a call on the real thing: who calls, which method, its arguments."""

READS = frozenset(
    {
        *("get", "count_by_status", "mail", "due", "ending", "leased", "history", "ping", "list", "versions"),
        *("waiting", "find", "consumed"),
        *("counts", "series", "recent", "count"),
    }
)
BULK = frozenset({"create", "push", "settle", "append_history", "publish", "post"})
"""Methods whose first argument is a sequence that may be written in part."""

COUNTERS = frozenset({"breakers", "buckets", "slots"})

_UNKNOWN = "the answer was lost: nobody knows whether it happened"
_NOTHING = "out of reach: nothing happened"


class Port:
    """Any port. What is not known to read writes."""

    def __init__(self, process: Process, name: str, effect: Effect, marks: Marks) -> None:
        self._process = process
        self._name = name
        self._effect = effect
        self._marks = marks

    def __getattr__(self, method: str) -> Any:
        def call(*args: Any, **named: Any) -> Any:
            return self._call(method, (*args, *named.values()))

        self.__dict__[method] = call  # found at once from now on
        return call

    def _call(self, method: str, args: tuple[Any, ...]) -> Any:
        process = self._process
        process.jobs.pause()
        if process.dead:
            raise GoneSignal
        process.last_call, process.frozen_since = method, process.frozen
        writes = method not in READS
        verdict = process.faults.verdict(process.kind, self._name, method, writes=writes)
        if verdict == "done":
            return self._effect(process, method, args)
        process.trace.note(process.name, f"fault: {verdict}", f"{self._name}.{method}")
        if self._name in COUNTERS:
            process.doubtful = True
            self._marks.hit("counters out of reach")
        if process.faults.failing_over:
            self._marks.hit("fail-over")
        match verdict:
            case "crash before":
                self._die(method)
            case "crash after":
                self._effect(process, method, args)
                self._die(method)
            case "freeze after":
                result = self._effect(process, method, args)
                process.freeze(process.faults.freeze_s())
                return result
            case "refused":
                raise self._refusal()
            case "unheard":
                self._unheard(method, args)
            case "late":
                self._send_late(method, args)
            case "partly":
                self._write_part(method, args)
            case _:
                self._marks.hit("ambiguous write was lost")
        raise self._doubt()

    def _die(self, method: str) -> None:
        self._process.kill(f"at {self._name}.{method}")
        raise GoneSignal

    def _unheard(self, method: str, args: tuple[Any, ...]) -> None:
        self._marks.hit("ambiguous write had happened")
        result = self._effect(self._process, method, args)
        happened = "ok" in result if method in ("push", "settle") else bool(result)
        if happened and method in ("push", "settle", "claim"):
            self._marks.hit(f"ambiguous {method} had happened")

    def _send_late(self, method: str, args: tuple[Any, ...]) -> None:
        """The write is on its way still, and arrives whatever becomes of its sender."""
        process = self._process
        if method == "push":
            args = ([replace(push, facts=[*push.facts]) for push in args[0]],)
        elif method == "absorb":
            first: Push = args[0]
            args = (replace(first, facts=[*first.facts]),)
        process.loop.call_later(process.faults.late_s(), self._arrive, method, args, context=Context())

    def _arrive(self, method: str, args: tuple[Any, ...]) -> None:
        self._process.trace.note(self._process.name, "late", f"{self._name}.{method}")
        result = self._effect(self._process, method, args)
        if method in ("push", "settle"):
            self._marks.hit("late write applied" if "ok" in result else "late write refused")

    def _write_part(self, method: str, args: tuple[Any, ...]) -> None:
        if self._name == "queue":
            queue, messages = args
            some: Sequence[Any] = messages[: self._process.faults.part(len(messages))]
            self._effect(self._process, method, (queue, some))
        elif method in BULK:
            items = args[0]
            some = items[: self._process.faults.part(len(items))]
            self._effect(self._process, method, (some, *args[1:]))
            if 0 < len(some) < len(items):
                self._marks.hit("partial batch")

    def _refusal(self) -> ReactoryError:
        if self._name == "queue":
            return QueueUnavailableError(_NOTHING)
        return UnavailableError(_NOTHING) if self._name == "bus" else StoreUnavailableError(_NOTHING)

    def _doubt(self) -> ReactoryError:
        if self._name == "queue":
            return QueueUnavailableError(_UNKNOWN)
        return UnavailableError(_UNKNOWN) if self._name == "bus" else AmbiguousWriteError(_UNKNOWN)
