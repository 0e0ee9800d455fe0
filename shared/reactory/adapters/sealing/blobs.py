"""Blobs whose content is sealed; ids stay plain."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from reactory.adapters.sealing.sealer import Sealer
from reactory.ports.blobs import Blobs

CONTEXT = "blob"


class SealedBlobs:
    def __init__(self, inner: Blobs, sealer: Sealer) -> None:
        self._inner = inner
        self._sealer = sealer

    def put(self, blobs: Mapping[str, bytes]) -> None:
        self._inner.put({name: self._sealer.seal_bytes(content, CONTEXT) for name, content in blobs.items()})

    def get(self, ids: Sequence[str]) -> dict[str, bytes]:
        return {name: self._sealer.open_bytes(content, CONTEXT) for name, content in self._inner.get(ids).items()}

    def delete_prefix(self, prefix: str) -> int:
        return self._inner.delete_prefix(prefix)
