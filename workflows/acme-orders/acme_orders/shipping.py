"""Parcels: weight, prices and bookings."""

from __future__ import annotations

from typing import Any

from reactory import PermanentStepError, StepContext, step

from .reference import reference

GRAMS_PER_ARTICLE = 400
AT_HOME = "FR"
RATES = {"RoadPost": (490, 120), "SwiftAir": (1290, 310), "BlueLine": (290, 60)}
"""Carrier → price of a parcel and of each kilogram begun, in cents; abroad costs double."""


@step("acme-orders.weigh")
def weigh(lines: list[dict[str, Any]]) -> dict[str, int]:
    """The weight of a parcel with all the lines."""
    return {"grams": GRAMS_PER_ARTICLE * sum(line["quantity"] for line in lines)}


@step("acme-orders.quote")
async def quote(carrier: str, country: str, grams: int) -> dict[str, Any]:
    """The price that a carrier asks."""
    if carrier not in RATES:
        raise PermanentStepError(f"There is no carrier '{carrier}'; known are {', '.join(RATES)}")
    parcel, kilogram = RATES[carrier]
    price = parcel + kilogram * -(-grams // 1000)
    return {"carrier": carrier, "price": price if country == AT_HOME else price * 2}


@step("acme-orders.cheapest")
def cheapest(quotes: list[dict[str, Any] | None]) -> dict[str, Any]:
    """The best of the answers; who was not asked has none."""
    return min((quote for quote in quotes if quote), key=lambda quote: (quote["price"], quote["carrier"]))


@step("acme-orders.book_parcel")
def book_parcel(carrier: str, country: str, reservations: list[dict[str, Any]], ctx: StepContext) -> dict[str, Any]:
    """Order the collection of what was reserved."""
    tracking = reference(carrier[:2].lower(), ctx.idempotency_key).upper().replace("_", "-")
    ctx.log.info("%s collects %d lines for %s", carrier, len(reservations), country)
    return {
        "carrier": carrier,
        "trackingNumber": tracking,
        "pickUpFrom": sorted({reservation["warehouse"] for reservation in reservations}),
    }
