"""while: round after round, as long as its condition holds."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.unit.engine.conftest import Engine


def test_the_condition_sees_the_last_round(engine: Engine) -> None:
    """YF-4: the condition sees the outputs of the last round; the output counts the rounds."""
    done = engine.run(
        engine.do("poll", value=0),
        engine.node(
            "loop",
            "while",
            condition="(steps.check.value || 0) < 3",
            steps=[engine.do("check", value="${(steps.check.value || 0) + 1}")],
        ),
        engine.do("after", value="${steps.check.value}"),
        outputs={"n": "steps.loop.iterations", "last": "steps.after.value"},
    )
    assert engine.outputs(done) == {"n": 3, "last": 3}
    assert engine.calls == ["poll", "loop[0]/check", "loop[1]/check", "loop[2]/check", "after"]


def test_a_condition_that_never_held_runs_nothing(engine: Engine) -> None:
    """YF-4: the condition is asked before the first round."""
    done = engine.run(
        engine.node("loop", "while", condition="1 > 2", steps=[engine.do("in")]),
        outputs={"n": "steps.loop.iterations"},
    )
    assert engine.outputs(done) == {"n": 0}
    assert engine.calls == []


def test_max_iterations_fails_the_loop(engine: Engine) -> None:
    """YF-8: a condition that still holds after maxIterations rounds fails the step, and the message says so."""
    failed = engine.run(engine.node("loop", "while", condition="true", maxIterations=3, steps=[engine.do("in")]))
    assert engine.status(failed) == "FAILED"
    assert len(engine.calls) == 3
    assert engine.reason(failed)["stepId"] == "loop"
    assert "maxIterations 3" in engine.reason(failed)["message"]


def test_as_many_rounds_as_allowed_are_no_failure(engine: Engine) -> None:
    """YF-8: a loop whose condition ends with the last round that is allowed is through."""
    done = engine.run(
        engine.node(
            "loop",
            "while",
            condition="n < 3",
            maxIterations=3,
            steps=[engine.node("add", "set_variable", action="set", key="n", value="${n + 1}")],
        ),
        variables={"n": 0},
        outputs={"n": "n"},
    )
    assert engine.outputs(done) == {"n": 3}


def test_rounds_sleep(engine: Engine) -> None:
    """YF-7: a delay in the loop holds up each round."""
    done = engine.run(
        engine.node(
            "loop",
            "while",
            condition="(steps.in.value || 0) < 2",
            steps=[
                engine.node("nap", "delay", durationText="1m"),
                engine.do("in", value="${(steps.in.value || 0) + 1}"),
            ],
        ),
    )
    assert engine.calls == []
    engine.advance(60_000)
    assert engine.calls == ["loop[0]/in"]
    engine.advance(60_000)
    assert engine.status(done) == "COMPLETED"
    assert engine.times == [60_000, 120_000]


def test_a_failed_round_is_taken_up_again(engine: Engine) -> None:
    """LC-14: a retry goes on in the round that failed, and no finished round is run again."""
    engine.errors["loop[1]/b"] = [ValueError("no")]
    failed = engine.run(
        engine.node(
            "loop",
            "while",
            condition="(steps.b.value || 0) < 2",
            steps=[
                engine.do("a"),
                engine.do("b", value="${(steps.b.value || 0) + 1}"),
            ],
        ),
        metadata={"retryPolicy": {"maxAttempts": 1}},
    )
    assert engine.status(failed) == "FAILED"
    engine.ask(failed, "retry")
    assert engine.status(failed) == "COMPLETED"
    assert engine.calls == ["loop[0]/a", "loop[0]/b", "loop[1]/a", "loop[1]/b", "loop[1]/b"]


def test_loops_nest(engine: Engine) -> None:
    """WH-5: loops within loops have a path per round and item, each inner loop begins anew."""
    inner = engine.node("inner", "for_each", items=[0, 1], steps=[engine.do("in")])
    count = engine.node("add", "set_variable", action="set", key="n", value="${n + 1}")
    engine.run(
        engine.node("outer", "while", condition="n < 2", steps=[inner, count]),
        variables={"n": 0},
    )
    assert engine.calls == [
        "outer[0]/inner[0]/in",
        "outer[0]/inner[1]/in",
        "outer[1]/inner[0]/in",
        "outer[1]/inner[1]/in",
    ]
