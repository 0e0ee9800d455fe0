"""What the fixture ``reactory`` does for workflows that wait for the world: events, people, workers, children."""

from __future__ import annotations

import pytest

from reactory.authoring import Flow, Retry, workflow
from reactory.exceptions import ConflictError, InvalidRequestError
from reactory.testing import NotFinishedError, WorkflowTester


@workflow("t.Payment", version="1.0.0")
def payment(flow: Flow, order: str = "o1") -> dict[str, object]:
    paid = flow.wait_event("paid", key=order, timeout="30d", id="paid")
    return {"paid": paid}


@workflow("t.Approval", version="1.0.0")
def approval(flow: Flow) -> dict[str, object]:
    answer = flow.user_activity("approval", assignee="ann", message="may it go?", id="ask")
    return {"answer": answer}


@workflow("t.Printing", version="1.0.0", retry=Retry(max_attempts=2, initial_delay="1m", jitter=False))
def printing(flow: Flow) -> dict[str, object]:
    with flow.parallel(id="both") as both:
        with both.branch("one"):
            flow.activity("print", parameters={"page": 1}, id="first")
        with both.branch("two"):
            flow.activity("print", parameters={"page": 2}, id="second")
    return {"done": True}


@workflow("t.Parent", version="1.0.0")
def parent(flow: Flow) -> dict[str, object]:
    child = flow.invoke("t.Approval", wait=True, id="call")
    return {"child": child}


def test_an_event_is_published(reactory: WorkflowTester) -> None:
    """WH-9: an event of another key changes nothing; the right one ends the wait with its data."""
    run = reactory.start(payment)
    reactory.publish("paid", "o2", {"amount": 1})
    assert run.steps == {"paid": "WAITING"}
    reactory.publish("paid", "o1", {"amount": 5})
    assert run.outputs == {"paid": {"amount": 5}}


def test_an_event_is_published_once_under_its_id(reactory: WorkflowTester) -> None:
    """WH-11: the same event_id gives the same event."""
    first = reactory.publish("paid", "o1", {"amount": 5}, event_id="p-7")
    assert reactory.publish("paid", "o1", {"amount": 5}, event_id="p-7") == first


def test_an_event_of_the_future_comes_when_time_comes_to_it(reactory: WorkflowTester) -> None:
    """WH-9: ``time`` is the event's own."""
    run = reactory.start(payment)
    reactory.publish("paid", "o1", {"amount": 5}, time=reactory.now + 86_400_000)
    reactory.skip("23h")
    assert run.status == "RUNNING"
    reactory.skip("1h")
    assert run.status == "COMPLETED"


def test_a_run_goes_on_to_an_event_of_the_future(reactory: WorkflowTester) -> None:
    """WH-9: run_to_completion passes time up to what was published for later, not past it."""
    run = reactory.start(payment)
    reactory.publish("paid", "o1", {"amount": 5}, time=reactory.now + 86_400_000)
    began = reactory.now
    assert run.run_to_completion().outputs == {"paid": {"amount": 5}}
    assert reactory.now - began == 86_400_000


def test_a_signal_is_for_one_run(reactory: WorkflowTester) -> None:
    """WR-9: a signal ends the waits of that name in one run."""
    run, other = reactory.start(payment), reactory.start(payment)
    reactory.signal(run, "paid", 1)
    assert (run.status, other.status) == ("COMPLETED", "RUNNING")


def test_a_task_is_completed(reactory: WorkflowTester) -> None:
    """WH-5: by the id of its step or its own; what the engine refuses is refused."""
    run = reactory.start(approval)
    (task,) = reactory.tasks
    assert (task.assignee, task.message, task.instance_id) == ("ann", "may it go?", run.id)
    with pytest.raises(InvalidRequestError, match="approve, reject"):
        reactory.complete_task("ask", "perhaps")
    with pytest.raises(AssertionError, match=r"no open task 'asks'; open are: ask "):
        reactory.complete_task("asks", "approve")
    reactory.complete_task("ask", "approve", {"note": "fine"}, user="ann")
    assert run.outputs == {"answer": {"action": "approve", "user": "ann", "data": {"note": "fine"}}}
    with pytest.raises(ConflictError):
        reactory.engine.runner.tasks.complete(task.task_id, "approve")


def test_one_of_two_tasks_is_named_by_its_own_id(reactory: WorkflowTester) -> None:
    """WH-5: a step of two runs is no answer to which task is meant."""
    first, second = reactory.start(approval), reactory.start(approval)
    with pytest.raises(AssertionError, match="more than one open task"):
        reactory.complete_task("ask", "approve")
    (task,) = (task for task in reactory.tasks if task.instance_id == second.id)
    reactory.complete_task(task.task_id, "reject")
    assert (first.status, second.status) == ("RUNNING", "COMPLETED")


def test_an_activity_is_completed_or_fails(reactory: WorkflowTester) -> None:
    """WH-5, WH-8: the test is the worker; a failure is tried again by the policy of the step."""
    run = reactory.start(printing)
    reactory.complete_activity("first", {"pages": 1})
    reactory.fail_activity("both/second", "no paper")
    assert run.steps["both/second"] == "SLEEPING"
    reactory.skip("1m")
    reactory.complete_activity("second")
    assert run.outputs == {"done": True}


def test_an_activity_fails_for_good(reactory: WorkflowTester) -> None:
    """WH-8: an error that may not be tried again fails the run, with what the worker said."""
    run = reactory.start(printing)
    reactory.complete_activity("first")
    reactory.fail_activity("second", {"message": "no such printer", "retryable": False})
    assert run.status == "FAILED"
    assert run.reason is not None
    assert "no such printer" in run.reason["message"]


def test_children_are_runs(reactory: WorkflowTester) -> None:
    """WH-5: a parent knows the runs that it has started; their end is its own step's."""
    reactory.load(approval)
    run = reactory.start(parent)
    (child,) = run.children
    assert child.steps == {"ask": "WAITING"}
    reactory.complete_task("ask", "approve")
    assert (child.status, run.status) == ("COMPLETED", "COMPLETED")


@pytest.mark.parametrize(
    ("flow", "said"),
    [
        (approval, r"ask WAITING for ann.*reactory.complete_task\('ask', action\)"),
        (printing, r"both/first WAITING for activity print.*reactory.complete_activity\('both/first', result\)"),
        (parent, r"call WAITING for instance .*run.children"),
    ],
    ids=["approval", "printing", "parent"],
)
def test_what_no_time_brings_about_is_told(reactory: WorkflowTester, flow: object, said: str) -> None:
    """WH-5: NotFinishedError names what it waits for, and what to call."""
    reactory.load(approval)
    run = reactory.start(flow)  # type: ignore[arg-type]  # each is a Workflow, which the parameters do not tell
    with pytest.raises(NotFinishedError, match=said):
        run.run_to_completion()
