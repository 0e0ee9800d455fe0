"""Imports the Python files of a module folder, each module under a package name of its own.

Two modules may both have a ``steps.py``: a folder becomes the package ``reactory_module_<name>_<hash of its path>``, so
nothing collides and ``from .payment_service import …`` works inside it. A module that is an installed package already
keeps its own name.
"""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
import re
import sys
import traceback
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType


class StepsImportError(Exception):
    """The module's code could not be imported. ``file`` and ``line`` are the place in the module's own code."""

    def __init__(self, message: str, file: str | None = None, line: int | None = None) -> None:
        super().__init__(message)
        self.file = file
        self.line = line


class ModulePackage:
    """The Python side of a module folder. ``name`` is given when the folder is a package that can be imported."""

    def __init__(self, folder: Path, name: str | None = None) -> None:
        self.folder = folder.resolve()
        self._installed = name is not None
        self.name = name or _synthetic_name(self.folder)

    def import_steps(self, path: str) -> ModuleType:
        """``steps`` or ``steps.payment`` within the folder; else an absolute import path, ``acme_steps.payment``."""
        relative = path.lstrip(".")
        target = f"{self.name}.{relative}" if path.startswith(".") or self._holds(relative) else path
        try:
            if target != path:
                self._create()
            return importlib.import_module(target)
        except (
            Exception,
            SystemExit,
        ) as error:  # the code of others may raise anything; one module must not stop the rest
            raise self._explain(error, path) from error

    def import_named(self, path: str) -> object:
        """``prices.Prices`` or ``prices:Prices`` is what a file calls so; ``prices`` alone is the Python module."""
        place, name = self._parted(path)
        module = self.import_steps(place)
        if name is None:
            return module
        if not hasattr(module, name):
            raise StepsImportError(f"cannot import '{path}': {place} has no {name}; correct the name", module.__file__)
        return getattr(module, name)

    def _parted(self, path: str) -> tuple[str, str | None]:
        place, colon, name = path.partition(":")
        if colon:
            return place, name
        parent, _, last = path.rpartition(".")
        own = parent.strip(".") and not self._holds(path.lstrip("."))
        return (parent, last) if own and (self._holds(parent.lstrip(".")) or last[:1].isupper()) else (path, None)

    def _holds(self, dotted: str) -> bool:
        base = self.folder.joinpath(*dotted.split("."))
        return base.with_name(f"{base.name}.py").is_file() or base.is_dir()

    def _create(self) -> None:
        """Put the package into ``sys.modules`` once, running its ``__init__.py`` if it has one."""
        if self._installed or self.name in sys.modules:
            return
        init = self.folder / "__init__.py"
        if init.is_file():
            spec = importlib.util.spec_from_file_location(
                self.name, init, submodule_search_locations=[str(self.folder)]
            )
        else:
            spec = ModuleSpec(self.name, None, is_package=True)
            spec.submodule_search_locations = [str(self.folder)]
        assert spec is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules[self.name] = module
        try:
            if spec.loader is not None:
                spec.loader.exec_module(module)
        except BaseException:
            del sys.modules[self.name]
            raise

    def _explain(self, error: BaseException, path: str) -> StepsImportError:
        file, line = self._place(error)
        advice = "fix the file"
        if isinstance(error, ModuleNotFoundError) and error.name:
            advice = self._missing(error.name, path)
        reason = error.msg if isinstance(error, SyntaxError) else str(error)
        return StepsImportError(f"cannot import '{path}' ({type(error).__name__}: {reason}); {advice}", file, line)

    def _missing(self, name: str, path: str) -> str:
        if name in (path, path.partition(".")[0], f"{self.name}.{path.lstrip('.')}"):
            return f"there is no {path.lstrip('.').replace('.', '/')}.py in {self.folder}, nor an installed package of that name"
        if self._holds(name):
            return f"'{name}' is beside it in the module's folder: write 'from .{name} import …'"
        return f"install the package that provides '{name}', and add it to the layer's requirements"

    def _place(self, error: BaseException) -> tuple[str | None, int | None]:
        """The innermost line of the module's own code that was at work."""
        if isinstance(error, SyntaxError) and error.filename:
            return error.filename, error.lineno
        frames = traceback.extract_tb(error.__traceback__)
        own = [frame for frame in frames if Path(frame.filename).is_relative_to(self.folder)]
        return (own[-1].filename, own[-1].lineno) if own else (None, None)


def _synthetic_name(folder: Path) -> str:
    slug = re.sub(r"\W", "_", folder.name)
    digest = hashlib.sha256(str(folder).encode()).hexdigest()[:8]
    return f"reactory_module_{slug}_{digest}"
