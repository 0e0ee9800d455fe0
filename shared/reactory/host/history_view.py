"""The history of an instance as clients see it: every event in order, each once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from reactory.definition.program import Program
from reactory.host.current import current
from reactory.host.values import resolved
from reactory.kernel.failures import shown_error
from reactory.kernel.machine import rfc3339
from reactory.kernel.records import Record, decode_record
from reactory.kernel.snapshot import decode_state
from reactory.ports.blobs import Blobs
from reactory.ports.store import HistoryChunk, Instance

_EVENTS = {"ok": "step_completed", "failed": "step_failed", "step": "step"}


def history(
    instance: Instance,
    chunks: Iterable[HistoryChunk],
    program: Program | None,
    blobs: Blobs,
    env: Mapping[str, Any] | None = None,
) -> list[dict[str, Any]]:
    """Every recorded event in order, each once: from the ``steps`` collection, the document's tail, and the journal.

    What a former owner wrote ahead of a settle that never came is passed over: it is younger than the snapshot, or
    another owner wrote that number under a higher epoch.
    """
    texts = [text for chunk in sorted(chunks, key=lambda chunk: chunk.epoch) for text in chunk.records]
    settled = 0 if instance.state is None else decode_state(instance.state).seq
    records = {r.seq: r for r in map(decode_record, [*texts, *instance.history]) if r.seq < settled}
    if program is not None and (instance.journal or instance.inbox):
        for record in current(instance, program, blobs, env).records:
            records.setdefault(record.seq, record)
    return [_entry(records[seq], blobs, instance.family) for seq in sorted(records)]


def _entry(record: Record, blobs: Blobs, owner: str) -> dict[str, Any]:
    """One record as clients see it."""
    shown: dict[str, Any] = {
        "seq": record.seq,
        "at": rfc3339(record.at),
        "event": _EVENTS.get(record.event, record.event),
    }
    for name in ("path", "type", "status", "attempt", "action", "reason", "by", "id", "key"):
        value = getattr(record, name)
        if value:
            shown[name] = value
    if record.started:
        shown["startedAt"] = rfc3339(record.started)
        shown["durationMs"] = record.at - record.started
    if record.event == "held":
        shown["until"] = rfc3339(record.time)
    if record.output is not None:
        shown["output"] = resolved(blobs, record.output, owner)
    if record.error is not None:
        shown["error"] = shown_error(record.error)
    return shown
