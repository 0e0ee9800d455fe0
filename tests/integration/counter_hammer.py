"""Many processes that use the same counters at once: ``python -m tests.integration.counter_hammer URL PROCESSES``.

It reads orders from standard input, one JSON object per line. All processes obey each at the same time, and one line
tells what they saw together. Times in the orders are virtual; spans are of the machine's monotonic clock, which all
processes share.
"""

from __future__ import annotations

import multiprocessing
import os
import sys
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Any

import msgspec

from reactory.adapters.aws import session
from reactory.adapters.aws.dynamodb import DynamoTable
from reactory.adapters.counters.breakers import TableBreakers
from reactory.adapters.counters.buckets import TableBuckets
from reactory.adapters.counters.slots import TableSlots
from reactory.ports.breakers import BreakerRules, Permit
from reactory.ports.buckets import Rate
from reactory.ports.slots import SlotClaim
from reactory.topology import COUNTERS_TABLE

PATIENT = 60.0
"""Seconds for an answer: moto answers one after the other, on a machine that has other work."""


class Order(msgspec.Struct, frozen=True):
    act: str
    key: str
    now: int
    times: int
    rules: BreakerRules = BreakerRules()
    limit: int = 1


class Seen(msgspec.Struct):
    """``changes`` of the breaker as ``before → after``; ``granted`` permits, tokens or slots; when each was held."""

    changes: list[str] = []
    granted: int = 0
    spans: list[tuple[float, float]] = []


class Hammer:
    def __init__(self, table: DynamoTable, name: str) -> None:
        self.name = name
        self.breakers, self.buckets, self.slots = TableBreakers(table), TableBuckets(table), TableSlots(table)
        self.permits: list[Permit] = []
        self.seen = Seen()

    def _ask(self, order: Order) -> Permit | None:
        answer, change = self.breakers.ask("t", order.key, order.rules, order.now, order.now + 60_000)
        self._note(change)
        if not isinstance(answer, Permit):
            return None
        self.seen.granted += 1
        return answer

    def _note(self, change: Any) -> None:
        if change is not None:
            self.seen.changes.append(f"{change.before} → {change.after}")

    def fail(self, order: Order) -> None:
        if permit := self._ask(order):
            self._note(self.breakers.report(permit, order.rules, order.now, failed=True))

    def ask(self, order: Order) -> None:
        """And keep what is given."""
        if permit := self._ask(order):
            self.permits.append(permit)

    def succeed(self, order: Order) -> None:
        """With everything that was kept."""
        while self.permits:
            self._note(self.breakers.report(self.permits.pop(), order.rules, order.now, failed=False))

    def try_out(self, order: Order) -> None:
        """A call of a half-open round: hold its permit for a moment."""
        if permit := self._ask(order):
            self._held()
            self.breakers.give_back(permit)

    def occupy(self, order: Order) -> None:
        """Hold a slot for a moment."""
        if self.slots.take("t", order.key, SlotClaim(order.limit, self.name, order.now + 60_000), order.now) is None:
            self.seen.granted += 1
            self._held()
            self.slots.release("t", order.key, self.name)

    def take(self, order: Order) -> None:
        self.seen.granted += self.buckets.take("t", order.key, Rate(order.limit, 60_000), order.now) is None

    def _held(self) -> None:
        begun = time.monotonic()
        os.sched_yield()
        self.seen.spans.append((begun, time.monotonic()))


def main(url: str, processes: int) -> None:
    """Fork them when everything is imported: botocore takes a second of processor time, which they then share."""
    os.environ |= {
        "AWS_ENDPOINT_URL": url,
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1",
    }
    session.COUNTING_TIMEOUT = PATIENT
    client = session.dynamodb_client()  # not connected yet: each process gets connections of its own
    table = DynamoTable(lambda: client, COUNTERS_TABLE)
    fork = multiprocessing.get_context("fork")
    ends = []
    for number in range(processes):
        ours, theirs = fork.Pipe()
        fork.Process(target=_serve, args=(Hammer(table, f"p{number}"), theirs), daemon=True).start()
        ends.append(ours)
    for line in sys.stdin:
        order = msgspec.json.decode(line, type=Order)
        for end in ends:
            end.send(order)
        total = Seen()
        for end in ends:
            seen: Seen = end.recv()
            total.changes += seen.changes
            total.granted += seen.granted
            total.spans += seen.spans
        sys.stdout.write(msgspec.json.encode(total).decode() + "\n")
        sys.stdout.flush()


def _serve(hammer: Hammer, end: Connection) -> None:
    while True:
        order: Order = end.recv()
        act: Callable[[Order], None] = getattr(hammer, order.act)
        hammer.seen = Seen()
        for _ in range(order.times):
            act(order)
        end.send(hammer.seen)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
