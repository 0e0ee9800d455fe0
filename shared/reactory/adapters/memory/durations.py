"""Durations in memory."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Sequence

from reactory.ports.statistics import KEPT_DURATIONS


class MemoryDurations:
    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._latest: dict[tuple[str, str, str], deque[int]] = {}

    def note(self, tenant: str, workflow_id: str, step_id: str, durations: Sequence[int]) -> None:
        with self._lock:
            self._latest.setdefault((tenant, workflow_id, step_id), deque(maxlen=KEPT_DURATIONS)).extend(durations)

    def recent(self, tenant: str, workflow_id: str, step_id: str) -> list[int]:
        with self._lock:
            return list(self._latest.get((tenant, workflow_id, step_id), ()))
