"""Records in memory."""

from __future__ import annotations

import threading


class MemoryRecords:
    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._values: dict[tuple[str, str, str], str] = {}

    def get(self, tenant: str, kind: str, key: str) -> str | None:
        with self._lock:
            return self._values.get((tenant, kind, key))

    def put(self, tenant: str, kind: str, key: str, value: str) -> None:
        with self._lock:
            self._values[tenant, kind, key] = value

    def put_new(self, tenant: str, kind: str, key: str, value: str) -> bool:
        with self._lock:
            if (tenant, kind, key) in self._values:
                return False
            self._values[tenant, kind, key] = value
            return True

    def delete(self, tenant: str, kind: str, key: str) -> bool:
        with self._lock:
            return self._values.pop((tenant, kind, key), None) is not None

    def list(self, tenant: str, kind: str, prefix: str, limit: int, after: str | None = None) -> list[tuple[str, str]]:
        with self._lock:
            found = [
                (key, value)
                for (of_tenant, of_kind, key), value in self._values.items()
                if (of_tenant, of_kind) == (tenant, kind) and key.startswith(prefix) and (after is None or key > after)
            ]
        return sorted(found)[:limit]
