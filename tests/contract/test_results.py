"""ResultCache: get, put."""

from __future__ import annotations

from reactory.ports.results import ResultCache

MINUTE = 60_000


def test_a_result_is_there_for_its_time(results: ResultCache) -> None:
    """CA-3: within its time a stored result comes back as it was; keys without one are left out."""
    results.put("a", '{"$x": "$y"}', MINUTE)
    results.put("b", "$now", MINUTE)
    assert results.get(["a", "b", "c", "a"]) == {"a": '{"$x": "$y"}', "b": "$now"}
    assert results.get([]) == {}


def test_a_result_that_is_too_old_is_not_used(results: ResultCache) -> None:
    """CA-3: when its time is up it does not count, whether or not the database has deleted it yet."""
    results.put("a", "1", 0)
    results.put("b", "2", -MINUTE)
    results.put("c", "3", MINUTE)
    assert results.get(["a", "b", "c"]) == {"c": "3"}


def test_a_second_result_replaces_the_first(results: ResultCache) -> None:
    """CA-3: the newest result counts, and for its own time."""
    results.put("a", "1", -MINUTE)
    results.put("a", "2", MINUTE)
    assert results.get(["a"]) == {"a": "2"}
    results.put("a", "3", -MINUTE)
    assert results.get(["a"]) == {}
