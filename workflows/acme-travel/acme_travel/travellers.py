"""Who travels: passports, papers, letters."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TypedDict

from reactory import PermanentStepError, StepContext, step

from .reference import reference

_PASSPORT = re.compile(r"[A-Z0-9]{6,9}")


class Traveller(TypedDict):
    name: str
    email: str
    passport: str


class InvalidPassportError(PermanentStepError):
    """The traveller has to bring another one; then an operator retries the instance."""

    code = "invalid_passport"
    category = "validation"


@dataclass(frozen=True)
class Papers:
    number: str
    name: str


@dataclass(frozen=True)
class Letter:
    to: str
    number: str


@step("acme-travel.check_passport")
async def check_passport(traveller: Traveller, destination: str) -> None:
    """Fails for good when they would not let the traveller in."""
    if _PASSPORT.fullmatch(traveller["passport"]) is None:
        raise InvalidPassportError(f"{traveller['name']} cannot enter {destination} with this passport")


@step("acme-travel.issue_papers")
async def issue_papers(traveller: Traveller, flight: str, ctx: StepContext) -> Papers:
    """Boarding pass and vouchers."""
    ctx.log.info("papers for %s", flight)
    return Papers(reference("papers", ctx.idempotency_key), traveller["name"])


@step("acme-travel.write")
async def write(email: str, text: str, ctx: StepContext) -> Letter:
    """Write to a traveller."""
    ctx.log.info("letter of %d characters", len(text))
    return Letter(email, reference("letter", ctx.idempotency_key))
