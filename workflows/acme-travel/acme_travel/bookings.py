"""Flights, hotels and cars: what they cost, booking them, and giving them back.

The world is inside the process, and whether something can be had depends on the destination only: Atlantis has no
hotel, and Venice no cars.
"""

from __future__ import annotations

from dataclasses import dataclass

from reactory import PermanentStepError, StepContext, step

from .reference import reference
from .travellers import Traveller

FLIGHT, ROOM, CAR = 24_000, 9_500, 4_000
"""Cents: a seat there and back, a room per night, a car per day."""

GUESTS_PER_ROOM = 2
LOOKS_UNTIL_ISSUED = 3


class UnavailableError(PermanentStepError):
    """It cannot be had there; asking again is no use."""

    code = "unavailable"
    category = "resource"


@dataclass(frozen=True)
class Quote:
    flights: int
    rooms: int
    car: int
    total: int


@dataclass(frozen=True)
class Booking:
    kind: str
    reference: str


@dataclass(frozen=True)
class Cancellation:
    """``known``: whether the booking's number was known, or it had to be looked for by the trip."""

    kind: str
    known: bool


@dataclass(frozen=True)
class Tickets:
    issued: bool
    look: int


@step("acme-travel.quote")
async def quote(destination: str, nights: int, travellers: list[Traveller]) -> Quote:
    """What the trip costs, in cents."""
    if not destination.strip():
        raise UnavailableError("Where to? The destination is empty")
    flights, rooms = FLIGHT * len(travellers), ROOM * nights * _rooms(len(travellers))
    car = CAR * (nights + 1)
    return Quote(flights, rooms, car, flights + rooms + car)


def _rooms(guests: int) -> int:
    return -(-guests // GUESTS_PER_ROOM)


@step("acme-travel.book_flight")
async def book_flight(destination: str, seats: int, ctx: StepContext) -> Booking:
    """Seats there and back."""
    ctx.log.info("%d seats to %s", seats, destination)
    return Booking("flight", reference("flight", ctx.idempotency_key))


@step("acme-travel.book_hotel")
async def book_hotel(destination: str, nights: int, guests: int, ctx: StepContext) -> Booking:
    """Rooms for two, for all nights."""
    if destination == "Atlantis":
        raise UnavailableError(f"There is no hotel with {_rooms(guests)} rooms for {nights} nights in {destination}")
    return Booking("hotel", reference("hotel", ctx.idempotency_key))


@step("acme-travel.book_car")
async def book_car(destination: str, days: int, ctx: StepContext) -> Booking:
    """One car."""
    if destination == "Venice":
        raise UnavailableError(f"There is no car for {days} days in {destination}")
    return Booking("car", reference("car", ctx.idempotency_key))


@step("acme-travel.cancel")
async def cancel(trip_id: str, kind: str, reference: str, ctx: StepContext) -> Cancellation:
    """Give a booking back. One that is not there, or was given back before, is no error: it is what was wanted."""
    ctx.log.info("%s of %s cancelled: %s", kind, trip_id, reference or "looked for by the trip")
    return Cancellation(kind, known=bool(reference))


@step("acme-travel.ticket_status")
async def ticket_status(reference: str, look: int, ctx: StepContext) -> Tickets:
    """Whether the airline has issued the tickets. It has by the third look."""
    ctx.log.info("look %d at %s", look, reference)
    return Tickets(look >= LOOKS_UNTIL_ISSUED, look)
