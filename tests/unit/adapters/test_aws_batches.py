"""Cutting into batches, and doing several at once."""

from __future__ import annotations

import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reactory.adapters.aws.batches import at_once, batches


@given(st.lists(st.integers(min_value=0, max_value=40)))
def test_batches_keep_every_item_in_order_and_both_limits(sizes: list[int]) -> None:
    """Nothing is lost, doubled or reordered; a batch holds at most ten items, and 30 bytes unless one item is larger."""
    cut = list(batches(sizes, lambda size: size, limit=30))
    assert [size for batch in cut for size in batch] == sizes
    assert all(0 < len(batch) <= 10 for batch in cut)
    assert all(sum(batch) <= 30 or len(batch) == 1 for batch in cut)


def test_answers_come_in_the_order_of_the_items() -> None:
    """Whoever finishes first, each answer stands where its item stood."""
    assert at_once(lambda number: number * 2, list(range(50))) == [number * 2 for number in range(50)]


def test_one_item_is_done_in_the_callers_thread() -> None:
    """A single call pays for no thread."""
    assert at_once(lambda _: threading.current_thread(), ["a"]) == [threading.current_thread()]


def test_a_failure_is_raised() -> None:
    """What one of the threads raises reaches the caller."""
    with pytest.raises(ZeroDivisionError):
        at_once(lambda number: 1 // number, [1, 0, 2])
