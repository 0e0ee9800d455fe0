"""Small JSON documents under a key: the variables that instances share, and to-do lists.

``kind`` parts them by what they are (``variable:global``, ``variable:workflow``, ``todo``). Values are JSON texts.

Errors of every method: StoreUnavailableError and AmbiguousWriteError.
"""

from __future__ import annotations

from typing import Protocol


class Records(Protocol):
    def get(self, tenant: str, kind: str, key: str) -> str | None: ...

    def put(self, tenant: str, kind: str, key: str, value: str) -> None:
        """Write; what was there is replaced."""
        ...

    def put_new(self, tenant: str, kind: str, key: str, value: str) -> bool:
        """Write unless it is there already; False when it was there."""
        ...

    def delete(self, tenant: str, kind: str, key: str) -> bool:
        """Whether there was something to delete."""
        ...

    # last in the class: below it, the type ``list`` would mean this method
    def list(self, tenant: str, kind: str, prefix: str, limit: int, after: str | None = None) -> list[tuple[str, str]]:
        """(key, value) of those whose key begins with ``prefix``, ordered by key, beginning behind the key ``after``."""
        ...
