"""InstanceStore: history chunks."""

from __future__ import annotations

import pytest

from reactory.ports.store import HistoryChunk, InstanceStore


def chunk(first: int, count: int = 3, instance_id: str = "one") -> HistoryChunk:
    return HistoryChunk(instance_id, first, [f"r{number}" for number in range(first, first + count)])


@pytest.fixture
def filled(store: InstanceStore) -> InstanceStore:
    chunks = [chunk(6), chunk(0), chunk(3), chunk(9, count=1)]
    neighbours = [chunk(0, instance_id=name) for name in ("on", "one:", "one0", "onf", "two")]
    store.append_history([*chunks, *neighbours])
    return store


@pytest.mark.parametrize(
    ("after", "expected"),
    [(-1, [0, 3, 6, 9]), (0, [0, 3, 6, 9]), (2, [3, 6, 9]), (3, [3, 6, 9]), (5, [6, 9]), (8, [9]), (9, []), (99, [])],
)
def test_history_goes_on_after_a_record(filled: InstanceStore, after: int, expected: list[int]) -> None:
    """WH-21: a page of the history begins with the chunk that holds the next record."""
    assert [one.first for one in filled.history("one", after, 10)] == expected


def test_history_is_limited_and_whole(filled: InstanceStore) -> None:
    """WH-21: at most so many chunks, each with all its records."""
    assert filled.history("one", -1, 2) == [chunk(0), chunk(3)]


def test_a_gap_in_the_numbers_does_no_harm(store: InstanceStore) -> None:
    """WH-21: where the next record is in no chunk, the next chunk is the answer."""
    store.append_history([chunk(0), chunk(10)])
    assert [one.first for one in store.history("one", 5, 10)] == [10]


def test_a_chunk_of_a_lower_epoch_changes_nothing(store: InstanceStore) -> None:
    """WH-2: an owner that lost its lease cannot overwrite what the next one wrote; the others of its call are stored."""
    store.append_history([HistoryChunk("one", 0, ["theirs"], epoch=3)])
    store.append_history([HistoryChunk("one", 0, ["late"], epoch=2), HistoryChunk("one", 1, ["later"], epoch=2)])
    assert [(c.records, c.epoch) for c in store.history("one", -1, 10)] == [(["theirs"], 3), (["later"], 2)]


def test_the_owner_may_write_its_chunk_again(store: InstanceStore) -> None:
    """WH-21: a settle that was refused is tried again with more records, and the chunk then holds them all."""
    store.append_history([HistoryChunk("one", 0, ["a"], epoch=3)])
    store.append_history([HistoryChunk("one", 0, ["a", "b"], epoch=3)])
    assert store.history("one", -1, 10) == [HistoryChunk("one", 0, ["a", "b"], epoch=3)]


def test_no_history_is_an_empty_list(store: InstanceStore) -> None:
    """An instance without chunks has an empty history."""
    store.append_history([])
    assert store.history("one", -1, 10) == []
