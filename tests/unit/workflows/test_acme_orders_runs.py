"""The example's documents run by the kernel, without waiting: their delays pass in the test's own time."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from reactory import StepContext
from reactory.definition.compile import load_program
from reactory.definition.inputs import accept_input
from reactory.kernel.context import Context
from reactory.kernel.effects import RunStep
from reactory.kernel.facts import Begin, Fact, Failed, Succeeded, Tick
from reactory.kernel.machine import Machine
from reactory.kernel.state import State
from reactory.kernel.timers import next_timer
from reactory.steps import describe_error, load_modules, to_json_value

FOLDER = Path(__file__).parents[3] / "workflows"
MODULES = load_modules([FOLDER / "acme-orders"])
PROGRAMS = {
    program.name: program
    for program in (load_program(file.text, MODULES.registry.names()) for file in MODULES.workflows)
}


def perform(effect: RunStep, now: int) -> Fact:
    """One attempt of a step, its result or error as the fact that the host would record."""
    found = MODULES.registry.get(effect.handler)
    assert found is not None
    ctx = StepContext(
        instance_id="i1",
        workflow_id="w",
        version="1.0.0",
        path=effect.path,
        step_id=effect.node.id,
        attempt=effect.attempt,
        config=effect.config or {},
    )
    try:
        result = found.function(**found.arguments(effect.input or {}, ctx))
        output = to_json_value(asyncio.run(result) if found.is_async else result, found.name)
    except Exception as error:  # noqa: BLE001 - whatever a step raises is a fact
        return Failed(effect.path, effect.attempt, describe_error(error), now, now)
    return Succeeded(effect.path, effect.attempt, now, now, output)


def run(name: str, data: dict[str, Any]) -> Machine:
    """A whole instance, from its start data to its end."""
    program = PROGRAMS[name]
    accepted, problems = accept_input(program.inputs, data)
    assert problems == []
    machine = Machine(program, State(), Context("i1", accepted))
    facts: list[Fact] = [Begin(0)]
    done = 0
    while facts:
        machine.apply(facts.pop(0))
        assert machine.drain(100_000)
        new, done = machine.effects[done:], len(machine.effects)
        facts += [perform(effect, machine.state.now) for effect in new if isinstance(effect, RunStep)]
        due = next_timer(machine.state)
        if not facts and due is not None:
            facts.append(Tick(due))
    return machine


def fulfil(number: int) -> Machine:
    data = json.loads((FOLDER / "acme-orders" / "orders" / f"order-{number}.json").read_text(encoding="utf-8"))
    return run("Fulfil", data)


def attempts(machine: Machine, path: str) -> list[str]:
    return [record.status for record in machine.records if record.path == path]


def test_an_ordinary_order_is_shipped() -> None:
    """YF-9: order 1001 is approved by itself, reserved line by line, charged at the third attempt and shipped by air."""
    machine = fulfil(1001)
    output = machine.state.output
    assert machine.state.status == "COMPLETED"
    assert output is not None
    assert (output["orderId"], output["status"], output["total"]) == ("order-1001", "shipped", 20550)
    assert [found["sku"] for found in output["reservations"]] == ["KB-201", "MS-044", "CB-310"]
    assert len({found["reservationId"] for found in output["reservations"]}) == 3
    assert output["paymentId"].startswith("pay_")
    assert output["trackingNumber"].startswith("SW-")
    assert output["reviewedBy"] == ""
    assert attempts(machine, "charge") == ["FAILED", "FAILED", "COMPLETED"]


def test_an_expensive_order_is_reviewed_and_shipped() -> None:
    """Order 1002 goes through the fraud desk, is approved there and goes by road."""
    output = fulfil(1002).state.output
    assert output is not None
    assert (output["status"], output["reviewedBy"]) == ("shipped", "fraud-desk")
    assert output["trackingNumber"].startswith("RO-")


def test_a_suspicious_order_ends_early() -> None:
    """Order 1003 is rejected by the fraud desk: `end` finishes the instance, nothing was reserved or charged."""
    machine = fulfil(1003)
    output = machine.state.output
    assert machine.state.status == "COMPLETED"
    assert output is not None
    assert (output["status"], output["paymentId"], output["reservations"]) == ("rejected", "", [])
    assert attempts(machine, "charge") == []


def test_a_wrong_order_fails_at_once() -> None:
    """A wrong order is FAILED after one attempt, with what has to be corrected."""
    data = {"orderId": "order-1004", "customer": {"name": "A"}, "lines": [], "paymentToken": "tok_1"}
    machine = run("Fulfil", data)
    assert machine.state.status == "FAILED"
    assert machine.state.reason is not None
    assert "customer.email is missing" in machine.state.reason["message"]
    assert attempts(machine, "validate_order") == ["FAILED"]


def test_a_declined_card_is_not_tried_again() -> None:
    """YF-6: the retry policy of the charge covers lost connections, not a refusal of the bank."""
    lines = [{"sku": "AA-001", "quantity": 1, "unitPrice": 100}]
    customer = {"name": "A", "email": "a@example.com", "country": "FR"}
    data = {"orderId": "order-1005", "customer": customer, "lines": lines, "paymentToken": "tok_declined"}
    machine = run("Fulfil", data)
    assert machine.state.status == "FAILED"
    assert attempts(machine, "charge") == ["FAILED", "FAILED", "FAILED"]


def test_the_demonstration_takes_seconds() -> None:
    """The delays of an ordinary order add up to a few seconds: its retries and the hand-over of the parcel."""
    assert 2000 <= fulfil(1001).state.now <= 4000


def test_the_loop_ends_when_the_stock_is_there() -> None:
    """AwaitStock looks three times and pauses in between, not after the last look."""
    machine = run("AwaitStock", {"sku": "KB-201", "quantity": 2})
    assert machine.state.output == {"available": True, "looks": 3}
    assert machine.state.now == 600


@pytest.mark.parametrize(
    ("country", "overseas", "carrier"), [("FR", False, "RoadPost"), ("DE", False, "RoadPost"), ("FR", True, "BlueLine")]
)
def test_the_graph_takes_the_cheapest_carrier(country: str, overseas: bool, carrier: str) -> None:
    """YF-5: the carriers are asked at once; the one that is not asked is SKIPPED, and the choice still made."""
    data = {"country": country, "overseas": overseas, "lines": [{"quantity": 3}]}
    machine = run("QuoteShipping", data)
    assert machine.state.output is not None
    assert machine.state.output["carrier"] == carrier
    assert attempts(machine, "sea") == (["COMPLETED"] if overseas else ["SKIPPED"])
