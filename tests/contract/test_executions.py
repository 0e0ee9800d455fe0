"""ExecutionLog: claim, update, what is due, who waits, and the list."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from msgspec.structs import replace

from reactory.adapters.local_keys import LocalKeys
from reactory.adapters.memory.executions import MemoryExecutions
from reactory.adapters.sealing.executions import SealedExecutions
from reactory.adapters.sealing.sealer import Sealer
from reactory.adapters.system import SystemClock
from reactory.exceptions import InvalidCursorError
from reactory.ports.executions import Execution, ExecutionLog, ExecutionQuery, execution_id

MINUTE = 60_000
New = Callable[..., Execution]


@pytest.fixture
def execution(now: int) -> New:
    """A claimed slot, with whatever fields the test cares for."""

    def build(slot: int = 0, schedule_id: str = "s", **fields: Any) -> Execution:
        values: dict[str, Any] = {
            "id": execution_id(fields.get("tenant", "default"), schedule_id, now + slot),
            "schedule_id": schedule_id,
            "slot": now + slot,
            "fire_at": now + slot,
            "attention_at": now + slot,
            "created_at": now,
            "expires_at": now + 60 * MINUTE,
        }
        return Execution(**(values | fields))

    return build


def test_an_execution_reads_back_as_it_was(executions: ExecutionLog, execution: New, now: int) -> None:
    """SC-12: what was logged is there; what has no value is None."""
    whole = execution(
        tenant="acme",
        kind="backfill",
        status="done",
        reason="because",
        revision=3,
        round=1,
        version=9,
        attempts=2,
        number=7,
        request='{"$data": 1}',
        workflow_id="acme.Report@1.0.0",
        instance_id="i1",
        started_at=now + 1,
        delay=1,
        ended_at=now + 2,
        outcome="COMPLETED",
        caller="ann",
        asked=5,
        missed=2,
        until=now + 3,
    )
    plain = execution(1, attention_at=None)
    assert executions.claim([whole, plain]) == {whole.id, plain.id}
    assert [executions.get(one.id) for one in (whole, plain)] == [whole, plain]
    assert executions.get("default/s/1") is None


def test_a_slot_is_claimed_once(executions: ExecutionLog, execution: New) -> None:
    """SC-6: a second claim changes nothing; of several the new ones are claimed."""
    first = execution()
    executions.claim([first])
    assert executions.claim([execution(caller="other"), execution(1)]) == {execution(1).id}
    assert executions.claim([]) == set()
    assert executions.get(first.id) == first
    assert executions.known([first.id, execution(1).id, "default/s/1"]) == {first.id, execution(1).id}
    assert executions.known([]) == set()
    executions.claim([execution(2, kind="catch_up")])
    assert executions.known([first.id, execution(2).id], without="catch_up") == {first.id}


def test_many_claim_one_slot(executions: ExecutionLog, execution: New) -> None:
    """SC-6: however many processes see a slot at the same moment, one claims it."""
    with ThreadPoolExecutor(8) as pool:
        claims = list(pool.map(lambda number: executions.claim([execution(caller=str(number))]), range(16)))
    assert sum(map(len, claims)) == 1


def test_one_of_two_writes_wins(executions: ExecutionLog, execution: New) -> None:
    """SC-6: a write goes through only on what its writer has read."""
    executions.claim([execution()])
    mine = replace(execution(), version=1, status="starting", request='{"a": 1}')
    theirs = replace(execution(), version=1, status="skipped", attention_at=None)
    assert executions.update(mine)
    assert not executions.update(theirs)
    assert not executions.update(replace(execution(9), version=1))
    assert executions.get(mine.id) == mine


def test_what_is_to_be_done_comes_in_pages(executions: ExecutionLog, execution: New, now: int) -> None:
    """SC-6: the earliest first; what is over, or comes later, is left out."""
    executions.claim([execution(number, attention_at=now - MINUTE + number // 2) for number in range(5)])
    executions.claim([execution(9, attention_at=now + MINUTE), execution(8, attention_at=None, status="done")])
    found: list[tuple[str, int, str]] = []
    after = None
    while page := executions.due(now, 2, after):
        assert len(page) <= 2
        found += page
        after = (page[-1][1], page[-1][0])
    assert found == [(execution(n).id, now - MINUTE + n // 2, "default") for n in range(5)]


def test_who_waits_is_told_in_order(executions: ExecutionLog, execution: New) -> None:
    """SC-7: those of one schedule that are queued, the earliest slot first."""
    executions.claim([execution(slot, status="queued") for slot in (3, 1, 2)])
    executions.claim([execution(0, status="started"), execution(0, "other", status="queued")])
    executions.claim([execution(0, tenant="acme", status="queued")])
    assert executions.queued("default", "s", 10) == [execution(slot).id for slot in (1, 2, 3)]
    assert executions.queued("default", "s", 2) == [execution(slot).id for slot in (1, 2)]


def test_who_waits_without_a_backfill(executions: ExecutionLog, execution: New) -> None:
    """SC-7: those of one kind are left out, and take nobody's place in the answer."""
    executions.claim([execution(slot, status="queued", kind="backfill") for slot in (1, 3, 4)])
    executions.claim([execution(2, status="queued"), execution(5, status="queued", kind="catch_up")])
    executions.claim([execution(6, status="queued", kind="manual")])
    assert executions.queued("default", "s", 2, without="backfill") == [execution(slot).id for slot in (2, 5)]
    assert executions.queued("default", "s", 9, without="slot") == [execution(slot).id for slot in (1, 3, 4, 5, 6)]


def test_the_soonest_of_what_is_claimed(executions: ExecutionLog, execution: New, now: int) -> None:
    """SC-12: the next execution is one that is claimed already, if there is one."""
    assert executions.soonest("default", now, now + MINUTE) is None
    late = execution(-5)
    executions.claim([late, execution(20), replace(execution(8), attention_at=now + 10)])
    executions.claim([execution(5, status="queued"), execution(1, tenant="acme")])
    assert executions.soonest("default", now, now + MINUTE) == now + 10
    assert executions.soonest("default", now, now + 9) is None


def test_the_log_is_told_from_its_end(executions: ExecutionLog, execution: New) -> None:
    """SC-12: the latest slot first, in pages, each once; only those of the schedule."""
    executions.claim([execution(slot) for slot in range(5)])
    executions.claim([execution(0, "other"), execution(0, tenant="acme")])
    found: list[str] = []
    cursor = None
    while True:
        page = executions.list(ExecutionQuery(schedule_id="s", limit=2, cursor=cursor))
        found += [one.id for one in page.executions]
        cursor = page.next_cursor
        if cursor is None:
            break
    assert found == [execution(slot).id for slot in (4, 3, 2, 1, 0)]
    with pytest.raises(InvalidCursorError):
        executions.list(ExecutionQuery(schedule_id="s", cursor="nonsense"))


def test_old_executions_are_gone(executions: ExecutionLog, execution: New, now: int) -> None:
    """SC-12: what has expired is not told any more, whether or not it was deleted yet."""
    executions.claim([execution(expires_at=now - 1)])
    assert executions.get(execution().id) is None
    assert executions.known([execution().id]) == set()
    assert executions.list(ExecutionQuery(schedule_id="s")).executions == []


def test_start_data_are_sealed(now: int, execution: New) -> None:
    """WH-25: what is started, and why it could not be, are not to be read in the database; the rest is."""
    inner = MemoryExecutions(SystemClock())
    log = SealedExecutions(inner, Sealer(LocalKeys([bytes(32)]), SystemClock()))
    log.claim([execution(request='{"pin": 4711}', reason="the input 'pin' is 4711")])
    found = inner.get(execution().id)
    assert found is not None
    assert "4711" not in f"{found.request}{found.reason}"
    assert (found.slot, found.status) == (now, "claimed")
