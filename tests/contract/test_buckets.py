"""The contract of the port Buckets, kept in memory and in DynamoDB (moto)."""

from __future__ import annotations

import pytest

from reactory.adapters.counters.buckets import TableBuckets
from reactory.adapters.counters.table import Table
from reactory.ports.buckets import Buckets, Rate

RATE = Rate(limit=5, per_ms=1_000)
NOW = 1_800_000_000_000


def taken(buckets: Buckets, now: int, times: int, rate: Rate = RATE, key: str = "k") -> int:
    """How many of so many attempts at once got a token."""
    return sum(buckets.take("t", key, rate, now) is None for _ in range(times))


def test_a_full_bucket_gives_all_its_tokens_at_once(buckets: Buckets) -> None:
    """WR-7: a burst of the whole limit passes, not one more; the answer says when there will be a token."""
    assert taken(buckets, NOW, 5) == 5
    assert buckets.take("t", "k", RATE, NOW) == NOW + 200
    assert buckets.take("t", "k", RATE, NOW + 199) == NOW + 200
    assert buckets.take("t", "k", RATE, NOW + 200) is None


def test_it_fills_evenly_up_to_its_limit(buckets: Buckets) -> None:
    """WR-7: a token per interval, however long nobody came."""
    taken(buckets, NOW, 5)
    assert [taken(buckets, NOW + 200 * number, 3) for number in (1, 2, 4)] == [1, 1, 2]
    assert taken(buckets, NOW + 86_400_000, 7) == 5


def test_several_tokens_are_taken_together_or_not_at_all(buckets: Buckets) -> None:
    """WR-7: what is refused costs nothing, and the time in the answer is enough."""
    assert buckets.take("t", "k", RATE, NOW, amount=3) is None
    again = buckets.take("t", "k", RATE, NOW, amount=4)
    assert again == NOW + 400
    assert buckets.take("t", "k", RATE, NOW, amount=2) is None
    assert buckets.take("t", "k", RATE, again, amount=2) is None


@pytest.mark.parametrize("amount", [0, -1, 6])
def test_more_than_fits_is_a_mistake(buckets: Buckets, amount: int) -> None:
    """No bucket will ever give that."""
    with pytest.raises(ValueError, match="1 to 5 tokens"):
        buckets.take("t", "k", RATE, NOW, amount)


@pytest.mark.parametrize("rate", [Rate(7, 1_000), Rate(3, 1_000), Rate(100, 60_000), Rate(60_000, 60_000), Rate(1, 1)])
def test_any_limit_is_kept_to_the_token(buckets: Buckets, rate: Rate) -> None:
    """WR-7: a limit that does not divide its time is neither exceeded nor missed."""
    for number in range(3):
        assert buckets.take("t", f"{number}", rate, NOW, rate.limit) is None
        again = buckets.take("t", f"{number}", rate, NOW)
        assert again is not None
        assert NOW < again <= NOW + -(-rate.per_ms // rate.limit) + 1
        assert buckets.take("t", f"{number}", rate, again - 1) == again
        assert buckets.take("t", f"{number}", rate, again) is None


def test_buckets_are_told_apart_by_tenant_and_key(buckets: Buckets) -> None:
    """CB-6: one that is empty is nobody else's concern."""
    taken(buckets, NOW, 5)
    assert buckets.take("t", "other", RATE, NOW) is None
    assert buckets.take("u", "k", RATE, NOW) is None
    assert buckets.take("t#k", "", RATE, NOW) is None


def test_two_processes_share_it(counters: Table) -> None:
    """CB-6: what one has taken is missing for the other, whatever either remembers."""
    one, two = TableBuckets(counters), TableBuckets(counters)
    assert [each.take("t", "k", RATE, NOW) is None for each in (one, two, one, one, two, one, two)] == [True] * 5 + [
        False
    ] * 2
    assert one.take("t", "k", RATE, NOW + 200) is None
    assert two.take("t", "k", RATE, NOW + 200) == NOW + 400


def test_a_clock_that_is_behind_gives_nothing_away(buckets: Buckets) -> None:
    """CB-6: a process whose clock is late waits for its own time to come."""
    taken(buckets, NOW, 5)
    assert buckets.take("t", "k", RATE, NOW - 10_000) == NOW + 200


def test_what_is_full_again_expires(buckets: Buckets, counters: Table) -> None:
    """An hour after it must be full."""
    taken(buckets, NOW, 2)
    item = counters.get("bucket#t#k")
    assert item is not None
    assert item["expiresAt"] == (NOW + RATE.per_ms) // 1_000 + 3_600
