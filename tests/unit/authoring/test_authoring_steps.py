"""Every step type in Python, and the document that it becomes."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from reactory import step
from reactory.authoring import Flow, Retry, Workflow, cel, succeeded, workflow
from reactory.definition.authoring.builder import Builder

Write = Callable[[Flow], Any]


@step("acme.charge")
def charge(amount: float, currency: str = "EUR") -> dict[str, Any]:
    return {"id": f"{amount} {currency}"}


@step("acme.refund")
def refund(payment: str) -> None:
    """Undo a charge."""


def written(write: Write) -> list[dict[str, Any]]:
    """The steps as they are written down, whether they are valid or not."""
    builder = Builder(write)
    write(Flow(builder))
    assert builder.problems({"steps": builder.steps}) == []
    return builder.steps


def one(write: Write) -> dict[str, Any]:
    (found,) = written(write)
    return found


def test_a_task_names_the_step_of_its_function_and_takes_its_arguments() -> None:
    """YF-1: arguments become inputs, options the fields of the step."""
    made = one(
        lambda flow: flow.task(
            charge,
            amount=flow.input.total,
            id="pay",
            name="Charge",
            description="Money",
            enabled=True,
            condition=flow.input.total > 0,
            depends_on=[],
            outputs={"paid": True, "state": "done", "by": flow.input.user},
            timeout="10s",
            retry=Retry(
                max_attempts=5, backoff="linear", initial_delay="2s", max_delay=3, jitter=False, on=["network"]
            ),
            error_policy="suspend",
            continue_on_error=True,
            execution="at_most_once",
            cache={"key": flow.input.total, "ttl": "1h"},
            designer={"x": 1},
        )
    )
    assert made == {
        "id": "pay",
        "type": "task",
        "name": "Charge",
        "description": "Money",
        "enabled": True,
        "condition": "input.total > 0",
        "dependsOn": [],
        "outputs": {"paid": True, "state": "'done'", "by": "input.user"},
        "timeout": 10_000,
        "retryPolicy": {
            "maxAttempts": 5,
            "backoffStrategy": "linear",
            "initialDelay": 2000,
            "maxDelay": 3,
            "jitter": False,
            "retryOnErrors": ["network"],
        },
        "errorPolicy": "suspend",
        "continueOnError": True,
        "execution": "at_most_once",
        "cache": {"key": "${input.total}", "ttl": "1h"},
        "designer": {"x": 1},
        "config": {"handler": "acme.charge"},
        "inputs": {"amount": "${input.total}"},
    }


def test_ids_are_named_after_what_a_step_does_and_are_unique() -> None:
    """YF-1: an id that is not given is readable, unique, and the same at every build."""

    def write(flow: Flow) -> None:
        flow.task(charge, amount=1)
        flow.task(charge, amount=2)
        flow.task("acme.deep-er.2nd")
        flow.log("x")
        flow.wait_event("order.paid")
        flow.set_variable("n", 1)

    ids = [made["id"] for made in written(write)]
    assert ids == ["charge", "charge_2", "step_2nd", "log", "wait_paid", "set_n"]


def test_a_reference_is_the_outputs_of_its_step() -> None:
    """YF-1: what a step returns can be used in later steps, as a value, in a text, or as a condition."""

    def write(flow: Flow) -> None:
        pay = flow.task("acme.charge", id="my-pay")
        flow.log(f"paid {pay.id} of {flow.input.total}", data=[pay, {"ok": succeeded(pay)}], depends_on=pay)

    assert written(write)[1] == {
        "id": "log",
        "type": "log",
        "dependsOn": "my-pay",
        "config": {
            "message": "paid ${steps['my-pay'].outputs.id} of ${input.total}",
            "data": ["${steps['my-pay'].outputs}", {"ok": "${steps['my-pay'].success}"}],
        },
    }


def test_a_step_is_compensated_by_what_a_function_writes() -> None:
    """YF-1: compensate_with, and the block that does the same for several steps."""

    def write(flow: Flow) -> None:
        flow.task(charge, amount=1, compensate_with=lambda paid: flow.task(refund, payment=paid.id))
        booked = flow.task("acme.book")
        with flow.compensation(booked):
            flow.task("acme.unbook")
            flow.log("unbooked")
        flow.log("after", compensate_with=lambda: flow.log("undone"))

    charged, booked, after = written(write)
    assert [made["inputs"] for made in charged["compensateWith"]] == [{"payment": "${steps.charge.outputs.id}"}]
    assert [made["type"] for made in booked["compensateWith"]] == ["task", "log"]
    assert [made["config"]["message"] for made in after["compensateWith"]] == ["undone"]


def test_blocks_hold_the_steps_under_their_with() -> None:
    """YF-1: conditions, cases, branches and loops."""

    def write(flow: Flow) -> None:
        with flow.condition(flow.input.a > 1, condition=flow.input.b) as large:
            flow.log("then", id="then")
        with large.otherwise():
            flow.log("else", id="else")
        with flow.switch(flow.input.country) as country:
            with country.case("FR"):
                flow.log("fr", id="fr")
            with country.otherwise():
                flow.end()
        with flow.parallel(join={"strategy": "n_of", "count": 1}, max_concurrency=2, fail_fast=True) as both:
            with both.branch("left"):
                flow.start(id="left")
            with both.branch("right"):
                flow.start(id="right")
        with flow.while_(flow.variables.n < 3, max_iterations=5):
            flow.log("round", id="round")

    condition, switch, parallel, loop = written(write)
    assert condition["condition"] == "input.b"
    assert condition["config"]["condition"] == "input.a > 1"
    assert [condition["config"][key][0]["id"] for key in ("thenSteps", "elseSteps")] == ["then", "else"]
    assert switch["config"]["value"] == "input.country"
    assert [(case["when"], case["steps"][0]["id"]) for case in switch["config"]["cases"]] == [("FR", "fr")]
    assert [made["type"] for made in switch["config"]["default"]] == ["end"]
    assert parallel["config"] == {
        "join": {"strategy": "n_of", "count": 1},
        "maxConcurrency": 2,
        "failFast": True,
        "branches": [{"name": n, "steps": [{"id": n, "type": "start"}]} for n in ("left", "right")],
    }
    assert (loop["config"]["condition"], loop["config"]["maxIterations"]) == ("variables.n < 3", 5)


def test_a_loop_inside_a_loop_has_names_of_its_own() -> None:
    """YF-1: the item of an outer loop can be used inside an inner one, and the number of both."""

    def write(flow: Flow) -> None:
        loop = flow.for_each(flow.input.lines, max_concurrency=1)
        with loop as line, flow.for_each(line.parts, item="part") as part:
            flow.log(f"{loop.index} {line.sku} {part}")
        with flow.for_each([1, flow.input.a]):
            flow.log("x")

    outer, after = written(write)
    inner = outer["config"]["steps"][0]
    assert outer["config"]["items"] == "input.lines"
    assert "itemVariable" not in outer["config"]
    assert (inner["config"]["items"], inner["config"]["itemVariable"], inner["config"]["indexVariable"]) == (
        "item.parts",
        "part",
        "index_2",
    )
    assert inner["config"]["steps"][0]["config"]["message"] == "${index} ${item.sku} ${part}"
    assert (after["config"]["items"], after["id"]) == ("[1, input.a]", "for_each_3")


def test_time_is_milliseconds_a_text_or_a_timedelta() -> None:
    """YF-1: lengths of time are written as suits the author."""

    def write(flow: Flow) -> None:
        flow.delay("2d")
        flow.delay(500)
        flow.delay(timedelta(seconds=1.5))
        flow.delay(flow.input.wait, reason="because")
        flow.delay(until=datetime(2027, 1, 31, tzinfo=UTC))
        with flow.schedule("2h"):
            flow.log("later")
        with flow.recur("5m", until=flow.variables.done):
            flow.log("again")

    *delays, later, again = written(write)
    assert [made["config"] for made in delays] == [
        {"durationText": "2d"},
        {"duration": 500},
        {"duration": 1500},
        {"duration": "${input.wait}", "reason": "because"},
        {"until": "2027-01-31T00:00:00+00:00"},
    ]
    assert (later["type"], later["config"]["durationText"], len(later["config"]["steps"])) == ("schedule", "2h", 1)
    assert (again["config"]["interval"], again["config"]["until"]) == ("5m", "variables.done")


def test_events_people_and_others() -> None:
    """YF-1: what waits for the world outside, and what speaks to it."""

    def write(flow: Flow) -> None:
        with flow.saga(retry=Retry(max_attempts=2)) as booking:
            flow.log("book")
        with booking.compensation():
            flow.log("all undone")
        flow.wait_event("paid", key=flow.input.id, timeout="2d", on_timeout="continue", output_variable="p")
        flow.wait_event("paid", key="order-7")
        flow.emit("done", key="k", data={"id": flow.input.id})
        flow.activity("scan", {"page": 1}, timeout="1m", heartbeat=500)
        flow.user_activity("approval", assignee="ann", choices=["yes", "no"], message="?", timeout="1d")
        flow.invoke("acme.Report@1.0.0", input={"a": 1}, wait=True, timeout=5)
        flow.api_call("GET", "https://example.org", {"headers": {"x": "y"}})
        flow.join(["a"], strategy="any", within="1s")
        flow.custom({"a": 1}, name="acme.x", inputs={"b": 2})
        flow.get_variable("n")
        flow.delete_variable("n")
        flow.step("telemetry", config={"metricName": "m", "value": 1})
        flow.raw({"id": "r", "type": "log", "strange": None})

    saga, *rest = written(write)
    assert saga["retryPolicy"] == {"maxAttempts": 2}
    assert {key: len(steps) for key, steps in saga["config"].items()} == {"steps": 1, "compensate": 1}
    assert [(made["type"], made.get("config")) for made in rest] == [
        (
            "wait_event",
            {
                "eventName": "paid",
                "eventKey": "input.id",
                "timeout": 172_800_000,
                "onTimeout": "continue",
                "outputVariable": "p",
            },
        ),
        ("wait_event", {"eventName": "paid", "eventKey": "'order-7'"}),
        ("emit_event", {"eventName": "done", "eventKey": "'k'", "data": {"id": "${input.id}"}}),
        ("activity", {"activityName": "scan", "parameters": {"page": 1}, "timeout": 60_000, "heartbeat": 500}),
        (
            "user_activity",
            {
                "activityType": "approval",
                "assignee": "ann",
                "options": ["yes", "no"],
                "message": "?",
                "timeout": 86_400_000,
            },
        ),
        (
            "invoke_workflow",
            {"workflowId": "acme.Report@1.0.0", "input": {"a": 1}, "waitForCompletion": True, "timeout": 5},
        ),
        ("api_call", {"url": "https://example.org", "method": "GET", "headers": {"x": "y"}}),
        ("join", {"strategy": "any", "timeout": 1000}),
        ("custom", {"a": 1}),
        ("set_variable", {"action": "get", "key": "n"}),
        ("set_variable", {"action": "delete", "key": "n"}),
        ("telemetry", {"metricName": "m", "value": 1}),
        ("log", None),
    ]


def test_an_unknown_option_is_refused_where_it_is_written() -> None:
    """YF-1: a misspelt field of a step is told with the one that was meant."""
    with pytest.raises(TypeError, match="did you mean timeout"):
        written(lambda flow: flow.log("x", timeot=5))  # type: ignore[call-arg]


def test_another_workflow_is_invoked_by_its_object() -> None:
    """YF-1: a reference to a workflow follows its version."""
    other = Workflow({"nameSpace": "acme", "name": "Report", "version": "2.0.0", "steps": []})
    assert one(lambda flow: flow.invoke(other))["config"] == {"workflowId": "acme.Report@2.0.0"}


def test_the_whole_document() -> None:
    """YF-1: what is said at the decorator stands around the steps."""

    @workflow(
        "acme.sub.Whole",
        version="1.2.3",
        description="All",
        author="Ada",
        tags=["a"],
        variables={"n": 0},
        timeout="1h",
        retry=Retry(max_attempts=2),
        error_policy="terminate",
        priority="HIGH",
        metadata={"designer": {"zoom": 2}},
    )
    def whole(flow: Flow) -> dict[str, Any]:
        flow.log("x")
        return {"n": flow.variables.n + 1, "text": "constant", "raw": cel("1 + 1"), "list": [flow.variables.n]}

    assert whole.document == {
        "nameSpace": "acme.sub",
        "name": "Whole",
        "version": "1.2.3",
        "description": "All",
        "author": "Ada",
        "tags": ["a"],
        "metadata": {
            "designer": {"zoom": 2},
            "timeout": 3_600_000,
            "retryPolicy": {"maxAttempts": 2},
            "errorPolicy": "terminate",
            "priority": "HIGH",
        },
        "variables": {"n": 0},
        "steps": [{"id": "log", "type": "log", "config": {"message": "x"}}],
        "outputs": {
            "n": {"type": "object", "source": "variables.n + 1"},
            "text": {"type": "string", "source": "'constant'"},
            "raw": {"type": "object", "source": "1 + 1"},
            "list": {"type": "array", "source": "[variables.n]"},
        },
    }
    assert whole.program().name == "Whole"
