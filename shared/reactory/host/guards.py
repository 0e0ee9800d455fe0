"""What an attempt has to pass before it starts: a circuit breaker, a limit of what runs at once, a rate (CB-1 to CB-8, EH-6).

What cannot be given back, a token of a rate, is asked for last. Where the counters cannot be reached the attempt passes:
they protect others, and are no reason to stop everything. For the same reason counters that do not answer are left alone
for a while, and a round of questions takes only so long: they are asked on threads that the instances need as well.
"""

from __future__ import annotations

import logging
import threading
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from reactory.definition.guards import BreakerRule
from reactory.exceptions import ReactoryError, UnavailableError
from reactory.host.circuit_event import circuit_event
from reactory.kernel.effects import RunStep
from reactory.kernel.facts import Failed, Guard, Held, Succeeded
from reactory.ports.breakers import BreakerChange, BreakerRules, Breakers, Permit, Refusal
from reactory.ports.buckets import Buckets, Rate
from reactory.ports.bus import Bus
from reactory.ports.clock import Clock
from reactory.ports.slots import SlotClaim, Slots

_LOG = logging.getLogger("reactory.host")
Answer = TypeVar("Answer")

MARGIN_MS = 30_000
"""How much longer than the attempt may take its permit and its slot count: for a process that died with them."""

LINE_MS = 300_000
"""So much longer counts the slot of an attempt that may have to wait for a thread. If its process dies, whoever runs the
attempt again has the slot still.
"""

SHORTEST_MS, LONGEST_MS = 250, 15_000
"""Between these are the pauses of who waits for a slot, or for a turn at a breaker that is half open."""

SILENCE_MS = 60_000
"""A process complains at most that often of counters that it cannot reach."""

LONGEST_OPEN_MS = 60_000
"""However long a breaker stays open, so often is it asked again: an operator may have reset it."""

REST_MS = 30_000
"""Counters that could not be reached are neither asked nor told anything for that long; then one call tries again."""

ROUND_MS = 5_000
"""After that long one round of questions is over: who has not been asked about passes."""

NO_FAULT = frozenset({"validation", "permission"})
"""Categories that say nothing about the other side (CB-8)."""


@dataclass(frozen=True, slots=True)
class Asked:
    """One attempt that wants to start, of at most ``limit`` ms; ``in_line``: once there is a thread for it."""

    effect: RunStep
    limit: int
    in_line: bool = False


@dataclass(frozen=True, slots=True)
class Passage:
    """What an attempt was given on its way in, to be handed back when it is over. ``slot`` is (key, holder)."""

    tenant: str
    permit: Permit | None = None
    rules: BreakerRules | None = None
    slot: tuple[str, str] | None = None

    def is_idle(self, outcome: Succeeded | Failed | None) -> bool:
        """Whether nothing has to be told anybody: most calls end like that."""
        permit = self.permit
        if self.slot is not None or permit is None:
            return self.slot is None
        quiet = not permit.round and not permit.failures
        return (quiet and isinstance(outcome, Succeeded)) or (not permit.round and _says_nothing(outcome))


@dataclass(slots=True)
class _Round:
    """One round of questions: a key that has refused once is not asked again, and the next in line waits a little longer."""

    tenant: str
    instance_id: str
    end: float
    refused: dict[tuple[Guard, str], int] = field(default_factory=dict)
    changes: list[BreakerChange] = field(default_factory=list)


class Guards:
    """Asks and reports. The methods block, and are called on threads; one object serves a whole process."""

    def __init__(self, breakers: Breakers, buckets: Buckets, slots: Slots, bus: Bus, clock: Clock) -> None:
        self._breakers = breakers
        self._buckets = buckets
        self._slots = slots
        self._bus = bus
        self._clock = clock
        self._silent_until = 0.0
        self._away_until: float | None = None
        self._lock = threading.Lock()

    def ask(self, tenant: str, instance_id: str, asked: Sequence[Asked]) -> list[Passage | Held]:
        """Whether each may start now; if not, until when it is held. Never raises."""
        questions = _Round(tenant, instance_id, self._clock.monotonic() + ROUND_MS / 1000)
        answers = [self._ask(questions, one) for one in asked]
        self.tell(questions.changes)
        return answers

    def leave(self, passage: Passage, outcome: Succeeded | Failed | None, *, release: bool) -> None:
        """An attempt is over, None = it was cancelled or never began. Never raises.

        Without ``release`` the slot stays taken until its time is over: whoever runs the attempt now has it too.
        """
        if passage.permit is not None and passage.rules is not None:
            self._report(passage.permit, passage.rules, outcome)
        if passage.slot is not None and release:
            key, holder = passage.slot
            self._careful(lambda: self._slots.release(passage.tenant, key, holder))

    def tell(self, changes: Sequence[BreakerChange]) -> None:
        """Breakers have moved (CB-7)."""
        if not changes:
            return
        for change in changes:
            _log(change)
        try:
            self._bus.publish([circuit_event(change) for change in changes])
        except ReactoryError as error:
            _LOG.warning("a breaker's change was not published: %s", error.message)

    # --- asking -------------------------------------------------------------------------------------------------------

    def _ask(self, questions: _Round, asked: Asked) -> Passage | Held:
        guards, effect = asked.effect.node.guards, asked.effect
        if guards is None or self._is_late(questions):
            return Passage(questions.tenant)
        until = self._clock.now() + asked.limit + MARGIN_MS
        permit: Permit | None = None
        rules = None if guards.breaker is None else _rules(guards.breaker)
        if rules is not None and (key := effect.keys.get("circuit")) is not None:
            answer = self._ask_breaker(questions, effect, rules, until)
            if isinstance(answer, int):
                return self._held(effect, answer, "circuit", key)
            permit = answer
        slot: tuple[str, str] | None = None
        if guards.slots is not None and (key := effect.keys.get("concurrency")) is not None:
            slot = key, _holder(questions.instance_id, effect)
            claim = SlotClaim(guards.slots.limit, slot[1], until + LINE_MS * asked.in_line)
            busy = self._ask_slot(questions, effect, key, claim)
            if busy is not None:
                self._give_back(permit)
                return self._held(effect, busy, "concurrency", key)
        if guards.rate is not None and (key := effect.keys.get("rate")) is not None:
            later = self._ask_rate(questions, key, Rate(guards.rate.limit, guards.rate.per))
            if later is not None:
                self.leave(Passage(questions.tenant, permit, rules, slot), None, release=True)
                return self._held(effect, later, "rate", key)
        return Passage(questions.tenant, permit, rules, slot)

    def _ask_breaker(self, questions: _Round, effect: RunStep, rules: BreakerRules, until: int) -> Permit | int | None:
        """The permit, or when to ask again; None: nobody knows, so it passes."""
        key, now = effect.keys["circuit"], self._clock.now()
        known = questions.refused.get(("circuit", key))
        if known is not None:
            return known
        found = self._careful(lambda: self._breakers.ask(questions.tenant, key, rules, now, until))
        if found is None:
            return None
        answer, change = found
        if change is not None:
            questions.changes.append(change)
        if isinstance(answer, Permit):
            return answer
        again = self._again(questions, effect, answer, now)
        questions.refused["circuit", key] = again
        return again

    def _again(self, questions: _Round, effect: RunStep, refusal: Refusal, now: int) -> int:
        if refusal.state == "half_open":  # its turns are taken: whoever has waited longer asks less often
            return max(refusal.retry_at, now + _pause(questions.instance_id, effect))
        return min(max(refusal.retry_at, now + SHORTEST_MS), now + LONGEST_OPEN_MS)

    def _ask_slot(self, questions: _Round, effect: RunStep, key: str, claim: SlotClaim) -> int | None:
        """When to ask again; None: it has the slot, or nobody knows."""
        now = self._clock.now()
        first = questions.refused.get(("concurrency", key))
        if first is None:
            first = self._careful(lambda: self._slots.take(questions.tenant, key, claim, now))
        if first is None:
            return None
        questions.refused["concurrency", key] = first
        return max(now + SHORTEST_MS, min(first, now + _pause(questions.instance_id, effect)))

    def _ask_rate(self, questions: _Round, key: str, rate: Rate) -> int | None:
        now = self._clock.now()
        last = questions.refused.get(("rate", key))
        later = (
            self._careful(lambda: self._buckets.take(questions.tenant, key, rate, now))
            if last is None
            else last + -(-rate.per_ms // rate.limit)  # tokens come one by one: so do those who wait for them
        )
        if later is None:
            return None
        questions.refused["rate", key] = later = max(later, now + 1)
        return later

    def _held(self, effect: RunStep, until: int, by: Guard, key: str) -> Held:
        return Held(effect.path, effect.attempt, self._clock.now(), until, by, key, effect.generation)

    # --- reporting ----------------------------------------------------------------------------------------------------

    def _report(self, permit: Permit, rules: BreakerRules, outcome: Succeeded | Failed | None) -> None:
        if _says_nothing(outcome):
            self._give_back(permit)
            return
        failed = isinstance(outcome, Failed)
        change = self._careful(lambda: self._breakers.report(permit, rules, self._clock.now(), failed=failed))
        if change is not None:
            self.tell([change])

    def _give_back(self, permit: Permit | None) -> None:
        if permit is not None:
            self._careful(lambda: self._breakers.give_back(permit))

    def _careful(self, call: Callable[[], Answer]) -> Answer | None:
        """The answer; None where the counters cannot be reached, or could not a moment ago."""
        if self._are_away():
            return None
        try:
            answer = call()
        except ReactoryError as error:
            if isinstance(error, UnavailableError):
                self._away_until = self._clock.monotonic() + REST_MS / 1000
            self._complain(f"cannot be reached, attempts pass unguarded: {error.message}")
            return None
        self._away_until = None
        return answer

    def _are_away(self) -> bool:
        """Whether the counters are left alone. Of several threads one is sent to try again, the others go on without."""
        with self._lock:
            if self._away_until is None:
                return False
            now = self._clock.monotonic()
            if now < self._away_until:
                return True
            self._away_until = now + REST_MS / 1000
            return False

    def _is_late(self, questions: _Round) -> bool:
        if self._clock.monotonic() < questions.end:
            return False
        self._complain("answer too slowly, some attempts pass unguarded")
        return True

    def _complain(self, what: str) -> None:
        now = self._clock.monotonic()
        if now >= self._silent_until:
            self._silent_until = now + SILENCE_MS / 1000
            _LOG.warning("the counters of breakers and limits %s", what)


def _log(change: BreakerChange) -> None:
    level = logging.WARNING if change.after == "open" else logging.INFO
    extra = {"tenant": change.tenant, "circuit": change.key, "state": change.after, "previous_state": change.before}
    _LOG.log(level, "circuit '%s' was %s and is %s", change.key, change.before, change.after, extra=extra)


def _says_nothing(outcome: Succeeded | Failed | None) -> bool:
    """Whether an attempt's end tells nothing about the other side (CB-8)."""
    return outcome is None or (isinstance(outcome, Failed) and outcome.error.category in NO_FAULT)


def _rules(rule: BreakerRule) -> BreakerRules:
    return BreakerRules(
        rule.failure_threshold, rule.window, rule.recovery_time, rule.half_open_max_attempts, rule.success_threshold
    )


def _holder(instance_id: str, effect: RunStep) -> str:
    """The same for the same attempt, whoever runs it: an attempt that is run again after a crash has its slot still."""
    return f"{instance_id}/{effect.path}~{effect.generation}@{effect.attempt}"


def _pause(instance_id: str, effect: RunStep) -> int:
    """Milliseconds until the next try, longer the more often it was held, and spread by a hash."""
    longest = min(LONGEST_MS, SHORTEST_MS * 2 ** min(effect.holds + 1, 10))
    seed = f"{_holder(instance_id, effect)}#{effect.holds}"
    return max(SHORTEST_MS, int(longest * (0.5 + 0.5 * zlib.crc32(seed.encode()) / 0xFFFFFFFF)))
