"""The steps of a workflow while they are written down: where the next one goes, its id, and the line that wrote it."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path as FilePath
from typing import Any

from reactory.definition.authoring.origin import Origin, origin
from reactory.definition.codes import INVALID_FIELD
from reactory.definition.handler import Handler
from reactory.definition.location import Path, format_path
from reactory.definition.problem import Problem
from reactory.definition.steptree import step_sites

Step = dict[str, Any]

_NO_NAME = re.compile(r"[^A-Za-z0-9_]+")


class Builder:
    """``steps`` is the document's list. A step goes into the innermost list that is open."""

    def __init__(self, function: Callable[..., Any]) -> None:
        code = inspect.unwrap(function).__code__
        self.steps: list[Step] = []
        self.origin = Origin(FilePath(code.co_filename).name, code.co_firstlineno)
        self.handlers: dict[str, Handler] = {}
        self.loops = 0
        """How many for_each are around the next step."""
        self._open: list[list[Step] | str] = [self.steps]
        self._ids: set[str] = set()
        self._origins: dict[int, Origin] = {}
        self._complaints: list[tuple[str, str, Origin, Step | None, Path]] = []

    # --- writing -------------------------------------------------------------------------------------------------

    def add(self, step: Step) -> None:
        self._origins[id(step)] = origin()
        self._ids.add(str(step.get("id")))
        target = self._open[-1]
        if isinstance(target, str):
            self.complain(target, step)
        else:
            target.append(step)

    def free_id(self, wish: str) -> str:
        """An id like ``wish`` that no step has yet."""
        base = _NO_NAME.sub("_", wish).strip("_") or "step"
        base = base if not base[0].isdigit() else f"step_{base}"
        number, name = 1, base
        while name in self._ids:
            number += 1
            name = f"{base}_{number}"
        return name

    def open(self, steps: list[Step] | str) -> None:
        """Where the following steps go; a text is what to say to a step that goes nowhere."""
        self._open.append(steps)

    def close(self) -> None:
        self._open.pop()

    @property
    def here(self) -> list[Step]:
        """The steps beside the next one."""
        target = self._open[-1]
        return [] if isinstance(target, str) else target

    def complain(
        self, said: str, step: Step | None = None, code: str = INVALID_FIELD, path: tuple[str | int, ...] = ()
    ) -> None:
        """Note a problem of the line that is being executed; ``path`` leads into the step."""
        self._complaints.append((code, said, origin(), step, path))

    # --- what became of it ------------------------------------------------------------------------------------------

    def problems(self, data: Mapping[str, Any]) -> list[Problem]:
        """What was noted, in order."""
        paths = {id(site.step): site.path for site in step_sites(data.get("steps"))}
        return [
            Problem(code, format_path((*paths.get(id(step), ()), *path)), f"{said} ({where})", where.line)
            for code, said, where, step, path in self._complaints
        ]

    def placed(self, problem: Problem, data: Mapping[str, Any]) -> Problem:
        """A problem of the document with the line of the step that it is about."""
        best = max(
            ((path, where) for path, where in self._places(data) if _is_in(problem.path, format_path(path))),
            key=lambda found: len(found[0]),
            default=((), self.origin),
        )[1]
        return Problem(problem.code, problem.path, f"{problem.message} ({best})", best.line, problem.severity)

    def _places(self, data: Mapping[str, Any]) -> Iterator[tuple[Path, Origin]]:
        for site in step_sites(data.get("steps")):
            if (where := self._origins.get(id(site.step))) is not None:
                yield site.path, where


def _is_in(inner: str, outer: str) -> bool:
    return inner.startswith(outer) and inner[len(outer) : len(outer) + 1] in ("", ".", "[")
