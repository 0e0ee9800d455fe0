"""Sees files change by looking at them: no dependency, and it works on every file system."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

PERIOD = 0.5
SUFFIXES = frozenset({".yaml", ".yml", ".json", ".py"})
_SKIPPED = frozenset({"__pycache__", "node_modules"})


class Changes:
    """What changed since the last look, told once nothing changes any more: a burst is one change."""

    def __init__(self, folders: Sequence[Path]) -> None:
        self._folders = tuple(folders)
        self._seen = dict(self._scan())
        self._pending: set[Path] = set()

    def look(self) -> list[Path]:
        """Changed, new and deleted files of a burst that is over; else nothing."""
        now = dict(self._scan())
        changed = {path for path in now.keys() | self._seen.keys() if now.get(path) != self._seen.get(path)}
        self._seen = now
        if changed:
            self._pending |= changed
            return []
        settled, self._pending = sorted(self._pending), set()
        return settled

    def _scan(self) -> Iterator[tuple[Path, tuple[int, int, int]]]:
        for folder in self._folders:
            for root, folders, files in os.walk(folder):
                folders[:] = [name for name in folders if name not in _SKIPPED and not name.startswith(".")]
                for name in files:
                    if os.path.splitext(name)[1] in SUFFIXES:  # noqa: PTH122 - Path is slow for thousands of names
                        path = Path(root, name)
                        try:
                            status = path.stat()
                        except OSError:
                            continue  # deleted meanwhile
                        yield path, (status.st_mtime_ns, status.st_size, status.st_ino)


class Watcher:
    """Calls ``on_change`` on a thread of its own, never twice at once."""

    def __init__(self, folders: Sequence[Path], on_change: Callable[[list[Path]], None]) -> None:
        self._changes = Changes(folders)
        self._on_change = on_change
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._loop, name="watcher", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        self._closing.set()

    def join(self) -> None:
        if self._thread.is_alive():
            self._thread.join()

    def _loop(self) -> None:
        while not self._closing.wait(PERIOD):
            changed = self._changes.look()
            if changed:
                self._on_change(changed)
