"""A worker whose process is about to end takes nothing on any more."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reactory.host.worker import WakeUp

if TYPE_CHECKING:
    from tests.unit.engine.conftest import Engine


def test_a_worker_that_was_told_to_end_refuses_messages(engine: Engine) -> None:
    """WH-26, WH-4: after SIGTERM messages are answered as failed, each of them, and nothing is claimed: they come again,
    to another process, which finds the instances free.
    """
    ids = [engine.start(engine.register(engine.document(engine.do("a")))) for _ in range(2)]
    assert sorted(engine.wakeups()) == sorted(ids)
    ending = engine.new_worker()
    ending.drain()
    watched = engine.watch_store()
    assert ending.handle([WakeUp(i) for i in [*ids, ids[0]]]) == set(ids)
    assert ending.handle([WakeUp(ids[0], redelivered=True)]) == {ids[0]}
    assert watched.writes == 0
    assert engine.calls == []
    assert [engine.instance(i).lease_until for i in ids] == [None, None]
    assert engine.new_worker().handle([WakeUp(i) for i in ids]) == set()
    assert [engine.status(i) for i in ids] == ["COMPLETED"] * 2
    assert engine.calls == ["a", "a"]
