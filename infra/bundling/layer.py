"""The layer that all functions share: the library and the packages that it imports, below ``/opt/python``."""

from __future__ import annotations

import shutil
from pathlib import Path

from infra.bundling.bytecode import VERSION, compile_folder, interpreter
from infra.bundling.dependencies import LOCK, PLATFORM, install, trim
from infra.bundling.package import IGNORED, Package, build_once, digest, recipe, sources

LIBRARY = Path("shared") / "reactory"

NOT_IN_LAMBDA = ("local", "cli", "testing")
"""The parts of the library that run on a developer's machine only."""


def library_sources(root: Path) -> list[Path]:
    """The library's files that go into the layer."""
    library = root / LIBRARY
    return [path for path in sources(library) if path.relative_to(library).parts[0] not in NOT_IN_LAMBDA]


def build_layer(root: Path) -> Package:
    """The layer, built if the lock, the library or the rules changed."""
    files = [*library_sources(root), root / LOCK]
    python = interpreter()
    key = digest(root, files, "layer", recipe(), PLATFORM, VERSION, "bytecode" if python else "source")

    def build(folder: Path) -> None:
        target = folder / "python"
        install(root, target)
        trim(target, "\n".join(path.read_text() for path in library_sources(root) if path.suffix == ".py"))
        library = target / LIBRARY.name
        shutil.copytree(root / LIBRARY, library, ignore=shutil.ignore_patterns(*IGNORED))
        for part in NOT_IN_LAMBDA:
            shutil.rmtree(library / part, ignore_errors=True)
        if python:
            compile_folder(target, python)

    return build_once(root, "layer", key, build)
