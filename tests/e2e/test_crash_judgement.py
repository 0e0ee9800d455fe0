"""The crash proof finds what it looks for: planted violations are reported, lawful repetitions are not."""

from __future__ import annotations

from benchmarks.effects import Effect
from benchmarks.judgement import begun_again, begun_out_of_order, begun_twice
from benchmarks.recorded import Attempt

MS = 1_000_000


def begin(path: str, at: int, attempt: int = 1, pid: int = 1) -> Effect:
    return Effect(f"i/{path}", attempt, pid, "begin", at * MS)


def test_a_step_that_begins_after_its_recorded_success_is_found() -> None:
    """WH-1: a finished step that runs again is a violation, whichever attempt it calls itself."""
    recorded = [Attempt("i/first", 1, succeeded=True, at=20)]
    assert not list(begun_again(recorded, [begin("first", 10)]))
    assert len(list(begun_again(recorded, [begin("first", 10), begin("first", 30, attempt=2)]))) == 1


def test_an_interrupted_execution_may_begin_again() -> None:
    """WH-19: steps run at least once; what was not recorded runs again."""
    recorded = [Attempt("i/first", 1, succeeded=True, at=40)]
    assert not list(begun_again(recorded, [begin("first", 10), begin("first", 30, pid=2)]))


def test_a_failed_attempt_may_be_followed_by_the_next_but_not_by_itself() -> None:
    """YF-6: a recorded failure leads to the next attempt, never to the same one."""
    recorded = [Attempt("i/flaky", 1, succeeded=False, at=20)]
    assert not list(begun_again(recorded, [begin("flaky", 10), begin("flaky", 30, attempt=2)]))
    assert len(list(begun_again(recorded, [begin("flaky", 10), begin("flaky", 30)]))) == 1


def test_a_step_that_begins_after_its_successor_is_found() -> None:
    """WH-1: a result that is not durable before the successor starts shows when the step has to run again."""
    lawful = [begin("first", 1), begin("each[0]/item", 2), begin("each[0]/item", 3, pid=2), begin("both:0/l1", 4)]
    assert not list(begun_out_of_order(lawful))
    assert len(list(begun_out_of_order([*lawful, begin("each[0]/item", 5)]))) == 1


def test_branches_side_by_side_are_in_any_order() -> None:
    """WH-20: parallel branches know nothing of each other."""
    assert not list(
        begun_out_of_order([begin("first", 1), begin("both:0/l1", 2), begin("both:0/l2", 3), begin("both:1/r1", 4)])
    )


def test_an_attempt_that_begins_twice_is_found() -> None:
    """WH-2: without a crash there is no second execution, nor one in another process."""
    assert not list(begun_twice([begin("flaky", 1), begin("flaky", 2, attempt=2)]))
    assert len(list(begun_twice([begin("flaky", 1), begin("flaky", 2, pid=2)]))) == 1
