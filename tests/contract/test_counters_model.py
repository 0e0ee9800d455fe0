"""Breakers, buckets and slots against models so simple that they are right, in any order of calls (hypothesis)."""

from __future__ import annotations

from fractions import Fraction
from math import ceil
from typing import ClassVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test

from reactory.adapters.counters.breakers import TableBreakers
from reactory.adapters.counters.buckets import TableBuckets
from reactory.adapters.counters.slots import TableSlots
from reactory.adapters.counters.table import Table
from reactory.ports.breakers import BreakerChange, BreakerRules, Permit
from reactory.ports.buckets import Rate
from reactory.ports.slots import SlotClaim

START = 1_800_000_000_000
MOMENTS = st.sampled_from([0, 1, 10, 49, 50, 99, 100, 250])
ANY = st.integers(0, 1_000)
Moves = list[tuple[str, str]]


class Machine(RuleBasedStateMachine):
    """``table`` is shared by all examples: each has a key of its own. Time is what the example says."""

    table: ClassVar[Table]
    examples: ClassVar[int] = 0

    def __init__(self) -> None:
        super().__init__()
        Machine.examples += 1
        self.key = f"example-{Machine.examples}"
        self.now = START

    @rule(milliseconds=MOMENTS)
    def wait(self, milliseconds: int) -> None:
        self.now += milliseconds


class BreakerMachine(Machine):
    """The model knows who is in flight, not how many."""

    RULES = BreakerRules(failure_threshold=3, window_ms=100, recovery_ms=100, half_open_calls=2, success_threshold=2)

    def __init__(self) -> None:
        super().__init__()
        self.breakers = TableBreakers(self.table)
        self.state = "closed"
        self.failures = self.window_at = self.opened_at = self.successes = self.over_at = self.given = 0
        self.flying: set[int] = set()
        self.permits: list[tuple[int, Permit]] = []

    @rule(takes=st.sampled_from([1, 50, 300]))
    def ask(self, takes: int) -> None:
        moves: Moves = []
        if self.state == "open" and self.now >= self.opened_at + self.RULES.recovery_ms:
            self._move("half_open", moves)
        if self.state == "half_open" and self.over_at <= self.now:
            self.flying, self.successes, self.over_at = set(), 0, 0
        answer, change = self.breakers.ask("t", self.key, self.RULES, self.now, self.now + takes)
        assert _moves(change) == moves
        if isinstance(answer, Permit):
            self._let_pass(answer, takes)
        elif self.state == "open":
            assert answer.retry_at == self.opened_at + self.RULES.recovery_ms
        else:
            assert self.state == "half_open"
            assert len(self.flying) == self.RULES.half_open_calls
            assert self.now < answer.retry_at <= self.over_at

    def _let_pass(self, permit: Permit, takes: int) -> None:
        assert self.state != "open"
        assert (permit.round > 0) == (self.state == "half_open")
        self.given += 1
        self.permits.append((self.given, permit))
        if self.state == "half_open":
            self.flying.add(self.given)
            self.over_at = max(self.over_at, self.now + takes)
            assert len(self.flying) <= self.RULES.half_open_calls

    @rule(choice=ANY, failed=st.booleans())
    def report(self, choice: int, failed: bool) -> None:
        if not self.permits:
            return
        number, permit = self.permits.pop(choice % len(self.permits))
        moves: Moves = []
        if number in self.flying:
            self._end_trial(number, failed, moves)
        elif not permit.round and self.state == "closed":
            self._count(permit, failed, moves)
        assert _moves(self.breakers.report(permit, self.RULES, self.now, failed=failed)) == moves

    def _end_trial(self, number: int, failed: bool, moves: Moves) -> None:
        self.flying.remove(number)
        self.successes += not failed
        if failed:
            self._move("open", moves)
        elif self.successes == self.RULES.success_threshold:
            self._move("closed", moves)

    def _count(self, permit: Permit, failed: bool, moves: Moves) -> None:
        if not failed:
            self.failures = 0 if permit.failures else self.failures
            return
        if not self.failures or self.now >= self.window_at + self.RULES.window_ms:
            self.failures, self.window_at = 0, self.now
        self.failures += 1
        if self.failures == self.RULES.failure_threshold:
            self._move("open", moves)

    def _move(self, state: str, moves: Moves) -> None:
        moves.append((self.state, state))
        self.state, self.flying, self.successes, self.failures, self.over_at = state, set(), 0, 0, 0
        self.opened_at = self.now if state == "open" else 0

    @rule(choice=ANY)
    def give_back(self, choice: int) -> None:
        if self.permits:
            number, permit = self.permits.pop(choice % len(self.permits))
            self.flying.discard(number)
            self.breakers.give_back(permit)

    @rule()
    def reset(self) -> None:
        moves: Moves = []
        self._move("closed", moves)
        assert _moves(self.breakers.reset("t", self.key, self.now)) == [move for move in moves if move[0] != move[1]]

    @rule()
    def look(self) -> None:
        found = self.breakers.get("t", self.key)
        if found is None:
            assert (self.state, self.failures) == ("closed", 0)
            return
        assert (found.state, found.in_flight, found.successes) == (self.state, len(self.flying), self.successes)
        if self.state == "closed":
            assert found.failures == self.failures


class BucketMachine(Machine):
    """The model has fractions of tokens. Two processes with memories of their own share the bucket."""

    RATE = Rate(limit=4, per_ms=100)

    def __init__(self) -> None:
        super().__init__()
        self.processes = [TableBuckets(self.table), TableBuckets(self.table)]
        self.tokens = Fraction(self.RATE.limit)
        self.filled_at = self.now

    @rule(process=st.integers(0, 1), amount=st.integers(1, 4))
    def take(self, process: int, amount: int) -> None:
        speed = Fraction(self.RATE.limit, self.RATE.per_ms)
        self.tokens = min(Fraction(self.RATE.limit), self.tokens + (self.now - self.filled_at) * speed)
        self.filled_at = self.now
        answer = self.processes[process].take("t", self.key, self.RATE, self.now, amount)
        if self.tokens >= amount:
            assert answer is None
            self.tokens -= amount
        else:
            assert answer is not None  # by what this process remembers, there may be enough sooner
            assert self.now < answer <= self.now + ceil((amount - self.tokens) / speed)


class SlotsMachine(Machine):
    """The model knows who holds until when, and forgets whoever's time is over."""

    def __init__(self) -> None:
        super().__init__()
        self.slots = TableSlots(self.table)
        self.held: dict[str, int] = {}

    @rule(holder=st.sampled_from("abcde"), limit=st.integers(1, 3), takes=st.sampled_from([1, 50, 300]))
    def take(self, holder: str, limit: int, takes: int) -> None:
        self.held = {name: until for name, until in self.held.items() if until > self.now}
        answer = self.slots.take("t", self.key, SlotClaim(limit, holder, self.now + takes), self.now)
        if holder in self.held or len(self.held) < limit:
            assert answer is None
            self.held[holder] = self.now + takes
        else:
            assert answer == min(self.held.values())

    @rule(holder=st.sampled_from("abcde"))
    def release(self, holder: str) -> None:
        self.held.pop(holder, None)
        self.slots.release("t", self.key, holder)


def _moves(change: BreakerChange | None) -> Moves:
    return [] if change is None else [(change.before, change.after)]


@pytest.mark.parametrize("machine", [BreakerMachine, BucketMachine, SlotsMachine])
def test_the_counters_do_what_their_models_do(
    machine: type[Machine], counters: Table, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """CB-1 to CB-7: every answer, change and refusal is the model's."""
    monkeypatch.setattr(Machine, "table", counters, raising=False)
    examples = 150 if "memory" in request.node.name else 15
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=40,
            deadline=None,
            derandomize=True,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
