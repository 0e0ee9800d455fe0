"""Sixteen processes on the same counters at once, in moto's DynamoDB behind its lock: nothing is lost or given twice."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from reactory import topology
from reactory.local.services import start_services
from reactory.ports.breakers import BreakerRules
from tests.integration.counter_hammer import Order, Seen

ROOT = Path(__file__).parents[2]
PROCESSES = 16
NOW = 1_800_000_000_000
RULES = BreakerRules(failure_threshold=40, recovery_ms=30_000, half_open_calls=3, success_threshold=3)
ENDLESS = BreakerRules(failure_threshold=1, recovery_ms=30_000, half_open_calls=3, success_threshold=1_000_000)


class Crowd:
    """The processes, all of which obey one order at the same time."""

    def __init__(self, url: str) -> None:
        command = [sys.executable, "-m", "tests.integration.counter_hammer", url, str(PROCESSES)]
        self._leader = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def obey(self, order: Order) -> Seen:
        """What all of them saw together."""
        assert self._leader.stdin is not None
        assert self._leader.stdout is not None
        self._leader.stdin.write(msgspec.json.encode(order) + b"\n")
        self._leader.stdin.flush()
        return msgspec.json.decode(self._leader.stdout.readline(), type=Seen)

    def close(self) -> None:
        self._leader.communicate()


@pytest.fixture(scope="module")
def crowd() -> Iterator[Crowd]:
    services = start_services("moto", topology.FUNCTIONS, {})
    made = Crowd(services.environ["AWS_ENDPOINT_URL"])
    yield made
    made.close()
    services.close()


def at_once(spans: list[tuple[float, float]]) -> int:
    """How many of the spans overlap at most. One that ends when another begins does not overlap it."""
    steps = sorted([(begin, 1) for begin, _ in spans] + [(end, -1) for _, end in spans])
    most = held = 0
    for _, step in steps:
        held += step
        most = max(most, held)
    return most


def test_a_breaker_opens_at_the_shared_threshold_and_closes_again(crowd: Crowd) -> None:
    """CB-1, CB-3, CB-4, CB-6, CB-7: each failure counts once, each change is told once, no permit is given twice."""
    failed = crowd.obey(Order("fail", "opens", NOW, times=5, rules=RULES))
    assert failed.changes == ["closed → open"]
    assert failed.granted >= RULES.failure_threshold
    assert crowd.obey(Order("ask", "opens", NOW + 29_999, times=1, rules=RULES)).granted == 0
    asked = crowd.obey(Order("ask", "opens", NOW + 30_000, times=2, rules=RULES))
    assert asked.changes == ["open → half_open"]
    assert asked.granted == RULES.half_open_calls
    assert crowd.obey(Order("succeed", "opens", NOW + 30_001, times=1, rules=RULES)).changes == ["half_open → closed"]
    assert crowd.obey(Order("ask", "opens", NOW + 30_002, times=1, rules=RULES)).granted == PROCESSES


def test_no_more_than_the_allowed_calls_try_out(crowd: Crowd) -> None:
    """CB-3: at no moment are there more calls in flight than a half-open breaker allows."""
    assert crowd.obey(Order("fail", "tries", NOW, times=1, rules=ENDLESS)).changes == ["closed → open"]
    tried = crowd.obey(Order("try_out", "tries", NOW + 30_000, times=12, rules=ENDLESS))
    assert tried.changes == ["open → half_open"]
    assert 0 < at_once(tried.spans) <= ENDLESS.half_open_calls
    assert crowd.obey(Order("ask", "tries", NOW + 30_001, times=1, rules=ENDLESS)).granted == ENDLESS.half_open_calls


def test_no_more_than_the_limit_hold_a_slot(crowd: Crowd) -> None:
    """CB-6: at no moment are there more holders than slots, and at the end all of them are free."""
    occupied = crowd.obey(Order("occupy", "slots", NOW, times=12, limit=3))
    assert 0 < at_once(occupied.spans) <= 3
    assert crowd.obey(Order("occupy", "slots", NOW, times=1, limit=PROCESSES)).granted == PROCESSES


def test_no_more_tokens_are_taken_than_there_are(crowd: Crowd) -> None:
    """CB-6, WR-7: the whole bucket, and then what has flowed in since, to the token."""
    assert crowd.obey(Order("take", "bucket", NOW, times=8, limit=60)).granted == 60
    assert crowd.obey(Order("take", "bucket", NOW + 10_000, times=3, limit=60)).granted == 10
