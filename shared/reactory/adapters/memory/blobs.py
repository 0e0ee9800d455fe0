"""Blobs in memory."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence


class MemoryBlobs:
    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._blobs: dict[str, bytes] = {}

    def put(self, blobs: Mapping[str, bytes]) -> None:
        with self._lock:
            for blob_id, content in blobs.items():
                self._blobs.setdefault(blob_id, bytes(content))

    def get(self, ids: Sequence[str]) -> dict[str, bytes]:
        with self._lock:
            return {blob_id: self._blobs[blob_id] for blob_id in ids if blob_id in self._blobs}

    def delete_prefix(self, prefix: str) -> int:
        with self._lock:
            gone = [blob_id for blob_id in self._blobs if blob_id.startswith(prefix)]
            for blob_id in gone:
                del self._blobs[blob_id]
        return len(gone)
