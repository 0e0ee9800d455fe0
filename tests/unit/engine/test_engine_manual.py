"""What is wrong with what a step was given is for a person: it fails at once, and is retried with corrected input."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from reactory import StepContext, step
from reactory.exceptions import ConflictError, InvalidRequestError, PayloadTooLargeError
from reactory.steps.errors import describe_error

if TYPE_CHECKING:
    from tests.unit.engine.conftest import Engine

KIND = "Workflow Manual Intervention Required"


class InvalidOrderError(Exception):
    category = "validation"


@pytest.fixture
def charges(engine: Engine) -> list[dict[str, Any]]:
    """What the step ``t.charge`` was called with; it wants a currency."""
    calls: list[dict[str, Any]] = []

    @step("t.charge")
    async def charge(ctx: StepContext, amount: int, currency: str = "") -> dict[str, Any]:
        calls.append({"amount": amount, "currency": currency, "attempt": ctx.attempt})
        if not currency:
            raise InvalidOrderError("the currency is missing")
        return {"paid": f"{amount} {currency}"}

    engine.steps.add(charge)
    return calls


def charge_step(step_id: str = "charge", **more: Any) -> dict[str, Any]:
    return {"id": step_id, "type": "task", "config": {"handler": "t.charge"}, "inputs": {"amount": 12}} | more


def retry(engine: Engine, instance_id: str, **more: Any) -> None:
    engine.runner.control.control(instance_id, "retry", caller="ann", **more)
    engine.work()


@pytest.mark.parametrize("policy", [{}, {"retryPolicy": {"maxAttempts": 5, "initialDelay": 0}}])
def test_a_validation_error_asks_for_a_person(
    engine: Engine, charges: list[dict[str, Any]], policy: dict[str, Any]
) -> None:
    """EH-4: not retried, FAILED with a reason that names the step and what to do, and exactly one event on the bus."""
    run = engine.run(charge_step() | policy, engine.do("ship", label="ship"))
    assert len(charges) == 1
    reason = engine.reason(run)
    assert (engine.status(run), reason["code"], reason["stepId"]) == ("FAILED", "manual_intervention", "charge")
    assert "the currency is missing" in reason["message"]
    assert "corrected input" in reason["message"]
    engine.advance(600_000)
    (event,) = engine.events(KIND)
    assert event.detail["instanceId"] == run
    assert event.detail["reason"] == reason
    assert engine.events("Workflow Instance Dead Lettered") == []


def test_a_retry_brings_corrected_input(engine: Engine, charges: list[dict[str, Any]]) -> None:
    """EH-4: the corrected input stands in the place of the rendered one, and the instance goes on to its end."""
    run = engine.run(charge_step(), engine.do("ship", label="ship"), outputs={"paid": "steps.charge.outputs.paid"})
    retry(engine, run, step="charge", data={"amount": 13, "currency": "EUR"})
    assert engine.outputs(run) == {"paid": "13 EUR"}
    assert charges[1:] == [{"amount": 13, "currency": "EUR", "attempt": 2}]
    told = [entry for entry in engine.history(run) if entry["event"] == "control"]
    assert [(entry["action"], entry["path"], entry["by"]) for entry in told] == [("retry", "charge", "ann")]


def test_a_retry_without_input_gives_it_the_same_again(engine: Engine, charges: list[dict[str, Any]]) -> None:
    """EH-4: each retry that does not help asks for a person once more."""
    run = engine.run(charge_step())
    retry(engine, run)
    assert len(charges) == 2
    assert len(engine.events(KIND)) == 2


def test_corrected_input_stays_for_further_retries(engine: Engine, charges: list[dict[str, Any]]) -> None:
    """EH-4: what was corrected once need not be said again."""
    run = engine.run(charge_step())
    retry(engine, run, data={"amount": 99})
    retry(engine, run)
    assert [call["amount"] for call in charges] == [12, 99, 99]


def test_corrected_input_survives_crashes(engine: Engine, charges: list[dict[str, Any]]) -> None:
    """EH-4, WH-1: it is as durable as the request that it came with."""
    run = engine.run(charge_step())
    engine.runner.control.control(run, "retry", data={"amount": 13, "currency": "EUR"})
    for writes in range(4):
        engine.crash(writes)
        engine.recover()
    assert engine.status(run) == "COMPLETED"
    assert {call["currency"] for call in charges[1:]} == {"EUR"}


def test_large_corrected_input_goes_out_of_line(engine: Engine) -> None:
    """EH-4, WR-15: it is kept like any other large payload, and the step sees all of it."""
    lengths: list[int] = []

    @step("t.measure")
    async def measure(text: str = "") -> None:
        lengths.append(len(text))
        if not text:
            raise InvalidOrderError("empty")

    engine.steps.add(measure)
    run = engine.run({"id": "a", "type": "task", "config": {"handler": "t.measure"}})
    retry(engine, run, data={"text": "x" * 200_000})
    assert engine.status(run) == "COMPLETED"
    assert lengths == [0, 200_000]


@pytest.mark.parametrize(
    ("more", "error"),
    [
        ({"data": ["no", "object"]}, InvalidRequestError),
        ({"data": {"x": object()}}, InvalidRequestError),
        ({"data": {"text": "x" * 3_000_000}}, PayloadTooLargeError),
        ({"data": {}, "step": "ship"}, ConflictError),
        ({"step": "nobody"}, ConflictError),
    ],
)
def test_what_does_not_fit_is_refused_and_nothing_is_done(
    engine: Engine, charges: list[dict[str, Any]], more: dict[str, Any], error: type[Exception]
) -> None:
    """EH-4: an input that is none, a step that has not failed."""
    run = engine.run(charge_step(), engine.do("ship"))
    with pytest.raises(error):
        retry(engine, run, **more)
    assert engine.status(run) == "FAILED"
    assert len(charges) == 1


def test_of_several_failed_steps_the_path_is_named(engine: Engine, charges: list[dict[str, Any]]) -> None:
    """EH-4: where more than one execution has failed, input without a path is refused."""
    run = engine.run(engine.node("each", "for_each", items=[1, 2], steps=[charge_step()]))
    with pytest.raises(ConflictError, match=r"each\[0\]/charge, each\[1\]/charge"):
        retry(engine, run, step="charge", data={"amount": 1, "currency": "EUR"})
    retry(engine, run, step="each[0]/charge", data={"amount": 1, "currency": "EUR"})
    retry(engine, run, step="each[1]/charge", data={"amount": 2, "currency": "EUR"})
    assert engine.status(run) == "COMPLETED"
    assert [call["amount"] for call in charges if call["currency"]] == [1, 2]


def test_a_type_without_inputs_takes_none(engine: Engine) -> None:
    """EH-4: a step that has no inputs in the document has none to be corrected."""
    run = engine.run(engine.node("say", "log", message="${variables.nothing}"))
    assert engine.reason(run)["code"] == "manual_intervention"
    with pytest.raises(ConflictError, match="type log"):
        retry(engine, run, data={"message": "hello"})


def test_arguments_that_do_not_fit_are_for_a_person(engine: Engine, charges: list[dict[str, Any]]) -> None:
    """EH-4: inputs that the function does not accept are a validation error too."""
    run = engine.run(charge_step(inputs={"sum": 12}))
    assert engine.reason(run)["code"] == "manual_intervention"
    retry(engine, run, data={"amount": 12, "currency": "EUR"})
    assert engine.status(run) == "COMPLETED"
    assert len(charges) == 1


@pytest.mark.parametrize(
    ("more", "status", "code"),
    [
        ({"errorPolicy": "suspend"}, "PAUSED", "suspended"),
        ({"errorPolicy": "terminate"}, "FAILED", "terminated"),
        ({"continueOnError": True}, "COMPLETED", None),
    ],
)
def test_what_the_document_says_comes_first(
    engine: Engine, charges: list[dict[str, Any]], more: dict[str, Any], status: str, code: str | None
) -> None:
    """EH-4: errorPolicy and continueOnError decide as for any other error, once and without another attempt."""
    run = engine.run(charge_step() | more)
    assert engine.status(run) == status
    assert (engine.see(run)["reason"] or {}).get("code") == code
    assert engine.events(KIND) == []
    assert len(charges) == 1


def test_a_saga_is_compensated(engine: Engine, charges: list[dict[str, Any]]) -> None:
    """EH-4: inside of a saga a validation error compensates, like any other."""
    undo = engine.do("a", label="a", compensateWith=[engine.do("undo", label="undo")])
    run = engine.run(engine.node("trip", "saga", steps=[undo, charge_step()]))
    assert engine.see(run)["compensated"] is True
    assert engine.calls == ["a", "undo"]
    assert len(charges) == 1
    assert describe_error(InvalidOrderError("x")).category == "validation"
