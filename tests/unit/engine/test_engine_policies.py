"""Where an error policy comes from: the step, what is around it, the saga, the document (WH-14)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.unit.engine.conftest import Engine

ONCE: dict[str, Any] = {"retryPolicy": {"maxAttempts": 1}}


def saga(engine: Engine, *steps: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A saga whose first step is done and can be undone."""
    first = engine.do("a", label="a", compensateWith=[engine.do("u_a", label="u_a")])
    return engine.node("s", "saga", steps=[first, *steps]) | more


@pytest.mark.parametrize("policy", ["suspend", "terminate", "retry"])
def test_the_documents_policy_does_not_reach_into_a_saga(engine: Engine, policy: str) -> None:
    """WH-14: metadata.errorPolicy is for steps outside of sagas; a saga that says nothing compensates."""
    engine.errors["b"] = [ValueError("broken")]
    run = engine.run(saga(engine, engine.do("b", label="b", **ONCE)), metadata={"errorPolicy": policy})
    assert engine.calls == ["a", "b", "u_a"]
    assert engine.see(run)["compensated"] is True


@pytest.mark.parametrize(("policy", "status"), [("suspend", "PAUSED"), ("terminate", "FAILED"), ("retry", "FAILED")])
def test_a_containers_policy_in_a_saga_is_nearer(engine: Engine, policy: str, status: str) -> None:
    """WH-14: the nearest policy counts: a container in a saga that leaves failures to an operator undoes nothing."""
    engine.errors["b"] = [ValueError("broken")]
    inner = engine.node("if", "condition", condition="true", thenSteps=[engine.do("b", label="b", **ONCE)])
    run = engine.run(saga(engine, inner | {"errorPolicy": policy}))
    assert (engine.status(run), engine.calls) == (status, ["a", "b"])
    engine.ask(run, "resume" if policy == "suspend" else "retry")
    assert (engine.status(run), engine.calls) == ("COMPLETED", ["a", "b", "b"])


@pytest.mark.parametrize(("policy", "status"), [("suspend", "PAUSED"), ("retry", "FAILED")])
def test_a_sagas_policy_is_that_of_its_steps(engine: Engine, policy: str, status: str) -> None:
    """WH-14: a saga that says retry or suspend compensates nothing, and goes on from there when it is taken up."""
    engine.errors["b"] = [ValueError("broken")]
    run = engine.run(saga(engine, engine.do("b", label="b", **ONCE), errorPolicy=policy))
    assert (engine.status(run), engine.calls) == (status, ["a", "b"])
    engine.ask(run, "resume" if policy == "suspend" else "retry")
    assert (engine.status(run), engine.calls) == ("COMPLETED", ["a", "b", "b"])


@pytest.mark.parametrize(
    ("policy", "status", "code"),
    [
        ("suspend", "PAUSED", "suspended"),
        ("terminate", "FAILED", "terminated"),
        ("retry", "FAILED", "dead_lettered"),
    ],
)
def test_a_containers_own_time_out_follows_its_policy(engine: Engine, policy: str, status: str, code: str) -> None:
    """WH-14, WH-12: a container that takes too long has failed like any other step."""
    branch = {"name": "x", "steps": [engine.node("w", "wait_event", eventName="e")]}
    run = engine.run(engine.node("p", "parallel", branches=[branch]) | {"errorPolicy": policy, "timeout": 1000})
    engine.advance(1000)
    assert (engine.status(run), engine.reason(run)["code"]) == (status, code)


def test_an_end_inside_of_a_saga_undoes_nothing(engine: Engine) -> None:
    """WH-5, WH-16: end finishes the instance wherever it stands; nothing has failed."""
    run = engine.run(saga(engine, engine.node("e", "end")))
    assert (engine.status(run), engine.calls) == ("COMPLETED", ["a"])
    assert engine.see(run)["compensated"] is False


def test_a_wait_that_timed_out_waits_anew_after_a_retry(engine: Engine) -> None:
    """WH-12, LC-14: with its whole time-out, and for an event that has not come yet."""
    run = engine.run(engine.node("w", "wait_event", eventName="e", timeout=1000), outputs={"got": "steps.w.outputs"})
    engine.advance(1000)
    engine.ask(run, "retry")
    engine.advance(999)
    assert engine.status(run) == "RUNNING"
    engine.runner.events.publish("e", "", {"n": 1})
    engine.work()
    assert engine.outputs(run) == {"got": {"n": 1}}


def test_a_compensation_may_be_passed_over(engine: Engine) -> None:
    """WH-15: a compensation with continueOnError that fails lets the rest go on."""
    engine.errors["b"] = [ValueError("broken")]
    engine.errors["u_b"] = [ValueError("broken too")]
    undo = engine.do("u_b", label="u_b", continueOnError=True, **ONCE)
    run = engine.run(saga(engine, engine.do("b", label="b", compensateWith=[undo], **ONCE)))
    assert engine.calls == ["a", "b", "u_b", "u_a"]
    assert engine.status(run) == "COMPLETED"
