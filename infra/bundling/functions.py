"""The package of the functions: their entry points and the user's modules, below ``/var/task``.

One package for all of them: it holds a few small files, is uploaded once, and no import from a neighbouring component can be
missing from it.
"""

from __future__ import annotations

import shutil
from pathlib import Path, PurePosixPath

from infra.bundling.bytecode import VERSION, compile_folder, interpreter
from infra.bundling.package import IGNORED, Package, build_once, digest, recipe, sources

ENTRY_POINTS = Path("functions")

MANIFEST = "module.yaml"

TASK = PurePosixPath("/var/task")
"""Where Lambda puts a function's package."""


def user_modules(root: Path, folder: str) -> list[Path]:
    """The folders of user modules, relative to the root: every one below ``folder`` that has a manifest."""
    return sorted(path.parent.relative_to(root) for path in (root / folder).glob(f"*/{MANIFEST}"))


def module_paths(root: Path, folder: str) -> list[str]:
    """Where the functions find the user's modules."""
    return [str(TASK / path.as_posix()) for path in user_modules(root, folder)]


def build_functions(root: Path, folder: str) -> Package:
    """The package, built if an entry point, a user module or the rules changed."""
    modules = user_modules(root, folder)
    files = [path for part in (ENTRY_POINTS, *modules) for path in sources(root / part)]
    python = interpreter()
    key = digest(root, files, "functions", recipe(), VERSION, "bytecode" if python else "source")

    def build(target: Path) -> None:
        for part in (ENTRY_POINTS, *modules):
            shutil.copytree(root / part, target / part, ignore=shutil.ignore_patterns(*IGNORED, "tests"))
        if python:
            compile_folder(target, python)

    return build_once(root, "functions", key, build)
