"""Circuit breakers (CB-1 to CB-6) over a table of counters.

While a breaker is closed and healthy, a call costs one read and writes nothing. Everything else is one conditional
update whose guard is what the decision depends on: which of two concurrent updates comes first does not matter, and no
lost race loses a failure or gives a permit twice.

The item: ``state``; ``failures`` since ``windowAt``; ``openedAt``, and ``retryAt`` for those who look; ``round``, with its
``inFlight`` and ``successes``, over at ``probeUntil`` at the latest; ``changedAt``. A round's number never comes back, so
that a report of an earlier one is known as such.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any, cast

from reactory.adapters.counters.decision import Move, Settled, decide
from reactory.adapters.counters.keys import item_key, kind_of
from reactory.adapters.counters.table import Change, Compare, Comparison, Exists, Guard, Item, Path, Table, Test, Value
from reactory.ports.breakers import Breaker, BreakerChange, BreakerRules, BreakerState, Permit, Refusal

NOUN = "breaker"
KEPT_MS = 86_400_000
"""How long a breaker that nobody changes is kept."""

PAUSE_MS = 1_000
"""After a refusal by a full round: a call takes about that long, then a permit may be free."""

_WINDOW: tuple[Path, ...] = (("windowAt",),)
_TRIAL: tuple[Path, ...] = (("openedAt",), ("retryAt",), ("probeUntil",))

Asked = tuple[Permit | Refusal, BreakerChange | None]
Step = Settled[BreakerChange | None] | Move[BreakerChange | None]


class TableBreakers:
    """Implements the port ``Breakers``."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def ask(self, tenant: str, key: str, rules: BreakerRules, now: int, until: int) -> Asked:
        pk = item_key(NOUN, tenant, key)
        return decide(self._table, pk, self._table.get(pk), _Ask(tenant, key, rules, now, until).plan)

    def report(self, permit: Permit, rules: BreakerRules, now: int, *, failed: bool) -> BreakerChange | None:
        pk = item_key(NOUN, permit.tenant, permit.key)
        if permit.round:
            guess: Item = {"state": "half_open", "round": permit.round, "inFlight": 1, "successes": 0}
            return decide(self._table, pk, guess, partial(_plan_trial, permit, rules, now, failed))
        if not failed:
            self._forget_failures(permit, pk, now)
            return None
        known: Item | None = {"state": "closed", "failures": permit.failures, "windowAt": now}
        return decide(self._table, pk, known if permit.failures else None, partial(_plan_failure, permit, rules, now))

    def _forget_failures(self, permit: Permit, pk: str, now: int) -> None:
        """CB-5. Where there are none, or the breaker is not closed any more, nothing happens."""
        if permit.failures:
            guard = _all(_is("state", "closed"), _test("failures", ">", 0))
            self._table.change(pk, Change(guard=guard, put={"failures": 0}, drop=_WINDOW, at=now))

    def give_back(self, permit: Permit) -> None:
        if permit.round:
            guard = _all(_is("state", "half_open"), _is("round", permit.round), _test("inFlight", ">", 0))
            self._table.change(item_key(NOUN, permit.tenant, permit.key), Change(guard=guard, add={"inFlight": -1}))

    def get(self, tenant: str, key: str) -> Breaker | None:
        item = self._table.get(item_key(NOUN, tenant, key))
        return None if item is None else _breaker(tenant, item)

    def reset(self, tenant: str, key: str, now: int) -> BreakerChange | None:
        pk = item_key(NOUN, tenant, key)
        return decide(self._table, pk, self._table.get(pk), partial(_plan_reset, Breaker(tenant, key), now))

    def list(self, tenant: str, limit: int, after: str | None = None) -> list[Breaker]:
        behind = None if after is None else item_key(NOUN, tenant, after)
        return [_breaker(tenant, item) for item in self._table.list(kind_of(NOUN, tenant), limit, behind)]


@dataclass(frozen=True, slots=True)
class _Ask:
    """Whether a call may pass that is over by ``until`` (CB-2, CB-3)."""

    tenant: str
    key: str
    rules: BreakerRules
    now: int
    until: int

    def plan(self, item: Item | None) -> Settled[Asked] | Move[Asked]:
        if item is None or item["state"] == "closed":
            failures = 0 if item is None else _number(item, "failures")
            return Settled((Permit(self.tenant, self.key, failures=failures), None))
        return self._plan_open(item) if item["state"] == "open" else self._plan_half_open(item)

    def _plan_open(self, item: Item) -> Settled[Asked] | Move[Asked]:
        retry_at = _number(item, "openedAt") + self.rules.recovery_ms
        if self.now < retry_at:
            return Settled((Refusal(self.tenant, self.key, "open", retry_at), None))
        change = BreakerChange(self.tenant, self.key, "open", "half_open", self.now)
        return self._begin_round(item, _all(_is("state", "open"), _is("openedAt", item["openedAt"])), change)

    def _plan_half_open(self, item: Item) -> Settled[Asked] | Move[Asked]:
        over = _number(item, "probeUntil")
        if over <= self.now:  # whoever had its permits is dead, or late
            same = _is("state", "half_open"), _is("round", item["round"])
            return self._begin_round(item, _all(*same, _test("probeUntil", "<=", self.now)), None)
        if _number(item, "inFlight") < self.rules.half_open_calls:
            return self._join_round(item)
        return Settled((Refusal(self.tenant, self.key, "half_open", min(self.now + PAUSE_MS, over)), None))

    def _begin_round(self, item: Item, guard: Guard, change: BreakerChange | None) -> Move[Asked]:
        number = _number(item, "round") + 1
        put: dict[str, Value] = {"state": "half_open", "round": number, "inFlight": 1, "successes": 0}
        put |= {"probeUntil": self.until, **_expiry(self.until)}
        if change is not None:
            put["changedAt"] = self.now
        permit = Permit(self.tenant, self.key, number)
        return Move(Change(guard=guard, put=put, drop=(("retryAt",),), at=self.now), (permit, change))

    def _join_round(self, item: Item) -> Move[Asked]:
        """One more in flight. The round lasts as long as the longest of its calls."""
        longer = self.until > _number(item, "probeUntil")
        guard = _all(
            _is("state", "half_open"),
            _is("round", item["round"]),
            _test("inFlight", "<", self.rules.half_open_calls),
            _test("probeUntil", ">", self.now),
            _test("probeUntil", "<" if longer else ">=", self.until),
        )
        put: dict[str, Value] = {"probeUntil": self.until, **_expiry(self.until)} if longer else {}
        permit = Permit(self.tenant, self.key, _number(item, "round"))
        return Move(Change(guard=guard, put=put, add={"inFlight": 1}, at=self.now), (permit, None))


def _plan_failure(permit: Permit, rules: BreakerRules, now: int, item: Item | None) -> Step:
    """CB-1: a call that passed while the breaker was closed has failed."""
    if item is not None and item["state"] != "closed":
        return Settled(None)
    floor = now - rules.window_ms
    in_window = item is not None and _number(item, "windowAt") > floor
    failures = _number(item, "failures") if item is not None and in_window else 0
    closed, current = _is("state", "closed"), _test("windowAt", ">", floor)
    about: dict[str, Value] = {"kind": kind_of(NOUN, permit.tenant), "key": permit.key}
    about |= _expiry(now + rules.window_ms + rules.recovery_ms)
    if failures + 1 >= rules.failure_threshold:
        enough = _test("failures", ">=", rules.failure_threshold - 1)
        guard = _all(closed, current, enough) if rules.failure_threshold > 1 else ((_NEW,), (closed,))
        opened = _opened(rules, now) | about
        if rules.failure_threshold == 1:
            opened["failures"] = 1
        more = {} if "failures" in opened else {"failures": 1}
        change = BreakerChange(permit.tenant, permit.key, "closed", "open", now)
        return Move(Change(guard=guard, put=opened, add=more, drop=_WINDOW, at=now), change)
    if failures:
        guard = _all(closed, current, _test("failures", "<", rules.failure_threshold - 1))
        return Move(Change(guard=guard, put=about, add={"failures": 1}, at=now), None)
    begun: dict[str, Value] = {"state": "closed", "failures": 1, "windowAt": now}
    guard = ((_NEW,), (closed, Exists(("windowAt",), expected=False)), (closed, _test("windowAt", "<=", floor)))
    return Move(Change(guard=guard, put=begun | about, at=now), None)


def _plan_trial(permit: Permit, rules: BreakerRules, now: int, failed: bool, item: Item | None) -> Step:
    """CB-4: a call of a half-open round has ended. What a round that is over has to say counts for nothing."""
    if item is None or (item["state"], item["round"]) != ("half_open", permit.round) or not _number(item, "inFlight"):
        return Settled(None)
    same = (_is("state", "half_open"), _is("round", permit.round), _test("inFlight", ">", 0))
    if failed:
        change = BreakerChange(permit.tenant, permit.key, "half_open", "open", now)
        put = _opened(rules, now) | _expiry(now + rules.recovery_ms)
        return Move(Change(guard=_all(*same), put=put, drop=(("probeUntil",),), at=now), change)
    last = rules.success_threshold - 1
    if _number(item, "successes") >= last:
        change = BreakerChange(permit.tenant, permit.key, "half_open", "closed", now)
        guard = _all(*same, _test("successes", ">=", last))
        return Move(Change(guard=guard, put=_closed(now), drop=_TRIAL, at=now), change)
    guard = _all(*same, _test("successes", "<", last))
    return Move(Change(guard=guard, add={"inFlight": -1, "successes": 1}, at=now), None)


def _plan_reset(of: Breaker, now: int, item: Item | None) -> Step:
    if item is None or (item["state"] == "closed" and not _number(item, "failures")):
        return Settled(None)
    before = cast("BreakerState", item["state"])
    guard = _all(_is("state", before))
    if before == "closed":
        return Move(Change(guard=guard, put={"failures": 0}, drop=_WINDOW, at=now), None)
    change = BreakerChange(of.tenant, of.key, before, "closed", now)
    return Move(Change(guard=guard, put=_closed(now), drop=_TRIAL, at=now), change)


def _opened(rules: BreakerRules, now: int) -> dict[str, Value]:
    return {
        "state": "open",
        "openedAt": now,
        "retryAt": now + rules.recovery_ms,
        "inFlight": 0,
        "successes": 0,
        "changedAt": now,
    }


def _closed(now: int) -> dict[str, Value]:
    return {"state": "closed", "failures": 0, "inFlight": 0, "successes": 0, "changedAt": now}


def _expiry(last: int) -> dict[str, Value]:
    return {"expiresAt": (last + KEPT_MS) // 1000}


_NEW = Exists(("state",), expected=False)


def _all(*tests: Test) -> Guard:
    return (tests,)


def _is(name: str, value: Value) -> Compare:
    return Compare((name,), "=", value)


def _test(name: str, by: Comparison, value: int) -> Compare:
    return Compare((name,), by, value)


def _number(item: Item, name: str) -> int:
    return cast("int", item.get(name, 0))


def _breaker(tenant: str, item: Item) -> Breaker:
    known: Any = item
    return Breaker(
        tenant=tenant,
        key=known["key"],
        state=known["state"],
        failures=known.get("failures", 0),
        window_at=known.get("windowAt", 0),
        opened_at=known.get("openedAt"),
        retry_at=known.get("retryAt"),
        round=known.get("round", 0),
        in_flight=known.get("inFlight", 0),
        successes=known.get("successes", 0),
        changed_at=known.get("changedAt"),
    )
