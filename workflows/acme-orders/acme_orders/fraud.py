"""The fraud desk: a score for every order, and a case for those that a person has to look at."""

from __future__ import annotations

from typing import Any

from reactory import StepContext, step

from .reference import reference

THROWAWAY_DOMAINS = ("mailinator.", "trashmail.", "10minutemail.")
HIGH_VALUE = 100_000
REFUSED_FROM = 80


@step("acme-orders.score_fraud")
def score_fraud(total: int, customer: dict[str, Any], card_country: str = "") -> dict[str, Any]:
    """0 is harmless, 100 is certain. Each reason is said, so that the desk can judge it."""
    domain = str(customer["email"]).rpartition("@")[2].lower()
    signs = [
        (30, "high value", total > HIGH_VALUE),
        (40, "card from another country", card_country not in ("", customer["country"])),
        (40, "throw-away e-mail address", domain.startswith(THROWAWAY_DOMAINS)),
    ]
    reasons = [reason for _, reason, present in signs if present]
    score = sum(points for points, _, present in signs if present)
    return {"score": min(100, score), "reasons": reasons}


@step("acme-orders.open_review")
def open_review(order_id: str, score: int, reasons: list[str], ctx: StepContext) -> dict[str, Any]:
    """Ask a person to look at the order."""
    case_id = reference("case", ctx.idempotency_key)
    ctx.log.warning("%s needs a review: score %d, %s", order_id, score, ", ".join(reasons) or "no sign")
    return {"caseId": case_id}


@step("acme-orders.close_review")
def close_review(case_id: str, score: int) -> dict[str, Any]:
    """What the desk decided. In the example a rule decides in its place."""
    return {"caseId": case_id, "approved": score < REFUSED_FROM, "reviewer": "fraud-desk"}
