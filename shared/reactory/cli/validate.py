"""``reactory validate``: every problem of documents, without any server."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from reactory.cli.client import problem_line
from reactory.cli.failure import FAILED, NOT_FOUND
from reactory.cli.options import Format, Output
from reactory.cli.output import emit


def validate(
    files: Annotated[list[Path], typer.Argument(metavar="FILE…", help="Workflow documents, YAML or JSON.")],
    output: Output = Format.text,
) -> None:
    """Check documents. Exit code 1 when one has an error; warnings alone are fine."""
    checked = [_check(file) for file in files]
    emit({"files": checked}, output, lambda: _print(checked))
    if any(result["missing"] for result in checked):
        raise typer.Exit(NOT_FOUND)
    if not all(result["valid"] for result in checked):
        raise typer.Exit(FAILED)


def _check(file: Path) -> dict[str, Any]:
    import msgspec

    from reactory.definition.problem import Problem
    from reactory.definition.validate import validate as problems_of
    from reactory.exceptions import InvalidDefinitionError
    from reactory.runner.answers import problem_answer
    from reactory.runner.envelope import read_document

    missing = False
    try:
        problems = list(problems_of(read_document(file.read_bytes(), name=str(file))))
    except InvalidDefinitionError as error:
        problems = list(error.problems)
    except OSError as error:
        missing = True
        problems = [Problem(code="UNREADABLE_FILE", path="", message=f"cannot be read: {error.strerror}")]
    return {
        "file": str(file),
        "valid": not any(problem.severity == "error" for problem in problems),
        "missing": missing,
        "problems": [msgspec.to_builtins(problem_answer(problem)) for problem in problems],
    }


def _print(checked: list[dict[str, Any]]) -> None:
    for result in checked:
        for problem in result["problems"]:
            print(problem_line(problem, result["file"]))
        if result["valid"]:
            print(f"{result['file']}: valid")
