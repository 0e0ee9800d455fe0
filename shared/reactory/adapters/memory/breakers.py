"""Breakers that let every call pass and know of none."""

from __future__ import annotations

from reactory.ports.breakers import Breaker, BreakerChange, BreakerRules, Permit, Refusal


class NoBreakers:
    def ask(
        self, tenant: str, key: str, rules: BreakerRules, now: int, until: int
    ) -> tuple[Permit | Refusal, BreakerChange | None]:
        del rules, now, until
        return Permit(tenant, key), None

    def report(self, permit: Permit, rules: BreakerRules, now: int, *, failed: bool) -> BreakerChange | None:
        del permit, rules, now, failed

    def give_back(self, permit: Permit) -> None:
        del permit

    def get(self, tenant: str, key: str) -> Breaker | None:
        del tenant, key

    def reset(self, tenant: str, key: str, now: int) -> BreakerChange | None:
        del tenant, key, now

    # last in the class: below it, the type ``list`` would mean this method
    def list(self, tenant: str, limit: int, after: str | None = None) -> list[Breaker]:
        del tenant, limit, after
        return []
