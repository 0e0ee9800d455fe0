"""Which modules the stack serves, and where their files are."""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from pathlib import Path

from reactory.exceptions import StartupError

MANIFEST = "module.yaml"
USUAL = Path("workflows")


def find_modules(given: Sequence[str | Path]) -> list[Path]:
    """The folders of modules, or of folders with modules in them; none given: ``workflows`` if it is one.

    A name that is no folder may be an importable package. Raises StartupError where there is no module at all.
    """
    if not given:
        return [USUAL.resolve()] if USUAL.is_dir() and _has_modules(USUAL) else []
    return list(dict.fromkeys(_folder(name) for name in given))


def _folder(name: str | Path) -> Path:
    path = Path(name)
    if not path.is_dir():
        package = _package(str(name))
        if package is None:
            raise StartupError(f"The module folder {name} does not exist. Name a folder that has a {MANIFEST}.")
        path = package
    if not _has_modules(path):
        raise StartupError(f"There is no {MANIFEST} in {name}, nor in a folder directly in it.")
    return path.resolve()


def _has_modules(folder: Path) -> bool:
    return (folder / MANIFEST).is_file() or any(folder.glob(f"*/{MANIFEST}"))


def _package(name: str) -> Path | None:
    """The folder of a top-level package, found without importing it."""
    spec = importlib.util.find_spec(name) if name.isidentifier() else None
    places = list(spec.submodule_search_locations or ()) if spec else []
    return Path(places[0]) if places else None
