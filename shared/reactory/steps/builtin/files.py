"""Files below one folder: nothing that a workflow says leads out of it, neither ``..`` nor a link."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from reactory.definition.wording import shown
from reactory.exceptions import InvalidStepError

LIMIT = 10_000_000
"""Bytes of a file that is read or written."""

MOST = 10_000
"""Entries that one ``list`` gives."""

_FOR_GOOD = frozenset({errno.ENOTEMPTY, errno.ELOOP, errno.ENAMETOOLONG, errno.EACCES, errno.EPERM})
"""What another attempt finds the same."""


class Folder:
    """Paths are relative to ``root``, with ``/``. Every error is an InvalidStepError that names the path."""

    def __init__(self, root: Path) -> None:
        self._root = root.resolve()

    def inside(self, path: str, *, may_be_root: bool = False) -> Path:
        """The real place of a path, links followed, or refused when it is outside."""
        if "\0" in path or Path(path).is_absolute() or ".." in Path(path).parts:
            raise InvalidStepError(f"{shown(path)} leads out of the folder for files: give a relative path without ..")
        place = (self._root / path).resolve()
        if not place.is_relative_to(self._root):
            raise InvalidStepError(f"{shown(path)} leads out of the folder for files by a link: remove the link")
        if place == self._root and not may_be_root:
            raise InvalidStepError(f"{shown(path)} is the folder for files itself: name something in it")
        return place

    def read(self, path: str) -> bytes:
        with _explained(path):
            place = self.inside(path)
            if place.stat().st_size > LIMIT:
                raise InvalidStepError(f"{shown(path)} has more than {LIMIT} bytes: read it in a step of your own")
            return place.read_bytes()

    def write(self, path: str, content: bytes, *, overwrite: bool) -> None:
        """What is there with this very content may be from an attempt before: then nothing is to be done."""
        if len(content) > LIMIT:
            raise InvalidStepError(f"the content has {len(content)} bytes, more than {LIMIT}: write it in parts")
        with _explained(path):
            if _holds(self.inside(path), content):
                return
        with self._arriving(path, overwrite=overwrite) as arriving:
            arriving.write_bytes(content)

    def copy(self, path: str, destination: str, *, overwrite: bool) -> None:
        source = self.inside(path)
        with self._arriving(destination, overwrite=overwrite) as arriving, _explained(path):
            shutil.copyfile(source, arriving)

    def move(self, path: str, destination: str, *, overwrite: bool) -> None:
        with _explained(path):
            source, place = self.inside(path), self.inside(destination)
            if not source.exists():
                raise FileNotFoundError
            self._may_write(destination, place, overwrite=overwrite)
            place.parent.mkdir(parents=True, exist_ok=True)
            source.replace(place)

    def delete(self, path: str) -> bool:
        """Whether there was something: a file, or a folder that is empty."""
        with _explained(path):
            place = self.inside(path)
            if not place.exists():
                return False
            if place.is_dir():
                place.rmdir()
            else:
                place.unlink()
            return True

    def exists(self, path: str) -> bool:
        return self.inside(path, may_be_root=True).exists()

    def mkdir(self, path: str) -> None:
        with _explained(path):
            self.inside(path).mkdir(parents=True, exist_ok=True)

    def list(self, path: str) -> list[str]:
        """The names in a folder, sorted, those of folders with a ``/`` behind."""
        with _explained(path):
            place = self.inside(path, may_be_root=True)
            names = sorted(f"{entry.name}/" if entry.is_dir() else entry.name for entry in os.scandir(place))
            if len(names) > MOST:
                raise InvalidStepError(f"{shown(path)} has more than {MOST} entries: part them into folders")
            return names

    @contextlib.contextmanager
    def _arriving(self, path: str, *, overwrite: bool) -> Iterator[Path]:
        """A file beside the place; it takes the place at once when it is complete."""
        with _explained(path):
            place = self.inside(path)
            self._may_write(path, place, overwrite=overwrite)
            place.parent.mkdir(parents=True, exist_ok=True)
            handle, name = tempfile.mkstemp(prefix=".arriving-", dir=place.parent)
            os.close(handle)
            arriving = Path(name)
            try:
                yield arriving
                if overwrite:
                    arriving.replace(place)
                else:
                    os.link(arriving, place)  # unlike a rename, it refuses when somebody else was faster
            finally:
                arriving.unlink(missing_ok=True)

    @staticmethod
    def _may_write(path: str, place: Path, *, overwrite: bool) -> None:
        if place.is_dir():
            raise InvalidStepError(f"{shown(path)} is a folder: name a file")
        if place.exists() and not overwrite:
            raise FileExistsError


def _holds(place: Path, content: bytes) -> bool:
    return place.is_file() and place.stat().st_size == len(content) and place.read_bytes() == content


@contextlib.contextmanager
def _explained(path: str) -> Iterator[None]:
    """What the system says about a path, as an error that names it. A full disk and the like may be tried again."""
    try:
        yield
    except FileNotFoundError:
        raise InvalidStepError(f"{shown(path)} does not exist") from None
    except FileExistsError:
        raise InvalidStepError(f"{shown(path)} exists already: set overwrite to replace it") from None
    except (IsADirectoryError, NotADirectoryError):
        raise InvalidStepError(f"{shown(path)} is a folder where a file is needed, or the other way round") from None
    except OSError as error:
        if error.errno in _FOR_GOOD:
            raise InvalidStepError(f"{shown(path)}: {error.strerror}") from None
        raise
