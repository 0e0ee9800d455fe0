"""What comes in with the event ``trip-paid``, and what goes back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypedDict

from reactory import PermanentStepError, StepContext, step

from .reference import reference


class Payment(TypedDict):
    """The payload of the event. ``amount`` is in cents."""

    paymentId: str
    amount: int


class UnderpaidError(PermanentStepError):
    """Less was paid than asked for."""

    code = "underpaid"
    category = "validation"


@dataclass(frozen=True)
class Receipt:
    number: str
    amount: int


@step("acme-travel.accept_payment")
async def accept_payment(payment: Payment, total: int, ctx: StepContext) -> Receipt:
    """Take the payment, if it is enough."""
    if payment["amount"] < total:
        raise UnderpaidError(f"{payment['amount']} cents were paid for a trip of {total}")
    return Receipt(reference("receipt", ctx.idempotency_key), payment["amount"])


@step("acme-travel.refund")
async def refund(payment: Payment, ctx: StepContext) -> Receipt:
    """Send back what was paid."""
    return Receipt(reference("refund", ctx.idempotency_key), payment["amount"])
