"""The steps of the example module, called as the plain functions that they are."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from reactory import StepContext
from reactory.steps import describe_error, load_module, to_json_value

FOLDER = Path(__file__).parents[3] / "workflows" / "acme-orders"
STEPS = {found.name.partition(".")[2]: found for found in load_module(FOLDER).steps}


def context(path: str = "charge", attempt: int = 1) -> StepContext:
    return StepContext(
        instance_id="i1", workflow_id="acme-orders.Fulfil", version="1.0.0", path=path, step_id=path, attempt=attempt
    )


def run(name: str, inputs: dict[str, Any], ctx: StepContext | None = None) -> Any:
    """Calls a step as the engine does, and gives its result as storage gives it back."""
    found = STEPS[name]
    result = found.function(**found.arguments(inputs, ctx or context()))
    return to_json_value(asyncio.run(result) if found.is_async else result, found.name)


def order(number: int) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((FOLDER / "orders" / f"order-{number}.json").read_text(encoding="utf-8"))
    return loaded


def validated(data: dict[str, Any]) -> dict[str, Any]:
    inputs = {"customer": data["customer"], "lines": data["lines"], "currency": data.get("currency", "EUR")}
    result: dict[str, Any] = run("validate_order", inputs)
    return result


def scored(data: dict[str, Any]) -> dict[str, Any]:
    inputs = {"total": validated(data)["total"], "customer": data["customer"], "card_country": data["cardCountry"]}
    result: dict[str, Any] = run("score_fraud", inputs)
    return result


def test_the_total_is_computed() -> None:
    """An order's total is the sum over its lines, in cents."""
    assert validated(order(1001)) == {"total": 20550, "currency": "EUR", "articles": 6}


def test_every_problem_of_an_order_is_said_at_once() -> None:
    """A wrong order fails for good, with all that has to be corrected."""
    lines = [{"sku": "A", "quantity": 0, "unitPrice": 1}, {"quantity": True, "unitPrice": 1.5}]
    with pytest.raises(Exception, match="cannot be fulfilled") as caught:
        run("validate_order", {"customer": {"name": "A"}, "lines": lines, "currency": "EUR"})
    error = describe_error(caught.value)
    assert (error.code, error.category, error.retryable) == ("invalid_order", "validation", False)
    for part in (
        "customer.email",
        "customer.country",
        "line 1: quantity",
        "line 2: sku",
        "line 2: quantity",
        "line 2: unitPrice",
    ):
        assert part in error.message


def test_an_order_without_lines_is_wrong() -> None:
    """An empty order is refused."""
    with pytest.raises(Exception, match="there are no lines"):
        run("validate_order", {"customer": order(1001)["customer"], "lines": [], "currency": "EUR"})


@pytest.mark.parametrize(
    ("number", "score", "reviewed", "approved"),
    [(1001, 0, False, True), (1002, 30, True, True), (1003, 100, True, False)],
)
def test_the_orders_take_the_three_ways(number: int, score: int, reviewed: bool, approved: bool) -> None:
    """The three orders beside the example show approval at once, approval by review, and rejection."""
    data = order(number)
    result = scored(data)
    assert result["score"] == score
    assert (score >= 50 or validated(data)["total"] > 100_000) is reviewed
    decision = run("close_review", {"case_id": "c", "score": score})
    assert (decision["approved"], decision["reviewer"]) == (approved, "fraud-desk")


def test_a_review_opens_one_case_however_often_it_runs() -> None:
    """WH-19: the case is named after the idempotency key."""
    inputs = {"order_id": "order-1003", "score": 100, "reasons": ["high value"]}
    assert run("open_review", inputs) == run("open_review", inputs, context(attempt=2))


def test_each_line_has_its_own_reservation() -> None:
    """WH-19: the same line gives the same reservation, another line another one."""
    inputs = {"sku": "KB-201", "quantity": 1}
    first = run("reserve", inputs, context("reserve_lines[0]/reserve"))
    assert first == run("reserve", inputs, context("reserve_lines[0]/reserve", attempt=2))
    assert first["reservationId"] != run("reserve", inputs, context("reserve_lines[1]/reserve"))["reservationId"]


CHARGE = {"token": "tok_1", "amount": 1250, "currency": "EUR"}


@pytest.mark.parametrize("attempt", [1, 2])
def test_the_first_two_charges_lose_their_connection(attempt: int) -> None:
    """The payment service fails in a way that the retry policy of the example tries again."""
    with pytest.raises(ConnectionError) as caught:
        run("charge", CHARGE, context(attempt=attempt))
    error = describe_error(caught.value)
    assert (error.category, error.retryable) == ("network", True)


def test_a_card_is_charged_once() -> None:
    """WH-19: whichever attempt gets through, it is the same payment."""
    third, fourth = (run("charge", CHARGE, context(attempt=attempt)) for attempt in (3, 4))
    assert third["paymentId"] == fourth["paymentId"]
    assert (third["amount"], third["attempts"]) == (1250, 3)


@pytest.mark.parametrize("changes", [{"token": "tok_declined1"}, {"amount": 1_000_001}])
def test_a_declined_card_is_not_tried_again(changes: dict[str, Any]) -> None:
    """A refusal of the bank is final."""
    with pytest.raises(Exception, match="declined") as caught:
        run("charge", CHARGE | changes, context(attempt=3))
    error = describe_error(caught.value)
    assert (error.code, error.retryable) == ("card_declined", False)


def test_a_parcel_is_booked_once() -> None:
    """WH-19: booking again answers with the same parcel, collected in every warehouse once."""
    reservations = [{"warehouse": "Lyon"}, {"warehouse": "Lyon"}, {"warehouse": "Poznan"}]
    inputs = {"carrier": "SwiftAir", "country": "FR", "reservations": reservations}
    booked = run("book_parcel", inputs)
    assert booked == run("book_parcel", inputs, context(attempt=2))
    assert booked["pickUpFrom"] == ["Lyon", "Poznan"]
    assert booked["trackingNumber"].startswith("SW-")


def test_the_customer_is_told_and_billed() -> None:
    """Mail and invoice name the order; both are asynchronous steps."""
    mail = run("notify", {"email": "a@example.com", "subject": "s", "text": "four"})
    assert (mail["to"], mail["characters"]) == ("a@example.com", 4)
    bill = run("invoice", {"order_id": "order-1", "total": 1250, "currency": "EUR", "payment_id": "pay_1"})
    assert bill["text"] == "order-1: 12.50 EUR, paid with pay_1"


@pytest.mark.parametrize(("look", "available"), [(1, False), (2, False), (3, True)])
def test_stock_arrives_with_the_third_look(look: int, available: bool) -> None:
    """The loop of the example ends, and not at once."""
    assert run("check_stock", {"sku": "KB-201", "quantity": 2, "look": look})["available"] is available


def test_the_cheapest_carrier_is_taken() -> None:
    """Prices depend on weight and country; who was not asked is passed over."""
    grams = run("weigh", {"lines": [{"quantity": 2}, {"quantity": 1}]})["grams"]
    quotes = [
        run("quote", {"carrier": carrier, "country": "FR", "grams": grams}) for carrier in ("RoadPost", "SwiftAir")
    ]
    assert [quote["price"] for quote in quotes] == [490 + 2 * 120, 1290 + 2 * 310]
    assert run("cheapest", {"quotes": [*quotes, None]})["carrier"] == "RoadPost"
    assert run("quote", {"carrier": "RoadPost", "country": "DE", "grams": grams})["price"] == 2 * (490 + 2 * 120)


def test_an_unknown_carrier_is_a_mistake() -> None:
    """A carrier that does not exist fails for good."""
    with pytest.raises(Exception, match="There is no carrier 'Pigeon'"):
        run("quote", {"carrier": "Pigeon", "country": "FR", "grams": 1})


def test_every_step_is_described() -> None:
    """Each step of the example says in a sentence what it does."""
    assert [found.name for found in STEPS.values() if not found.description] == []
