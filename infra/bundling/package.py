"""A folder ready for Lambda, built once for each content of its inputs.

Every package lies in ``infra/build/<name>-<digest>``, where the digest covers all that it is made of: built again only when
something changed, and two builds of the same sources have the same name wherever and whenever they run. The digest is
also the asset's hash, so that the template depends on contents and never on timestamps.
"""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

BUILD = Path("infra") / "build"

IGNORED = ("__pycache__", "*.pyc", ".*")
"""What is no source, wherever it lies."""


@dataclass(frozen=True, slots=True)
class Package:
    """``digest`` stands for the inputs of what lies at ``path``."""

    path: Path
    digest: str


def sources(folder: Path) -> list[Path]:
    """Every source file below a folder, in a stable order."""
    found = (path for path in folder.rglob("*") if path.is_file() and path.suffix != ".pyc")
    return sorted(path for path in found if not any(_ignored(part) for part in path.relative_to(folder).parts))


def _ignored(part: str) -> bool:
    return part == "__pycache__" or part.startswith(".")


def digest(root: Path, files: Iterable[Path], *words: str) -> str:
    """A digest of the files' names (relative to ``root``) and contents, and of the words."""
    total = hashlib.sha256()
    for word in words:
        total.update(f"{word}\0".encode())
    for path in sorted(files):
        content = hashlib.sha256(path.read_bytes()).hexdigest()
        total.update(f"{path.relative_to(root).as_posix()}\0{content}\0".encode())
    return total.hexdigest()


def recipe() -> str:
    """A digest of the modules that build packages: part of every key, so that a changed rule builds anew."""
    folder = Path(__file__).parent
    return digest(folder, sources(folder))


def build_once(root: Path, name: str, key: str, build: Callable[[Path], None]) -> Package:
    """The package of this key: as it lies, or built beside it and moved into place when whole."""
    target = root / BUILD / f"{name}-{key[:16]}"
    if not target.is_dir():
        target.parent.mkdir(parents=True, exist_ok=True)
        for old in target.parent.glob(f"{name}-*"):
            shutil.rmtree(old)
        with tempfile.TemporaryDirectory(dir=target.parent, prefix=".unfinished-") as scratch:
            folder = Path(scratch) / name
            folder.mkdir()
            build(folder)
            folder.rename(target)
    return Package(path=target, digest=key)
