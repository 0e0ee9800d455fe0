"""``reactory validate``: every problem of documents and modules, without any server."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from reactory.cli.client import problem_line
from reactory.cli.failure import FAILED, NOT_FOUND
from reactory.cli.options import Format, Output
from reactory.cli.output import emit


def validate(
    files: Annotated[
        list[Path],
        typer.Argument(
            metavar="FILE…", help="Workflows and schedules (YAML or JSON), a module.yaml, or a module's folder."
        ),
    ],
    output: Output = Format.text,
) -> None:
    """Check documents and modules. Exit code 1 when one has an error; warnings alone are fine."""
    from reactory.cli.check import Checker

    checker = Checker()
    checked = [answer for file in files for answer in checker.check(file)]
    emit({"files": checked}, output, lambda: _print(checked))
    if any(result["missing"] for result in checked):
        raise typer.Exit(NOT_FOUND)
    if not all(result["valid"] for result in checked):
        raise typer.Exit(FAILED)


def _print(checked: list[dict[str, Any]]) -> None:
    for result in checked:
        for problem in result["problems"]:
            print(problem_line(problem, result["file"]))
        if result["valid"]:
            note = f" ({result['note']})" if result["note"] else ""
            print(f"{result['file']}: valid{note}")
