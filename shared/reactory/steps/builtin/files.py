"""Files below one folder: nothing that a workflow says leads out of it, neither ``..`` nor a link.

A path is resolved once. What it then goes through is held open from one folder to the next and no link is followed any
more, so a link that somebody puts there in the meantime leads nowhere.
"""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import stat
from collections.abc import Iterator
from pathlib import Path

from reactory.definition.wording import shown
from reactory.exceptions import InvalidStepError

LIMIT = 10_000_000
"""Bytes of a file that is read, written or copied."""

MOST = 10_000
"""Entries that one ``list`` gives."""

_ARRIVING = ".arriving-"
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW
_OLD_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK  # a pipe that nobody writes to must not hold us
_NEW_FILE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
_FOR_GOOD = frozenset(
    {
        errno.ENOTEMPTY,
        errno.ELOOP,
        errno.ENAMETOOLONG,
        errno.EACCES,
        errno.EPERM,
        errno.EINVAL,
        errno.EXDEV,
        errno.ENXIO,
    }
)
"""What another attempt finds the same."""

Parts = tuple[str, ...]


class Folder:
    """Paths are relative to ``root``, with ``/``. Every error is an InvalidStepError that names the path."""

    def __init__(self, root: Path) -> None:
        self._root = root.resolve()

    def inside(self, path: str, *, may_be_root: bool = False) -> Parts:
        """The real place of a path, links followed, or refused when it is outside."""
        if "\0" in path or Path(path).is_absolute() or ".." in Path(path).parts:
            raise InvalidStepError(f"{shown(path)} leads out of the folder for files: give a relative path without ..")
        place = (self._root / path).resolve()
        if not place.is_relative_to(self._root):
            raise InvalidStepError(f"{shown(path)} leads out of the folder for files by a link: remove the link")
        if place == self._root and not may_be_root:
            raise InvalidStepError(f"{shown(path)} is the folder for files itself: name something in it")
        return place.relative_to(self._root).parts

    def read(self, path: str) -> bytes:
        with self._holding(path) as (folder, name):
            return _content(folder, name, path)

    def write(self, path: str, content: bytes, *, overwrite: bool) -> None:
        """What is there with this very content may be from an attempt before: then nothing is to be done."""
        if len(content) > LIMIT:
            raise InvalidStepError(f"the content has {len(content)} bytes, more than {LIMIT}: write it in parts")
        with self._holding(path, make=True) as (folder, name):
            if _holds(folder, name, content):
                return
            try:
                _check_free(_status(folder, name), path, overwrite=overwrite)
                _put(folder, name, content, overwrite=overwrite)
            except FileExistsError:
                if not _holds(folder, name, content):  # an attempt that nobody waits for any more may have been faster
                    raise

    def copy(self, path: str, destination: str, *, overwrite: bool) -> None:
        self.write(destination, self.read(path), overwrite=overwrite)

    def move(self, path: str, destination: str, *, overwrite: bool) -> None:
        """Where only the destination is there, an attempt before has moved it: then nothing is to be done."""
        try:
            self._move(path, destination, overwrite=overwrite)
        except InvalidStepError:
            if self.exists(path) or not self.exists(destination):
                raise

    def _move(self, path: str, destination: str, *, overwrite: bool) -> None:
        with self._holding(path) as (folder, name):
            found = os.stat(name, dir_fd=folder, follow_symlinks=False)
            with self._holding(destination, make=True) as (target, new):
                there = _status(target, new)
                if _is_half_done(found, there) and self.inside(path) != self.inside(destination):
                    os.unlink(name, dir_fd=folder)
                    return
                _check_free(there, destination, overwrite=overwrite)
                if overwrite or stat.S_ISDIR(found.st_mode):
                    os.rename(name, new, src_dir_fd=folder, dst_dir_fd=target)
                else:
                    _rename_new(folder, name, target, new)

    def delete(self, path: str) -> bool:
        """Whether there was something: a file, or a folder that is empty."""
        if not self.exists(path):
            return False
        with self._holding(path) as (folder, name):
            found = os.stat(name, dir_fd=folder, follow_symlinks=False)
            if stat.S_ISDIR(found.st_mode):
                os.rmdir(name, dir_fd=folder)
            else:
                os.unlink(name, dir_fd=folder)
            return True

    def exists(self, path: str) -> bool:
        return self._root.joinpath(*self.inside(path, may_be_root=True)).exists()

    def mkdir(self, path: str) -> None:
        with _explained(path), self._folder(self.inside(path), make=True):
            return

    def list(self, path: str) -> list[str]:
        """The names in a folder, sorted, those of folders with a ``/`` behind."""
        with _explained(path), self._folder(self.inside(path, may_be_root=True)) as folder, os.scandir(folder) as found:
            entries = [entry for entry in found if not entry.name.startswith(_ARRIVING)]
            if len(entries) > MOST:
                raise InvalidStepError(f"{shown(path)} has more than {MOST} entries: part them into folders")
            return sorted(f"{entry.name}/" if entry.is_dir() else entry.name for entry in entries)

    @contextlib.contextmanager
    def _holding(self, path: str, *, make: bool = False) -> Iterator[tuple[int, str]]:
        """The folder that a path lies in, held open, and the name in it."""
        with _explained(path):
            *parents, name = self.inside(path)
            with self._folder(tuple(parents), make=make) as folder:
                yield folder, name

    @contextlib.contextmanager
    def _folder(self, parts: Parts, *, make: bool = False) -> Iterator[int]:
        held = os.open(self._root, os.O_RDONLY | os.O_DIRECTORY)
        try:
            for part in parts:
                if make:
                    with contextlib.suppress(FileExistsError):
                        os.mkdir(part, dir_fd=held)
                inner = os.open(part, _FOLDER, dir_fd=held)
                os.close(held)
                held = inner
            yield held
        finally:
            os.close(held)


def _status(folder: int, name: str) -> os.stat_result | None:
    try:
        return os.stat(name, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        return None


def _check_free(found: os.stat_result | None, path: str, *, overwrite: bool) -> None:
    if found is not None and stat.S_ISDIR(found.st_mode):
        raise InvalidStepError(f"{shown(path)} is a folder: name a file")
    if found is not None and not overwrite:
        raise FileExistsError


def _is_half_done(found: os.stat_result | None, there: os.stat_result | None) -> bool:
    """Whether it is one file that has both names, as when a process died in the middle of a move."""
    return found is not None and there is not None and os.path.samestat(found, there)


def _rename_new(folder: int, name: str, target: int, new: str) -> None:
    """Rename a file, but not over another one, which a rename would replace."""
    try:
        os.link(name, new, src_dir_fd=folder, dst_dir_fd=target, follow_symlinks=False)
    except FileExistsError:
        if not _is_half_done(_status(folder, name), _status(target, new)):
            raise
    os.unlink(name, dir_fd=folder)


def _holds(folder: int, name: str, content: bytes) -> bool:
    found = _status(folder, name)
    alike = found is not None and stat.S_ISREG(found.st_mode) and found.st_size == len(content)
    return alike and _content(folder, name, name) == content


def _content(folder: int, name: str, path: str) -> bytes:
    with open(name, "rb", opener=lambda name, _: os.open(name, _OLD_FILE, dir_fd=folder)) as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise InvalidStepError(f"{shown(path)} is a pipe or a device: only files are read")
        content = file.read(LIMIT + 1)
    if len(content) > LIMIT:
        raise InvalidStepError(f"{shown(path)} has more than {LIMIT} bytes: read it in a step of your own")
    return content


def _put(folder: int, name: str, content: bytes, *, overwrite: bool) -> None:
    """Write a file beside the place; it takes the place at once when it is complete."""
    arriving = f"{_ARRIVING}{secrets.token_hex(8)}"
    try:
        with open(arriving, "wb", opener=lambda name, _: os.open(name, _NEW_FILE, 0o666, dir_fd=folder)) as file:
            file.write(content)
        if overwrite:
            os.replace(arriving, name, src_dir_fd=folder, dst_dir_fd=folder)
        else:  # unlike a rename, it refuses when somebody else was faster
            os.link(arriving, name, src_dir_fd=folder, dst_dir_fd=folder)
    finally:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(arriving, dir_fd=folder)


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
