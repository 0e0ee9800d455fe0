"""After an outage many schedules have missed slots: what falls due now comes first, however much that is (SC-6, SC-13)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from msgspec.structs import replace

from reactory.adapters.local_keys import LocalKeys
from reactory.adapters.sealing.schedules import SealedSchedules
from reactory.adapters.sealing.sealer import Sealer
from reactory.definition.instant import parse_instant
from reactory.exceptions import StoreUnavailableError
from reactory.ports.schedules import StoredSchedule
from reactory.scheduler import plan, tick
from reactory.scheduler.stored import to_schedule
from tests.unit.scheduler.lab import HOUR, MINUTE, SECOND, SchedulerLab, at
from tests.unit.scheduler.mortal import DeathSignal, Port


class Slow(Port):
    """A port of whose methods one takes seconds for each thing that it is given."""

    def __init__(self, real: Any, method: str, pause: Callable[[int], None]) -> None:
        self._real = real
        self._method = method
        self._pause = pause

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._real, name)

        def call(things: Any, *more: Any) -> Any:
            self._pause(len(things))
            return method(things, *more)

        return call if name == self._method else method


def after_a_day(lab: SchedulerLab, count: int = 60) -> list[str]:
    """Schedules of every minute that have waited for a day."""
    names = [lab.add(f"s{number:02d}", misfire={"policy": "all", "window": 86_400}) for number in range(count)]
    lab.outage(24 * HOUR)
    return names


def test_slots_of_now_start_before_what_was_missed(lab: SchedulerLab) -> None:
    """SC-13: what was missed takes longer than a function may run: each tick ends in time, and every new slot starts."""
    names = after_a_day(lab)
    end = 0.0

    def claims(things: int) -> None:
        lab.clock.advance(2 * things)
        if lab.clock.monotonic() > end:
            raise DeathSignal

    scheduler = lab.make_scheduler(executions=Slow(lab.executions, "claim", claims))
    for _ in range(2):
        end = lab.clock.monotonic() + 60
        assert scheduler.ticks.tick().more
        lab.deliver()
        lab.clock.advance(MINUTE)
    assert all(any(one.kind == "slot" and one.status != "claimed" for one in lab.log(name)) for name in names)


def test_a_tick_works_off_what_it_has_time_for(lab: SchedulerLab, monkeypatch: pytest.MonkeyPatch) -> None:
    """SC-13: it looks at the clock after each schedule; those that it did not come to are the next one's."""
    monkeypatch.setattr(plan, "PORTION", 100)
    names = after_a_day(lab, 10)
    executions = Slow(lab.executions, "claim", lambda things: lab.clock.advance(10 * SECOND * (things == 100)))
    ticked = lab.make_scheduler(executions=executions).ticks.tick()
    assert ticked.more
    assert (ticked.missed, ticked.hints > 0) == (500, True)
    lab.make_scheduler(executions=executions).ticks.tick()
    assert [lab.stored(name).missed_count for name in names] == [100] * 10


def test_a_tick_works_off_a_bounded_number(lab: SchedulerLab, monkeypatch: pytest.MonkeyPatch) -> None:
    """SC-13: of all schedules together, those that have waited longest first."""
    monkeypatch.setattr(plan, "PORTION", 100)
    monkeypatch.setattr(tick, "MOST_MISSED", 300)
    names = after_a_day(lab, 6)
    for expected in ([100] * 3 + [0] * 3, [100] * 6, [200] * 3 + [100] * 3):
        lab.tick()
        assert [lab.stored(name).missed_count for name in names] == expected
        lab.clock.advance(MINUTE)


@pytest.mark.parametrize("policy", ["skip", "once", "all"])
def test_what_ran_between_two_outages_was_not_missed(
    lab: SchedulerLab, monkeypatch: pytest.MonkeyPatch, policy: str
) -> None:
    """SC-13: there was no time to work off the first before the second came; what was run meanwhile, in time or by
    request, is neither counted nor made up for.
    """
    lab.add(cron="*/10 * * * *", misfire={"policy": policy, "window": 86_400}, overlap="allow")
    lab.outage(HOUR + 5 * MINUTE)
    monkeypatch.setattr(tick, "MOST_MISSED", 0)
    lab.pass_time(20 * MINUTE)
    ran = lab.logged_slots()
    assert ran == [at("13:10"), at("13:20")]
    lab.scheduler.asked.backfill("s", parse_instant(at("12:10")), parse_instant(at("12:10")))
    lab.deliver()
    lab.outage(50 * MINUTE)
    monkeypatch.undo()
    lab.pass_time(2 * MINUTE)
    missed = [f"12:{minute}" for minute in (20, 30, 40, 50)] + ["13:00", "13:30", "13:40", "13:50", "14:00", "14:10"]
    made_up = {"skip": [], "once": missed[-1:], "all": missed}[policy]
    assert lab.stored().missed_count == len(missed)
    assert lab.logged_slots() == sorted([at("12:10"), *ran, *map(at, made_up)])
    records = [(one.slot, one.missed) for one in lab.log() if one.status == "missed"]
    left = missed[: len(missed) - len(made_up)]
    assert records == ([(parse_instant(at(left[0])), len(left))] if left else [])


def test_a_schedule_that_no_tick_can_reckon_with_stops_no_other(
    lab: SchedulerLab, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """SC-6: whatever is wrong with it; it is told in the log, by its id."""
    real = plan.plan

    def fails(stored: StoredSchedule, *more: Any) -> Any:
        return real(stored, *more) if stored.id != "bad" else 1 / 0

    lab.add("bad")
    lab.add("good")
    monkeypatch.setattr(tick, "plan", fails)
    lab.pass_time(3 * MINUTE)
    assert len(lab.logged_slots("good")) == 3
    assert "the schedule bad" in caplog.text


def test_a_schedule_that_cannot_be_opened_stops_no_other(lab: SchedulerLab) -> None:
    """SC-1, SC-6: its key is lost, or its document was changed: it is left out, and the others fire."""
    sealer = Sealer(LocalKeys([bytes(32)]), lab.clock)
    lab.add("good")
    bad = replace(lab.unseen("bad"), document="sealed:1:AAAA:AAAA", due_at=lab.clock.now())
    lab.schedules.create(bad)
    lab.scheduler = lab.make_scheduler(schedules=SealedSchedules(lab.schedules, sealer))
    lab.pass_time(2 * MINUTE + SECOND)
    assert len(lab.logged_slots("good")) == 2


def test_what_is_claimed_starts_while_claiming_fails(lab: SchedulerLab) -> None:
    """SC-6: hints are sent all the same, and the tick is told to have failed."""
    lab.add()
    lab.outage(61 * SECOND)  # its message is lost

    def fail(*_: object) -> object:
        raise StoreUnavailableError("no schedules")

    due, lab.schedules.due = lab.schedules.due, fail  # type: ignore[method-assign,assignment]
    with pytest.raises(StoreUnavailableError):
        lab.tick()
    lab.schedules.due = due  # type: ignore[method-assign]
    lab.deliver()
    assert len(lab.logged_slots()) == 1


def test_a_next_slot_that_is_none_any_more_stops_no_tick(lab: SchedulerLab) -> None:
    """SC-3, SC-6: it was claimed, then the rules of its time zone changed, and no slot lies near it any more."""
    stored = lab.unseen("moved")
    old = lab.clock.now() - 6 * HOUR
    lab.schedules.create(replace(stored, next_at=old, due_at=old))
    lab.executions.claim([plan.claim(stored, to_schedule(stored), old, old)])
    lab.add("good")
    lab.pass_time(3 * MINUTE)
    assert (len(lab.logged_slots("good")) >= 2, len(lab.logged_slots("moved"))) == (True, 1)
