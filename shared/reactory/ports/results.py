"""Results of idempotent steps, kept for a while to be used again (CA-3). Losing them costs a repetition, nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol


class ResultCache(Protocol):
    def get(self, keys: Sequence[str]) -> dict[str, str]:
        """The results (JSON texts) that are there and not too old, by the database's clock."""
        ...

    def put(self, key: str, result: str, ttl_ms: int) -> None:
        """Keep a result; one that is there is replaced."""
        ...
