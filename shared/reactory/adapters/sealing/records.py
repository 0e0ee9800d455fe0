"""Records whose values are sealed; kinds and keys stay plain."""

from __future__ import annotations

from reactory.adapters.sealing.sealer import Sealer
from reactory.ports.records import Records

CONTEXT = "record"


class SealedRecords:
    def __init__(self, inner: Records, sealer: Sealer) -> None:
        self._inner = inner
        self._sealer = sealer

    def get(self, tenant: str, kind: str, key: str) -> str | None:
        found = self._inner.get(tenant, kind, key)
        return None if found is None else self._sealer.open(found, CONTEXT)

    def put(self, tenant: str, kind: str, key: str, value: str) -> None:
        self._inner.put(tenant, kind, key, self._sealer.seal(value, CONTEXT))

    def put_new(self, tenant: str, kind: str, key: str, value: str) -> bool:
        return self._inner.put_new(tenant, kind, key, self._sealer.seal(value, CONTEXT))

    def delete(self, tenant: str, kind: str, key: str) -> bool:
        return self._inner.delete(tenant, kind, key)

    # last in the class: below it, the type ``list`` would mean this method
    def list(self, tenant: str, kind: str, prefix: str, limit: int, after: str | None = None) -> list[tuple[str, str]]:
        found = self._inner.list(tenant, kind, prefix, limit, after)
        return [(key, self._sealer.open(value, CONTEXT)) for key, value in found]
