"""What the database says has happened: the durable facts of instances, from journal and history."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from benchmarks.engine import Engine
from reactory.kernel.facts import Failed, Succeeded, decode_fact
from reactory.kernel.paths import execution
from reactory.kernel.records import decode_record
from reactory.ports.store import Instance


class Attempt(NamedTuple):
    """An attempt whose end was recorded. ``key`` is the step's idempotency key; times are milliseconds since the epoch.

    ``at`` is that of the fact while it stands in the journal, and that of the instance's own time, which may be a little
    later, once it is history; ``began`` never differs.
    """

    key: str
    attempt: int
    succeeded: bool
    at: int
    began: int = 0

    def is_same(self, other: Attempt) -> bool:
        """Whether both tell of one execution."""
        return (self.key, self.attempt, self.succeeded, self.began) == (
            other.key,
            other.attempt,
            other.succeeded,
            other.began,
        )


def recorded(engine: Engine) -> Iterator[Attempt]:
    """All attempts that are durable now, of all instances of the database."""
    from reactory.adapters.mongo.codec import decode

    for document in engine.database["instances"].find({}):
        yield from _of_instance(decode(document))
    for chunk in engine.database["steps"].find({}):
        yield from _of_history(chunk["instanceId"], chunk["records"])


def _of_instance(instance: Instance) -> Iterator[Attempt]:
    for text in instance.journal:
        fact = decode_fact(text)
        if isinstance(fact, Succeeded | Failed):
            key = _key(instance.id, fact.path, fact.generation)
            yield Attempt(key, fact.attempt, isinstance(fact, Succeeded), fact.at, fact.started)
    yield from _of_history(instance.id, instance.history)


def _of_history(instance_id: str, records: list[str]) -> Iterator[Attempt]:
    for text in records:
        record = decode_record(text)
        if record.event in ("ok", "failed"):
            key = f"{instance_id}/{record.path}"
            yield Attempt(key, record.attempt, record.event == "ok", record.at, record.started)


def _key(instance_id: str, path: str, generation: int) -> str:
    return f"{instance_id}/{execution(path, generation)}"
