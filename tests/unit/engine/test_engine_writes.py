"""Writes that land late, and writes that the database cannot hold."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any, cast

import pytest

from reactory.exceptions import AmbiguousWriteError
from reactory.host.worker import WakeUp

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from reactory.ports.store import HistoryChunk, Instance, InstanceStore, Outcome, Push, Settle
    from tests.unit.engine.conftest import Engine

HOUR = 3_600_000


class LatePush:
    """A store in which the push of one step's result gets no answer, and lands only just before the next push."""

    def __init__(self, store: InstanceStore, path: str) -> None:
        self._store = store
        self._wanted: str | None = f'"path":"{path}"'
        self._late: Sequence[Push] | None = None
        self.landed: list[Outcome] = []

    def push(self, batch: Sequence[Push]) -> list[Outcome]:
        if self._late is not None:
            late, self._late = self._late, None
            self.landed = self._store.push(late)
        if self._wanted is not None and any(self._wanted in fact for push in batch for fact in push.facts):
            self._wanted, self._late = None, batch
            raise AmbiguousWriteError("no answer in time")
        return self._store.push(batch)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)


def test_a_push_that_lands_late_is_not_taken_for_the_next(engine: Engine) -> None:
    """WH-1, WH-2: the journal's late entry, as long as the one that was to be written, is not passed off as it: who does not
    know what became of a write claims anew, so that it is refused. What is recorded is what everything after it has seen.
    """
    late = LatePush(engine.instances, "a")
    engine.instances = cast("InstanceStore", late)
    engine.during["a"] = lambda: engine.results.update(a={"value": f"run {engine.calls.count('a')}"})
    instance_id = engine.begin(
        engine.do("z"),
        engine.do("a"),
        engine.do("b", value="${steps.a.value}"),
        engine.do("c", value="${steps.b.value}"),
        outputs={"a": "steps.a.value", "b": "steps.b.value", "c": "steps.c.value"},
    )
    engine.work()
    assert late.landed == ["lost"]
    found = engine.outputs(instance_id)
    (recorded,) = [
        entry["output"]["value"]
        for entry in engine.history(instance_id)
        if entry.get("path") == "a" and entry.get("status") == "COMPLETED"
    ]
    assert found == {"a": recorded, "b": recorded, "c": recorded}
    assert recorded == "run 2"
    assert engine.trail(instance_id, "b") == ["COMPLETED"]


class LateSettle:
    """A store in which the first settle gets no answer, and lands only after the history for the next was written."""

    def __init__(self, store: InstanceStore) -> None:
        self._store = store
        self._late: Sequence[Settle] | None = None
        self.landed: list[Outcome] = []

    def append_history(self, chunks: Sequence[HistoryChunk]) -> None:
        self._store.append_history(chunks)
        if self._late is not None:
            late, self._late = self._late, None
            self.landed = self._store.settle(late)

    def settle(self, batch: Sequence[Settle]) -> list[Outcome]:
        if self._late is None and not self.landed:
            self._late = batch
            raise AmbiguousWriteError("no answer in time")
        return self._store.settle(batch)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)


def test_a_settle_that_lands_late_does_not_part_the_state_from_its_history(engines: Callable[..., Engine]) -> None:
    """WH-1, WH-2: the history in chunks is that of the state which was stored, though an earlier settle of the same owner
    was still on its way when the chunks were written again.
    """
    engine = engines(tail_records=0)
    late = LateSettle(engine.instances)
    engine.instances = cast("InstanceStore", late)
    instance_id = engine.begin(engine.node("v", "set_variable", action="set", key="v", value=1))
    claim = engine.instances.claim

    def slow_claim(*args: Any) -> list[Instance]:
        engine.clock.advance(5)
        return claim(*args)

    late.claim = slow_claim  # type: ignore[attr-defined]  # the second pass begins a little later
    engine.work()
    assert late.landed == ["lost"]
    assert engine.status(instance_id) == "COMPLETED"
    begun = next(entry["at"] for entry in engine.history(instance_id) if entry["event"] == "begin")
    assert begun == engine.see(instance_id)["startedAt"]


class Full:
    """A store that cannot hold the state of one instance while it is in one of some statuses."""

    def __init__(self, store: InstanceStore, *statuses: str) -> None:
        self._store = store
        self._statuses = statuses
        self.instance_id = ""

    def settle(self, batch: Sequence[Settle]) -> list[Outcome]:
        return [self._settle(settle) for settle in batch]

    def _settle(self, settle: Settle) -> Outcome:
        if settle.instance_id == self.instance_id and settle.status in self._statuses:
            return "too_large"
        (outcome,) = self._store.settle([settle])
        return outcome

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)


@pytest.mark.parametrize(
    ("refused", "moves"),
    [(("RUNNING", "COMPLETED"), ["FAILED"]), (("COMPLETED",), ["RUNNING", "FAILED"])],
    ids=["at the first settle", "at a later settle"],
)
def test_an_instance_that_no_longer_fits_fails_alone(
    engine: Engine, refused: tuple[str, ...], moves: list[str]
) -> None:
    """WH-21, WH-18: a state that the database cannot hold fails its instance with a reason that says so, in the document
    and in the view; it is not left to be tried for ever, and the others of its batch go on.
    """
    full = Full(engine.instances, *refused)
    engine.instances = cast("InstanceStore", full)
    reference = engine.register(engine.document(engine.do("a"), engine.node("nap", "delay", duration=1000)))
    ids = [engine.start(reference) for _ in range(3)]
    full.instance_id = ids[1]
    engine.work()
    engine.advance(1000)
    assert [engine.status(i) for i in ids] == ["COMPLETED", "FAILED", "COMPLETED"]
    failed = engine.instance(ids[1])
    assert failed.status == "FAILED"
    assert failed.reason is not None
    assert failed.reason["code"] == engine.reason(ids[1])["code"] == "state_too_large"
    assert "16 MB" in failed.reason["message"]
    assert (failed.lease_until, failed.wake_at) == (None, None)
    assert failed.completed_at is not None
    assert engine.moves(ids[1]) == moves
    engine.worker.handle([WakeUp(ids[1])])
    engine.advance(HOUR)
    assert engine.instance(ids[1]) == failed


def test_an_instance_that_fits_again_goes_on(engine: Engine) -> None:
    """LC-14, WH-18: a retry is refused by the state's size again, and works once it fits; every move that is told follows
    from the one before it.
    """
    full = Full(engine.instances, "COMPLETED")
    engine.instances = cast("InstanceStore", full)
    full.instance_id = instance_id = engine.begin(
        engine.do("a"), engine.node("nap", "delay", duration=1000), engine.do("b")
    )
    engine.work()
    engine.advance(1000)
    engine.ask(instance_id, "retry")
    assert engine.status(instance_id) == "FAILED"
    assert engine.instance(instance_id).lease_until is None
    full.instance_id = ""
    engine.ask(instance_id, "retry")
    assert engine.status(instance_id) == engine.instance(instance_id).status == "COMPLETED"
    moves = [(event.detail["previousStatus"], event.detail["status"]) for event in engine.events()]
    assert moves[0][0] == "PENDING"
    assert moves[-1][1] == "COMPLETED"
    assert all(before[1] == after[0] for before, after in pairwise(moves)), moves
