"""Keys that payloads are encrypted under: data keys, each wrapped by a master key that never leaves its keeper (WH-25)."""

from __future__ import annotations

from typing import Protocol


class KeyService(Protocol):
    def new_key(self) -> tuple[bytes, bytes]:
        """A new data key of 32 bytes, plain and wrapped. Raises UnavailableError."""
        ...

    def unwrap(self, wrapped: bytes) -> bytes:
        """The plain data key. Raises SealedUnreadableError if the master key is not there, UnavailableError."""
        ...
