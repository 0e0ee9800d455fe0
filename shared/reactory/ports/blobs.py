"""Large payloads, out of line. Immutable: one id is written with one content only, so a second write is harmless."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol


class Blobs(Protocol):
    def put(self, blobs: Mapping[str, bytes]) -> None:
        """Store every blob under its id (``instanceId/…``, printable ASCII, at most 900 characters); of any size."""
        ...

    def get(self, ids: Sequence[str]) -> dict[str, bytes]:
        """The content of each id; ids that do not exist are left out."""
        ...

    def delete_prefix(self, prefix: str) -> int:
        """Delete all blobs of an instance (``instanceId/``); how many there were."""
        ...
