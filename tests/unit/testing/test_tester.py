"""The tests that users write of their workflows: what the fixture ``reactory`` does."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from reactory import PermanentStepError, StepContext, step
from reactory.authoring import Flow, Retry, workflow
from reactory.exceptions import IllegalTransitionError, InvalidDefinitionError, InvalidInputError
from reactory.testing import NotFinishedError, WorkflowTester

MODULE = Path(__file__).parents[3] / "workflows" / "acme-orders"

BODIES: list[str] = []


@step("t.double")
def double(value: int, ctx: StepContext) -> int:
    BODIES.append(ctx.path)
    return value * 2


@workflow("t.Flow", version="1.0.0", retry=Retry(max_attempts=3, initial_delay="1m", jitter=False))
def flow_of_steps(flow: Flow, value: int = 1) -> dict[str, Any]:
    first = flow.task(double, value=value, id="first")
    flow.delay("2d", id="rest")
    second = flow.task(double, value=first, id="second")
    return {"value": second}


@pytest.fixture(autouse=True)
def _no_bodies() -> None:
    BODIES.clear()


def test_days_pass_in_no_time(reactory: WorkflowTester) -> None:
    """WH-1: a workflow that sleeps for two days runs to its end at once, its history in order."""
    began = reactory.now
    run = reactory.start(flow_of_steps, {"value": 5})
    assert (run.status, run.steps) == (
        "RUNNING",
        {"first": "COMPLETED", "rest": "SLEEPING", "second": "PENDING"},
    )
    assert run.run_to_completion() is run
    assert (run.status, run.outputs) == ("COMPLETED", {"value": 20})
    assert reactory.now - began == 2 * 86_400_000
    assert run.steps == {"first": "COMPLETED", "rest": "COMPLETED", "second": "COMPLETED"}
    done = [entry["path"] for entry in run.history if entry["event"] == "step_completed"]
    assert done == ["first", "second"]


def test_time_passes_as_far_as_it_is_told(reactory: WorkflowTester) -> None:
    """WH-1: ``skip`` takes seconds or a text, and what falls due on the way happens at its time."""
    run = reactory.start(flow_of_steps)
    reactory.skip("47h")
    reactory.skip(3599)
    assert run.steps["rest"] == "SLEEPING"
    reactory.skip(1)
    assert run.status == "COMPLETED"


def test_a_failure_is_retried_by_the_policy(reactory: WorkflowTester) -> None:
    """WH-1: a step fails as often as it is told to, by id; its attempts are seen."""
    reactory.fail_step("second", "busy", times=2)
    run = reactory.start(flow_of_steps).run_to_completion()
    assert run.outputs == {"value": 4}
    assert [(call.path, call.attempt, call.inputs) for call in reactory.calls] == [
        ("first", 1, {"value": 1}),
        ("second", 1, {"value": 2}),
        ("second", 2, {"value": 2}),
        ("second", 3, {"value": 2}),
    ]
    assert BODIES == ["first", "second"]


def test_a_failed_run_tells_its_reason_and_is_retried(reactory: WorkflowTester) -> None:
    """WH-1: an operator's retry takes it up at what failed."""
    reactory.fail_step("second", PermanentStepError("no such order"), times=1)
    run = reactory.start(flow_of_steps).run_to_completion()
    assert run.status == "FAILED"
    with pytest.raises(AssertionError, match=r"FAILED.*no such order"):
        assert run.outputs
    assert run.retry().status == "COMPLETED"
    assert BODIES == ["first", "second"]


def test_one_item_of_a_loop_fails(reactory: WorkflowTester) -> None:
    """WH-1: a path names one execution of a step."""

    @workflow("t.Loop", version="1.0.0")
    def loop(flow: Flow) -> None:
        with flow.for_each([1, 2, 3], id="each") as item:
            flow.task(double, value=item, id="twice", continue_on_error=True)

    reactory.fail_step("each[1]/twice", PermanentStepError("not you"), times=None)
    run = reactory.start(loop)
    assert run.status == "COMPLETED"
    assert {path: status for path, status in run.steps.items() if path.startswith("each[")} == {
        "each[0]/twice": "COMPLETED",
        "each[1]/twice": "FAILED",
        "each[2]/twice": "COMPLETED",
    }


def test_a_step_is_replaced(reactory: WorkflowTester) -> None:
    """WH-1: another function stands in for a step, whether that is registered or not, and is given its arguments."""
    reactory.replace_step("t.double", lambda value: value + 100)
    assert reactory.start(flow_of_steps).run_to_completion().outputs == {"value": 201}

    reactory.replace_step("t.elsewhere", lambda **inputs: sorted(inputs))
    reactory.load("""
nameSpace: t
name: Text
version: 1.0.0
steps: [{id: one, type: task, config: {handler: t.elsewhere}, inputs: {b: 1, a: 2}}]
outputs: {names: {type: array, source: steps.one.outputs}}
""")
    assert reactory.start("t.Text").outputs == {"names": ["a", "b"]}


CALL = """
nameSpace: t
name: Call
version: 1.0.0
steps:
  - {id: ask, type: api_call, config: {url: "https://example.com/", method: GET}, retryPolicy: {jitter: false}}
outputs: {status: {type: integer, source: steps.ask.outputs.response.status}}
"""


def test_a_step_of_the_engine_is_replaced(reactory: WorkflowTester) -> None:
    """YF-4: a test asks no other system: another function gets the config in its context, and may be made to fail."""
    urls: list[str] = []

    def answer(ctx: StepContext) -> dict[str, Any]:
        urls.append(ctx.config["url"])
        return {"response": {"status": 204}}

    reactory.replace_step("reactory.api_call", answer)
    reactory.fail_step("ask", "the network is down")
    run = reactory.load(CALL).start("t.Call")
    run.run_to_completion()
    assert run.outputs == {"status": 204}
    assert urls == ["https://example.com/"]


@pytest.mark.parametrize("writes", range(1, 12))
def test_a_worker_dies_after_any_write(reactory: WorkflowTester, writes: int) -> None:
    """WH-1, WH-3: another worker goes on, the result is the same, and no step whose result is recorded runs again."""
    reactory.crash_after(writes)
    run = reactory.start(flow_of_steps, {"value": 5})
    run.run_to_completion()
    assert run.outputs == {"value": 20}
    assert BODIES.count("second") == 1
    assert BODIES.count("first") <= 2


def test_an_operator_acts(reactory: WorkflowTester) -> None:
    """WH-1: pause, resume and cancel are those of the API, with their refusals."""
    run = reactory.start(flow_of_steps)
    assert run.pause("for lunch").status == "PAUSED"
    with pytest.raises(NotFinishedError, match=r"PAUSED.*run.resume"):
        run.run_to_completion()
    assert run.resume().status == "RUNNING"
    assert run.cancel("enough").status == "CANCELLED"
    assert run.reason is not None
    with pytest.raises(IllegalTransitionError):
        run.pause()


def test_a_module_is_loaded_from_its_folder(reactory: WorkflowTester) -> None:
    """IN-2: documents and steps of a module, as ``reactory dev`` loads them."""
    order = json.loads((MODULE / "orders" / "order-1001.json").read_text())
    reactory.load(MODULE)
    reactory.fail_step("score_fraud", "the score service is busy")
    run = reactory.start("acme-orders.Fulfil", order).run_to_completion()
    assert (run.status, run.reason) == ("COMPLETED", None)
    assert [call.attempt for call in reactory.calls if call.path == "score_fraud"] == [1, 2]


def test_a_wrong_input_is_refused(reactory: WorkflowTester) -> None:
    """YF-2: the start is that of the API: inputs are checked."""
    with pytest.raises(InvalidInputError):
        reactory.start(flow_of_steps, {"value": "many"})


def test_what_cannot_be_loaded_is_told(reactory: WorkflowTester, tmp_path: Path) -> None:
    """YF-1, IN-2: problems of documents and of modules come as errors with all of them."""
    with pytest.raises(InvalidDefinitionError, match=r"module.yaml"):
        reactory.load(tmp_path)
    with pytest.raises(InvalidDefinitionError):
        reactory.load("nameSpace: t\nname: Wrong\nversion: 1.0.0\nsteps: []\n")


def test_two_tests_share_nothing() -> None:
    """WH-1: every tester has stores, a clock and steps of its own."""
    with WorkflowTester() as one, WorkflowTester() as other:
        first, second = one.start(flow_of_steps), other.start(flow_of_steps)
        one.skip("3d")
        assert (first.status, second.status) == ("COMPLETED", "RUNNING")
