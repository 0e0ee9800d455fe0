"""The folder that holds the state of a local stack between runs: ours by a marker, used by one stack at a time."""

from __future__ import annotations

import contextlib
import os
import shutil
from pathlib import Path
from typing import IO

from reactory.exceptions import StartupError

MARKER = ".reactory-data"
_TEXT = "The state of a local stack (reactory dev). Delete the whole folder to forget it.\n"


class DataFolder:
    """Taken from ``take`` until ``release``."""

    def __init__(self, path: Path) -> None:
        self.path = path.resolve()
        self._lock: IO[str] | None = None

    @property
    def database(self) -> Path:
        return self.path / "mongod"

    @property
    def log(self) -> Path:
        return self.path / "mongod.log"

    def take(self, *, fresh: bool) -> None:
        """Make it ours; ``fresh`` empties it. Raises StartupError for a folder with somebody else's files, or in use."""
        marker = self.path / MARKER
        if self.path.exists() and not self.path.is_dir():
            raise StartupError(f"{self.path} is a file. Name a folder with --data.")
        if self.path.is_dir() and not marker.exists() and any(self.path.iterdir()):
            raise StartupError(
                f"{self.path} has files in it that no local stack made, so nothing is written to it and nothing "
                f"deleted from it. Name another folder with --data."
            )
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            self._lock = marker.open("a+")
        except OSError as error:
            raise StartupError(f"Cannot write to {self.path}: {error.strerror}. Name another with --data.") from error
        self._claim()
        if fresh:
            self._empty()

    def release(self) -> None:
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def _claim(self) -> None:
        import fcntl

        assert self._lock is not None
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            self._lock.seek(0)
            holder = self._lock.read().rpartition("process ")[2].strip()
            self.release()
            raise StartupError(
                f"{self.path} is in use by another local stack (process {holder}). Stop that one, or name another "
                f"folder with --data. Two stacks can share one database: set MONGODB_URI for both."
            ) from error
        self._lock.truncate(0)
        self._lock.write(f"{_TEXT}process {os.getpid()}\n")
        self._lock.flush()

    def _empty(self) -> None:
        for entry in self.path.iterdir():
            if entry.name == MARKER:
                continue
            if entry.is_dir() and not entry.is_symlink():
                shutil.rmtree(entry)
            else:
                with contextlib.suppress(FileNotFoundError):
                    entry.unlink()
