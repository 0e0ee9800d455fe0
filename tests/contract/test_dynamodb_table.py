"""What only the table of counters in DynamoDB (moto) has: lost answers, failures, what a decision costs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from reactory.adapters.aws.dynamodb import DynamoTable
from reactory.adapters.counters.breakers import TableBreakers
from reactory.adapters.counters.buckets import TableBuckets
from reactory.adapters.counters.slots import TableSlots
from reactory.exceptions import CountersUnavailableError, StoreUnavailableError
from reactory.local import endpoint
from reactory.ports.breakers import Breaker, BreakerChange, BreakerRules, Permit
from reactory.ports.buckets import Rate
from reactory.ports.slots import SlotClaim
from reactory.topology import COUNTERS_TABLE

RULES = BreakerRules(failure_threshold=3, window_ms=60_000, recovery_ms=30_000, half_open_calls=1, success_threshold=2)
NOW = 1_800_000_000_000


class Requests:
    """DynamoDB's client, which counts what it sends. ``repeat``: each update is sent again, as when its answer is lost."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self.sent: Counter[str] = Counter()
        self.repeat = False

    def update_item(self, **request: Any) -> Any:
        self.sent["update"] += 1
        if self.repeat:
            self._client.update_item(**request)
        return self._client.update_item(**request)

    def get_item(self, **request: Any) -> Any:
        self.sent["get"] += 1
        return self._client.get_item(**request)

    def taken(self) -> dict[str, int]:
        found, self.sent = dict(self.sent), Counter()
        return found


@pytest.fixture
def requests(dynamodb: Any) -> Iterator[Requests]:
    from moto import mock_aws

    with mock_aws():
        endpoint._create_table(dynamodb)
        yield Requests(dynamodb)


@pytest.fixture
def table(requests: Requests) -> DynamoTable:
    return DynamoTable(lambda: requests, COUNTERS_TABLE)  # type: ignore[arg-type,return-value]  # a part of a client


def permit(breakers: TableBreakers, now: int = NOW) -> Permit:
    answer, _ = breakers.ask("t", "k", RULES, now, now + 5_000)
    assert isinstance(answer, Permit)
    return answer


def test_a_breakers_decision_is_one_update(table: DynamoTable, requests: Requests) -> None:
    """CB-6: a healthy call costs one read. Failures, the trial and its end cost one update each, asking one read more."""
    breakers = TableBreakers(table)
    breakers.report(permit(breakers), RULES, NOW, failed=False)
    assert requests.taken() == {"get": 1}
    for _ in range(3):
        one = permit(breakers)
        requests.taken()
        breakers.report(one, RULES, NOW, failed=True)
        assert requests.taken() == {"update": 1}
    breakers.ask("t", "k", RULES, NOW, NOW + 5_000)
    assert requests.taken() == {"get": 1}
    trial = permit(breakers, NOW + 30_000)
    assert requests.taken() == {"get": 1, "update": 1}
    breakers.report(trial, RULES, NOW + 30_000, failed=False)
    assert requests.taken() == {"update": 1}


def test_taking_a_token_or_a_slot_is_one_update(table: DynamoTable, requests: Requests) -> None:
    """CB-6: also from a bucket that is in use; whoever is known to be over the limit costs nothing."""
    buckets, slots = TableBuckets(table), TableSlots(table)
    for _ in range(3):
        assert buckets.take("t", "k", Rate(3, 60_000), NOW) is None
        assert requests.taken() == {"update": 1}
    for _ in range(3):
        assert buckets.take("t", "k", Rate(3, 60_000), NOW) is not None
        assert requests.taken() == {}
    slots.take("t", "k", SlotClaim(2, "first", NOW + 1), NOW)
    requests.taken()
    assert slots.take("t", "k", SlotClaim(2, "second", NOW + 1), NOW) is None
    assert slots.take("t", "k", SlotClaim(2, "third", NOW + 1), NOW) == NOW + 1
    slots.release("t", "k", "second")
    assert requests.taken() == {"update": 3}


def test_a_repeated_request_counts_once(table: DynamoTable, requests: Requests) -> None:
    """CB-6, CB-7: botocore sends again what was not answered. Nothing is counted twice, and no change goes untold."""
    requests.repeat = True
    breakers, buckets, slots = TableBreakers(table), TableBuckets(table), TableSlots(table)
    changes = [breakers.report(permit(breakers), RULES, NOW, failed=True) for _ in range(3)]
    assert changes == [None, None, BreakerChange("t", "k", "closed", "open", NOW)]
    answer, change = breakers.ask("t", "k", RULES, NOW + 30_000, NOW + 40_000)
    assert (answer, change) == (Permit("t", "k", 1), BreakerChange("t", "k", "open", "half_open", NOW + 30_000))
    assert breakers.report(Permit("t", "k", 1), RULES, NOW + 30_000, failed=False) is None
    found = breakers.get("t", "k")
    assert isinstance(found, Breaker)
    assert (found.in_flight, found.successes) == (0, 1)
    assert [buckets.take("t", "k", Rate(2, 60_000), NOW) is None for _ in range(3)] == [True, True, False]
    assert [slots.take("t", "k", SlotClaim(1, holder, NOW + 1), NOW) for holder in ("a", "b")] == [None, NOW + 1]


def test_a_table_that_is_missing_is_unavailable(requests: Requests) -> None:
    """The error names service, operation, table and code, and how to fix it; whoever knows the store knows it too."""
    table = DynamoTable(lambda: requests, "elsewhere")  # type: ignore[arg-type,return-value]  # a part of a client
    breakers = TableBreakers(table)
    expected = r"DynamoDB \w+ (in|from) 'elsewhere' failed with ResourceNotFoundException.*REACTORY_COUNTERS_TABLE"
    for call in (
        lambda: permit(breakers),
        lambda: breakers.report(Permit("t", "k"), RULES, NOW, failed=True),
        lambda: TableBuckets(table).take("t", "k", Rate(1, 1), NOW),
        lambda: TableSlots(table).release("t", "k", "a"),
    ):
        with pytest.raises(CountersUnavailableError, match=expected) as raised:
            call()
        assert isinstance(raised.value, StoreUnavailableError)
