"""Slots go to the most urgent, and nobody waits for ever."""

from __future__ import annotations

import threading

from reactory.local.gate import PATIENCE, Gate

DEADLINE = 10.0


def enter_in_background(gate: Gate, rank: int, order: list[int], waiting: int) -> threading.Thread:
    def enter() -> None:
        if gate.enter(rank):
            order.append(rank)
            gate.leave()

    thread = threading.Thread(target=enter)
    thread.start()
    with gate._changed:
        assert gate._changed.wait_for(lambda: len(gate._waiters) == waiting, DEADLINE)
    return thread


def test_the_highest_rank_goes_first() -> None:
    """Of those who wait, the highest rank gets the slot that becomes free."""
    gate = Gate(1)
    assert gate.enter(0)
    order: list[int] = []
    threads = [enter_in_background(gate, rank, order, number) for number, rank in enumerate((0, 3, 1), start=1)]
    gate.leave()
    for thread in threads:
        thread.join(DEADLINE)
    assert order == [3, 1, 0]


def test_who_is_passed_over_becomes_more_urgent() -> None:
    """A low waiter that was passed over often enough goes before a higher one."""
    gate = Gate(1)
    assert gate.enter(0)
    order: list[int] = []
    low = enter_in_background(gate, 0, order, 1)
    with gate._changed:
        gate._waiters[0].passed = 2 * PATIENCE
    high = enter_in_background(gate, 1, order, 2)
    gate.leave()
    for thread in (low, high):
        thread.join(DEADLINE)
    assert order == [0, 1]


def test_a_closed_gate_lets_nobody_in() -> None:
    """Closing ends every wait with a no."""
    gate = Gate(1)
    assert gate.enter(0)
    order: list[int] = []
    waiting = enter_in_background(gate, 5, order, 1)
    gate.close()
    waiting.join(DEADLINE)
    assert order == []
    assert not gate.until_free()
    assert not gate.enter(9)
