"""A payment service as bad as real ones: it drops connections, and it declines cards.

It runs inside the process, so that the example needs no network. Whether a call fails depends only on what it is given:
the first two attempts of every charge lose their connection, in whichever process they run.
"""

from __future__ import annotations

from typing import NamedTuple

from reactory import PermanentStepError

from .reference import reference

DROPPED_CONNECTIONS = 2
LIMIT = 1_000_000
"""In the smallest unit of the currency: more is declined."""


class CardDeclinedError(PermanentStepError):
    """The bank says no; asking again changes nothing."""

    code = "card_declined"


class Payment(NamedTuple):
    id: str
    amount: int
    currency: str


def charge(idempotency_key: str, attempt: int, *, token: str, amount: int, currency: str) -> Payment:
    """Charge a card once per idempotency key: a second call with the same key answers with the same payment."""
    if attempt <= DROPPED_CONNECTIONS:
        raise ConnectionResetError(f"payments.acme.example closed the connection (attempt {attempt})")
    if amount > LIMIT or token.startswith("tok_declined"):
        raise CardDeclinedError(f"The bank declined {amount / 100:.2f} {currency}: ask the customer for another card")
    return Payment(reference("pay", idempotency_key), amount, currency)
