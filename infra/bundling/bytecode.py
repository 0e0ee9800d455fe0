"""Bytecode for the Python that Lambda runs.

Lambda's file system is read-only, so a package without bytecode is compiled anew at every cold start. Bytecode has to come
from an interpreter of the very minor version; it is hash-based and unchecked, because timestamps do not survive
packaging.
"""

from __future__ import annotations

import sys
from functools import cache
from pathlib import Path

from infra.bundling.command import ask, call

VERSION = "3.13"
"""The Python of the functions, of their wheels and of their bytecode."""

CHOSEN = {"PYENV_VERSION": VERSION}
"""Pyenv has one ``python3.13`` on the path whether it is chosen or not: this chooses it."""


@cache
def interpreter() -> str | None:
    """An interpreter of that version on this machine: the running one, the first on the path, or one that uv manages."""
    probe = "import sys; print('%d.%d' % sys.version_info[:2])"
    for find in (lambda: sys.executable, lambda: f"python{VERSION}", _managed):
        candidate = find()
        if candidate and ask([candidate, "-c", probe], CHOSEN) == VERSION:
            return candidate
    return None


def compile_folder(folder: Path, python: str) -> None:
    """Put the bytecode of every module beside it, the same bytes wherever the folder lies."""
    options = ["-q", "--invalidation-mode", "unchecked-hash", "-s", str(folder)]
    # the seed fixes the order of sets in the bytecode
    call([python, "-m", "compileall", *options, str(folder)], {**CHOSEN, "PYTHONHASHSEED": "0"})


def _managed() -> str | None:
    from uv import find_uv_bin

    return ask([find_uv_bin(), "python", "find", "--managed-python", "--no-python-downloads", VERSION])
