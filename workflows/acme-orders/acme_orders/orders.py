"""What the shop does itself: check the order, reserve stock, charge, write to the customer.

Every step may run twice (a process can end before the result is recorded), so whatever it makes is named after
``ctx.idempotency_key``, which is the same for every attempt.
"""

from __future__ import annotations

import asyncio
from typing import Any

from reactory import PermanentStepError, StepContext, step

from . import payment_service
from .reference import reference

WAREHOUSES = ("Lyon", "Rotterdam", "Poznan")
MAX_QUANTITY = 100
DELIVERY_AFTER_LOOKS = 3


class InvalidOrderError(PermanentStepError):
    """The order itself is wrong; the message lists everything that has to be corrected."""

    code = "invalid_order"
    category = "validation"


@step("acme-orders.validate_order")
def validate_order(customer: dict[str, Any], lines: list[dict[str, Any]], currency: str) -> dict[str, Any]:
    """Check customer and lines, and compute the total."""
    problems = [f"customer.{name} is missing" for name in ("name", "email", "country") if not customer.get(name)]
    if not lines:
        problems.append("there are no lines")
    for number, line in enumerate(lines, start=1):
        problems += [f"line {number}: {problem}" for problem in _line_problems(line)]
    if problems:
        raise InvalidOrderError(f"The order cannot be fulfilled: {'; '.join(problems)}")
    total = sum(line["quantity"] * line["unitPrice"] for line in lines)
    return {"total": total, "currency": currency, "articles": sum(line["quantity"] for line in lines)}


def _line_problems(line: dict[str, Any]) -> list[str]:
    problems = []
    if not line.get("sku"):
        problems.append("sku is missing")
    if not _whole(line.get("quantity"), 1, MAX_QUANTITY):
        problems.append(f"quantity must be a whole number from 1 to {MAX_QUANTITY}")
    if not _whole(line.get("unitPrice"), 0, 10_000_000):
        problems.append("unitPrice must be a whole number of cents")
    return problems


def _whole(value: Any, lowest: int, highest: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and lowest <= value <= highest


@step("acme-orders.reserve")
def reserve(sku: str, quantity: int, ctx: StepContext) -> dict[str, Any]:
    """Set articles aside in the warehouse that keeps this kind."""
    warehouse = WAREHOUSES[sum(sku.encode()) % len(WAREHOUSES)]
    ctx.log.info("reserved %d of %s in %s", quantity, sku, warehouse)
    return {
        "reservationId": reference("res", ctx.idempotency_key),
        "sku": sku,
        "quantity": quantity,
        "warehouse": warehouse,
    }


@step("acme-orders.charge")
def charge(token: str, amount: int, currency: str, ctx: StepContext) -> dict[str, Any]:
    """Charge the card. The service fails now and then; the retries are the workflow's affair."""
    payment = payment_service.charge(ctx.idempotency_key, ctx.attempt, token=token, amount=amount, currency=currency)
    return {"paymentId": payment.id, "amount": payment.amount, "currency": payment.currency, "attempts": ctx.attempt}


@step("acme-orders.notify")
async def notify(email: str, subject: str, text: str, ctx: StepContext) -> dict[str, Any]:
    """Write to the customer."""
    await asyncio.sleep(0)  # where a mail provider would be called
    ctx.log.info("mail to the customer: %s", subject)
    return {"messageId": reference("msg", ctx.idempotency_key), "to": email, "characters": len(text)}


@step("acme-orders.invoice")
async def invoice(order_id: str, total: int, currency: str, payment_id: str, ctx: StepContext) -> dict[str, Any]:
    """Make the invoice."""
    await asyncio.sleep(0)  # where the accounting system would be called
    return {
        "invoiceId": reference("inv", ctx.idempotency_key),
        "text": f"{order_id}: {total / 100:.2f} {currency}, paid with {payment_id}",
    }


@step("acme-orders.check_stock")
def check_stock(sku: str, quantity: int, look: int) -> dict[str, Any]:
    """Is it there? The delivery arrives between the second and the third look."""
    stock = quantity if look >= DELIVERY_AFTER_LOOKS else 0
    return {"sku": sku, "available": stock >= quantity, "look": look}
