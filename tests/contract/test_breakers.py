"""The contract of the port Breakers, kept in memory and in DynamoDB (moto)."""

from __future__ import annotations

import pytest

from reactory.adapters.counters.table import Table
from reactory.ports.breakers import Breaker, BreakerChange, BreakerRules, Breakers, Permit, Refusal

RULES = BreakerRules(failure_threshold=3, window_ms=60_000, recovery_ms=30_000, half_open_calls=2, success_threshold=2)
KEY = "host:api.acme.com"
NOW = 1_800_000_000_000
CALL = 5_000
"""The longest that a call of these tests takes."""


def permit(breakers: Breakers, now: int = NOW, key: str = KEY) -> Permit:
    answer, _ = breakers.ask("t", key, RULES, now, now + CALL)
    assert isinstance(answer, Permit)
    return answer


def fail(breakers: Breakers, now: int = NOW, key: str = KEY) -> BreakerChange | None:
    return breakers.report(permit(breakers, now, key), RULES, now, failed=True)


def opened(breakers: Breakers, now: int = NOW, key: str = KEY) -> BreakerChange | None:
    """What the failure says that opens it."""
    return [fail(breakers, now, key) for _ in range(RULES.failure_threshold)][-1]


def half_open(breakers: Breakers) -> tuple[Permit, int]:
    """The first permit of the first round, and when it was given."""
    opened(breakers)
    now = NOW + RULES.recovery_ms
    return permit(breakers, now), now


def state(breakers: Breakers, key: str = KEY) -> Breaker:
    found = breakers.get("t", key)
    assert found is not None
    return found


def test_a_closed_breaker_lets_all_pass_and_costs_nothing(breakers: Breakers) -> None:
    """CB-1: whoever asks gets a permit; a breaker without a failure is not even known."""
    permits = [permit(breakers) for _ in range(10)]
    assert permits == [Permit("t", KEY)] * 10
    assert [breakers.report(one, RULES, NOW, failed=False) for one in permits] == [None] * 10
    assert breakers.get("t", KEY) is None
    assert breakers.list("t", 10) == []


def test_failures_in_a_window_open_it(breakers: Breakers) -> None:
    """CB-1, CB-7: the failure that reaches the threshold opens it, and whoever reported that one is told."""
    assert [fail(breakers, NOW + number) for number in range(3)] == [
        None,
        None,
        BreakerChange("t", KEY, "closed", "open", NOW + 2),
    ]
    assert state(breakers) == Breaker(
        "t", KEY, "open", failures=3, opened_at=NOW + 2, retry_at=NOW + 2 + RULES.recovery_ms, changed_at=NOW + 2
    )


def test_a_window_begins_with_its_first_failure(breakers: Breakers) -> None:
    """CB-1: failures that are further apart than the window do not add up."""
    fail(breakers, NOW)
    fail(breakers, NOW + RULES.window_ms - 1)
    assert fail(breakers, NOW + RULES.window_ms) is None
    assert (state(breakers).failures, state(breakers).window_at) == (1, NOW + RULES.window_ms)


def test_a_threshold_of_one_opens_at_once(breakers: Breakers) -> None:
    """CB-1: one failure is enough where the rules say so, for a new breaker and for one that has counted before."""
    rules = BreakerRules(failure_threshold=1)
    change = breakers.report(permit(breakers), rules, NOW, failed=True)
    assert change == BreakerChange("t", KEY, "closed", "open", NOW)
    fail(breakers, NOW, "other")
    assert breakers.report(permit(breakers, NOW, "other"), rules, NOW, failed=True) is not None
    assert (state(breakers).failures, state(breakers, "other").failures) == (1, 1)


def test_failures_reported_late_count_from_now(breakers: Breakers) -> None:
    """CB-1: calls that were permitted together count one by one, whatever each permit knew of the others."""
    permits = [permit(breakers) for _ in range(3)]
    changes = [breakers.report(one, RULES, NOW, failed=True) for one in permits]
    assert [change is not None for change in changes] == [False, False, True]


def test_an_open_breaker_refuses_and_says_until_when(breakers: Breakers) -> None:
    """CB-2: nobody passes before the recovery time is over; asking changes nothing."""
    opened(breakers)
    before = state(breakers)
    for now in (NOW, NOW + RULES.recovery_ms - 1):
        answer = breakers.ask("t", KEY, RULES, now, now + CALL)
        assert answer == (Refusal("t", KEY, "open", NOW + RULES.recovery_ms), None)
    assert state(breakers) == before


def test_a_failure_that_comes_after_the_opening_changes_nothing(breakers: Breakers) -> None:
    """CB-2: the timer runs from the opening, not from the last of the calls that were under way."""
    late = permit(breakers)
    opened(breakers)
    assert breakers.report(late, RULES, NOW + 10_000, failed=True) is None
    assert breakers.report(late, RULES, NOW + 10_000, failed=False) is None
    assert state(breakers).opened_at == NOW


def test_the_first_who_asks_after_the_recovery_tries(breakers: Breakers) -> None:
    """CB-3, CB-7: it moves to half open with that call in flight, and only that caller is told."""
    opened(breakers)
    now = NOW + RULES.recovery_ms
    answer = breakers.ask("t", KEY, RULES, now, now + CALL)
    assert answer == (Permit("t", KEY, round=1), BreakerChange("t", KEY, "open", "half_open", now))
    assert breakers.ask("t", KEY, RULES, now, now + CALL) == (Permit("t", KEY, round=1), None)
    assert (state(breakers).state, state(breakers).in_flight, state(breakers).retry_at) == ("half_open", 2, None)


def test_no_more_than_the_allowed_calls_are_in_flight(breakers: Breakers) -> None:
    """CB-3: who comes when all permits are given is told to come soon, at most when the round is over."""
    _, now = half_open(breakers)
    permit(breakers, now)
    assert breakers.ask("t", KEY, RULES, now, now + CALL) == (Refusal("t", KEY, "half_open", now + 1_000), None)
    late = now + CALL - 10
    assert breakers.ask("t", KEY, RULES, late, late + CALL) == (Refusal("t", KEY, "half_open", now + CALL), None)


def test_successes_close_it(breakers: Breakers) -> None:
    """CB-4, CB-7: the success that reaches the threshold closes it, all counts are zero, and its reporter is told."""
    first, now = half_open(breakers)
    assert breakers.report(first, RULES, now, failed=False) is None
    assert (state(breakers).in_flight, state(breakers).successes) == (0, 1)
    change = breakers.report(permit(breakers, now), RULES, now + 1, failed=False)
    assert change == BreakerChange("t", KEY, "half_open", "closed", now + 1)
    assert state(breakers) == Breaker("t", KEY, "closed", round=1, changed_at=now + 1)
    assert permit(breakers, now + 2) == Permit("t", KEY)


def test_one_success_closes_it_where_one_is_enough(breakers: Breakers) -> None:
    """CB-4: with a threshold of one the first success closes it."""
    rules = BreakerRules(failure_threshold=3, recovery_ms=RULES.recovery_ms, success_threshold=1)
    first, now = half_open(breakers)
    assert breakers.report(first, rules, now, failed=False) == BreakerChange("t", KEY, "half_open", "closed", now)


def test_a_failure_of_the_trial_opens_it_again(breakers: Breakers) -> None:
    """CB-4: the timer starts anew, and what else was in flight in that round counts for nothing any more."""
    first, now = half_open(breakers)
    second = permit(breakers, now)
    assert breakers.report(first, RULES, now + 7, failed=True) == BreakerChange("t", KEY, "half_open", "open", now + 7)
    assert breakers.report(second, RULES, now + 8, failed=True) is None
    assert breakers.report(second, RULES, now + 8, failed=False) is None
    breakers.give_back(second)
    found = state(breakers)
    assert (found.state, found.opened_at, found.in_flight) == ("open", now + 7, 0)
    assert breakers.ask("t", KEY, RULES, now + 8, now + 9)[0] == Refusal("t", KEY, "open", now + 7 + RULES.recovery_ms)


def test_a_report_of_an_earlier_round_counts_for_nothing(breakers: Breakers) -> None:
    """CB-4: neither a success nor a failure nor a permit given back reaches the round after it."""
    first, now = half_open(breakers)
    breakers.report(first, RULES, now, failed=True)
    again = now + RULES.recovery_ms
    assert permit(breakers, again).round == 2
    for failed in (True, False):
        assert breakers.report(first, RULES, again, failed=failed) is None
    breakers.give_back(first)
    found = state(breakers)
    assert (found.state, found.round, found.in_flight, found.successes) == ("half_open", 2, 1, 0)


def test_calls_of_dead_processes_do_not_hold_their_permits(breakers: Breakers) -> None:
    """CB-3: when the last call of a round must be over, a new round begins; nobody is told of a change."""
    dead, now = half_open(breakers)
    breakers.ask("t", KEY, RULES, now, now + 2 * CALL)
    assert isinstance(breakers.ask("t", KEY, RULES, now + CALL, now + 3 * CALL)[0], Refusal)
    later = now + 2 * CALL
    assert breakers.ask("t", KEY, RULES, later, later + CALL) == (Permit("t", KEY, round=2), None)
    assert breakers.report(dead, RULES, later, failed=True) is None
    assert state(breakers).state == "half_open"


def test_a_permit_given_back_is_free(breakers: Breakers) -> None:
    """CB-3, CB-8: a call that was not made, or says nothing about the other side, is neither success nor failure."""
    first, now = half_open(breakers)
    second = permit(breakers, now)
    breakers.give_back(first)
    assert state(breakers).in_flight == 1
    assert permit(breakers, now).round == 1
    for one in (first, second, second):
        breakers.give_back(one)
    assert (state(breakers).in_flight, state(breakers).successes) == (0, 0)
    assert breakers.report(second, RULES, now, failed=False) is None
    assert state(breakers).successes == 0


def test_giving_back_a_permit_of_a_closed_breaker_does_nothing(breakers: Breakers) -> None:
    """CB-8: there is nothing to free."""
    breakers.give_back(permit(breakers))
    assert breakers.get("t", KEY) is None


def test_a_success_resets_the_count(breakers: Breakers) -> None:
    """CB-5: after a success the failures begin anew."""
    fail(breakers)
    fail(breakers)
    assert breakers.report(permit(breakers), RULES, NOW, failed=False) is None
    assert state(breakers).failures == 0
    assert [fail(breakers) is None for _ in range(3)] == [True, True, False]


def test_rules_may_change_while_it_counts(breakers: Breakers) -> None:
    """CB-1: a threshold that was lowered below what is counted opens at the next failure."""
    fail(breakers)
    fail(breakers)
    rules = BreakerRules(failure_threshold=2)
    assert breakers.report(permit(breakers), rules, NOW, failed=True) is not None


def test_breakers_are_told_apart_by_tenant_and_key(breakers: Breakers) -> None:
    """CB-6: no other target and no other tenant is touched, however the names are put together."""
    for _ in range(3):
        breakers.report(Permit("a#b", "c"), RULES, NOW, failed=True)
    assert breakers.get("a", "b#c") is None
    assert breakers.get("a#b", "d") is None
    assert breakers.list("a", 10) == []
    assert [found.key for found in breakers.list("a#b", 10)] == ["c"]


def test_a_reset_closes_and_forgets(breakers: Breakers) -> None:
    """CB-7: from open and from half open; permits of the round before count for nothing."""
    opened(breakers)
    assert breakers.reset("t", KEY, NOW + 1) == BreakerChange("t", KEY, "open", "closed", NOW + 1)
    assert state(breakers) == Breaker("t", KEY, "closed", changed_at=NOW + 1)
    trial, now = half_open(breakers)
    assert breakers.reset("t", KEY, now) == BreakerChange("t", KEY, "half_open", "closed", now)
    assert breakers.report(trial, RULES, now, failed=True) is None
    assert state(breakers) == Breaker("t", KEY, "closed", round=1, changed_at=now)


def test_resetting_a_closed_breaker_is_no_change(breakers: Breakers) -> None:
    """CB-7: its failures are forgotten; one that is not known stays unknown."""
    fail(breakers)
    assert breakers.reset("t", KEY, NOW) is None
    assert state(breakers).failures == 0
    assert breakers.reset("t", "unknown", NOW) is None
    assert breakers.get("t", "unknown") is None


def test_a_listing_goes_page_by_page(breakers: Breakers) -> None:
    """CB-7: by key, each breaker once, those of other tenants never."""
    keys = [f"host:{name}.test" for name in ("a", "b", "c", "d", "e")]
    for key in reversed(keys):
        fail(breakers, NOW, key)
    breakers.report(Permit("u", "host:a.test"), RULES, NOW, failed=True)
    pages = [breakers.list("t", 2), breakers.list("t", 2, keys[1]), breakers.list("t", 2, keys[3])]
    assert [[found.key for found in page] for page in pages] == [keys[:2], keys[2:4], keys[4:]]
    assert pages[0][0] == Breaker("t", keys[0], failures=1, window_at=NOW)
    assert breakers.list("t", 2, keys[4]) == []
    assert breakers.list("nobody", 2) == []


def test_a_key_may_be_as_long_as_it_likes(breakers: Breakers) -> None:
    """CB-6: more than an item's key can hold; two that differ at their ends are two."""
    keys = ["é" * 2_000 + end for end in "ab"]
    for key in keys:
        fail(breakers, NOW, key)
    assert {found.key for found in breakers.list("t", 10)} == set(keys)
    after = breakers.list("t", 1)[0].key
    assert [found.key for found in breakers.list("t", 10, after)] == [key for key in keys if key != after]


def test_what_is_forgotten_expires(breakers: Breakers, counters: Table) -> None:
    """CB-6: an item lasts a day longer than what it says can matter."""
    fail(breakers)
    item = counters.get(f"breaker#t#{KEY}")
    assert item is not None
    assert item["expiresAt"] == (NOW + RULES.window_ms + RULES.recovery_ms + 86_400_000) // 1_000


@pytest.mark.parametrize("until", [NOW + RULES.recovery_ms, NOW])
def test_a_call_that_should_be_over_already_holds_nothing(breakers: Breakers, until: int) -> None:
    """CB-3: its round is over at once; whoever asks next begins another."""
    opened(breakers)
    now = NOW + RULES.recovery_ms
    breakers.ask("t", KEY, RULES, now, until)
    assert permit(breakers, now).round == 2
