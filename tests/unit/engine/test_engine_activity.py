"""activity and user_activity: what is done outside, and the answers (WH-5)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from reactory.exceptions import ConflictError, InvalidInputError, InvalidRequestError, NotFoundError
from reactory.ports.tasks import TaskQuery

if TYPE_CHECKING:
    from reactory.runner.answers import TakenActivity, TaskView
    from tests.unit.engine.conftest import Engine

HOUR = 3_600_000


def activity(engine: Engine, **config: Any) -> dict[str, Any]:
    return engine.node("act", "activity", **({"activityName": "print", "parameters": {"n": "${n}"}} | config))


def take(engine: Engine, worker: str = "w1") -> TakenActivity:
    return engine.runner.activities.take("print", worker).activities[0]


def test_a_worker_takes_an_activity_and_answers(engine: Engine) -> None:
    """WH-5: it gets the parameters and a token; its result is the step's output, and the flow goes on."""
    run = engine.run(activity(engine), variables={"n": 3}, outputs={"got": "steps.act.outputs"})
    assert engine.statuses(run)["act"] == "WAITING"
    taken = take(engine)
    assert taken.parameters == {"n": 3}
    assert engine.runner.activities.take("print", "w2").activities == []
    engine.runner.activities.complete(taken.token, {"pages": 2})
    engine.work()
    assert engine.outputs(run) == {"got": {"pages": 2}}
    with pytest.raises(ConflictError, match="is over"):
        engine.runner.activities.complete(taken.token, {"pages": 3})


def test_a_silent_worker_loses_it_to_another(engine: Engine) -> None:
    """WH-5: the lease expires; the next one gets another token, and the first one's answer is refused."""
    run = engine.run(activity(engine, heartbeat=5000), variables={"n": 1}, outputs={"got": "steps.act.outputs"})
    first = take(engine)
    engine.clock.advance(4000)
    engine.runner.activities.heartbeat(first.token)
    engine.clock.advance(4000)
    assert engine.runner.activities.take("print", "w2").activities == []
    engine.clock.advance(1001)
    second = take(engine, "w2")
    with pytest.raises(ConflictError, match="silent for too long"):
        engine.runner.activities.complete(first.token, "late")
    with pytest.raises(ConflictError):
        engine.runner.activities.heartbeat(first.token)
    engine.runner.activities.complete(second.token, {"by": "second"})
    engine.work()
    assert engine.outputs(run) == {"got": {"by": "second"}}


def test_a_worker_may_fail(engine: Engine) -> None:
    """YF-6: the retryPolicy gives it to workers again, after its delay; when attempts are used up the step has failed."""
    policy = {"retryPolicy": {"maxAttempts": 2, "initialDelay": 1000, "jitter": False}}
    run = engine.run(activity(engine) | policy, variables={"n": 1})
    engine.runner.activities.fail(take(engine).token, {"message": "no paper"})
    engine.work()
    assert engine.runner.activities.take("print", "w").activities == []
    engine.advance(1000)
    engine.runner.activities.fail(take(engine).token, {"message": "no ink"})
    engine.work()
    assert engine.status(run) == "FAILED"
    assert "no ink" in engine.reason(run)["message"]
    assert "after 2 attempts" in engine.reason(run)["message"]
    engine.ask(run, "retry")
    engine.runner.activities.complete(take(engine).token)
    engine.work()
    assert engine.status(run) == "COMPLETED"


def test_an_error_that_is_not_worth_another_attempt(engine: Engine) -> None:
    """EH-4: retryable false fails the step at once."""
    run = engine.run(activity(engine), variables={"n": 1})
    engine.runner.activities.fail(take(engine).token, {"message": "no", "retryable": False})
    engine.work()
    assert engine.status(run) == "FAILED"


def test_an_activity_times_out(engine: Engine) -> None:
    """WH-12: nobody answered within the timeout: an attempt has failed, the item is closed."""
    policy = {"retryPolicy": {"maxAttempts": 1}}
    run = engine.run(activity(engine, timeout=HOUR) | policy, variables={"n": 1})
    taken = take(engine)
    engine.advance(HOUR)
    assert engine.status(run) == "FAILED"
    assert engine.reason(run)["code"] == "dead_lettered"
    with pytest.raises(ConflictError):
        engine.runner.activities.complete(taken.token)


@pytest.mark.parametrize("token", ["", "nonsense", "a:b", ":1"])
def test_a_wrong_token_is_refused(engine: Engine, token: str) -> None:
    """WR-11: what is no token says so."""
    with pytest.raises(InvalidRequestError, match="is no token"):
        engine.runner.activities.complete(token)


def test_an_unknown_token_is_not_found(engine: Engine) -> None:
    """WH-24: neither is one of another tenant."""
    engine.run(activity(engine), variables={"n": 1})
    taken = take(engine)
    with pytest.raises(NotFoundError):
        engine.runner.activities.complete("other.1:1")
    with pytest.raises(NotFoundError):
        engine.runner.activities.complete(taken.token, tenant="other")


# --- people -----------------------------------------------------------------------------------------------------------


def approval(engine: Engine, **config: Any) -> dict[str, Any]:
    given = {"activityType": "approval", "assignee": "${boss}", "message": "Pay ${n}?"} | config
    return engine.node("ask", "user_activity", **given)


def tasks(engine: Engine, **query: Any) -> list[TaskView]:
    return engine.runner.tasks.search(TaskQuery(kind="user", **query)).tasks


GIVEN: dict[str, Any] = {"variables": {"boss": "ann", "n": 5}, "outputs": {"got": "steps.ask.outputs"}}


def test_a_person_answers(engine: Engine) -> None:
    """WH-5, YF-7: the task is listed for its assignee; the answer is the step's output."""
    run = engine.run(approval(engine), **GIVEN)
    (task,) = tasks(engine, assignee="ann")
    assert (task.message, task.options, task.instance_id) == ("Pay 5?", ["approve", "reject"], run)
    assert tasks(engine, assignee="bob") == []
    engine.runner.tasks.complete(task.task_id, "approve", {"note": "ok"}, user="ann")
    engine.work()
    assert engine.outputs(run) == {"got": {"action": "approve", "user": "ann", "data": {"note": "ok"}}}
    assert tasks(engine) == []
    with pytest.raises(ConflictError):
        engine.runner.tasks.complete(task.task_id, "reject")


def test_an_answer_has_to_be_one_of_the_options(engine: Engine) -> None:
    """WR-11: the error lists the options; nothing is changed."""
    run = engine.run(approval(engine, options=["yes", "no"]), **GIVEN)
    (task,) = tasks(engine)
    with pytest.raises(InvalidRequestError, match="choose one of yes, no"):
        engine.runner.tasks.complete(task.task_id, "perhaps")
    with pytest.raises(InvalidRequestError, match="action: is missing"):
        engine.runner.tasks.complete(task.task_id, None)
    assert engine.status(run) == "RUNNING"


def test_data_have_to_fit_the_form(engine: Engine) -> None:
    """SM-7: every problem at once, with its path."""
    form = {
        "type": "object",
        "required": ["age"],
        "properties": {"age": {"type": "integer"}, "name": {"type": "string"}},
    }
    run = engine.run(approval(engine, activityType="input", form=form), **GIVEN)
    (task,) = tasks(engine)
    with pytest.raises(InvalidInputError) as refused:
        engine.runner.tasks.complete(task.task_id, None, {"age": "x", "name": 1})
    assert {problem.path for problem in refused.value.problems} == {"age", "name"}
    engine.runner.tasks.complete(task.task_id, None, {"age": 1})
    engine.work()
    assert engine.outputs(run)["got"]["action"] == "submit"


def test_a_task_escalates(engine: Engine) -> None:
    """WH-7: after its time the task is somebody else's, who answers it."""
    run = engine.run(approval(engine, escalation={"after": HOUR, "assignee": "${'boss of ' + boss}"}), **GIVEN)
    engine.advance(HOUR)
    assert tasks(engine, assignee="ann") == []
    (task,) = tasks(engine, assignee="boss of ann")
    engine.runner.tasks.complete(task.task_id, "reject", user="zoe")
    engine.work()
    assert engine.outputs(run)["got"]["action"] == "reject"


def test_a_task_that_nobody_wants_any_more_is_gone(engine: Engine) -> None:
    """WH-13, WH-12: a cancel and a time-out take the task from the list."""
    run = engine.run(approval(engine), **GIVEN)
    other = engine.run(approval(engine, timeout=HOUR), **(GIVEN | {"name": "Other"}))
    engine.ask(run, "cancel")
    engine.advance(HOUR)
    assert engine.status(other) == "FAILED"
    assert tasks(engine) == []


def test_tasks_survive_crashes(engine: Engine) -> None:
    """WH-1: a worker may die after any write: there is one task, and its answer ends the instance."""
    for writes in range(1, 9):
        run = engine.begin(approval(engine), **(GIVEN | {"name": f"Flow{writes}"}))
        engine.crash(writes)
        engine.recover()
        engine.until_idle(run)
        (task,) = tasks(engine)
        engine.runner.tasks.complete(task.task_id, "approve")
        engine.crash(writes)
        engine.recover()
        engine.until_idle(run)
        assert engine.outputs(run)["got"]["action"] == "approve"
        assert tasks(engine) == []
