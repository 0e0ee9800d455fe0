"""Figures, as a table for people and as JSON for whoever compares two runs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec


class Figure(msgspec.Struct, frozen=True, omit_defaults=True):
    """One measured number. ``aim`` is what the design asks for, ``note`` how the number came about."""

    name: str
    value: float
    unit: str
    aim: str = ""
    note: str = ""


class Result(msgspec.Struct, frozen=True):
    """What one benchmark found. ``details`` are the single measurements; ``lines`` are shown below the table.

    ``passed`` is False where a proof has failed.
    """

    name: str
    figures: list[Figure]
    details: dict[str, Any] = {}
    lines: list[str] = []
    passed: bool = True


class Report(msgspec.Struct, frozen=True):
    machine: dict[str, Any]
    results: list[Result]


def write_json(report: Report, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(msgspec.json.format(msgspec.json.encode(report), indent=2) + b"\n")


def show(report: Report) -> None:
    """A table of all figures, then whatever else the benchmarks have to say."""
    from rich.console import Console
    from rich.table import Table

    console = Console()
    machine = ", ".join(f"{name} {value}" for name, value in report.machine.items())
    table = Table(title="Benchmarks", caption=machine, caption_justify="left")
    for column in ("benchmark", "figure", "value", "aim", "how"):
        table.add_column(column, justify="right" if column == "value" else "left", overflow="fold")
    for result in report.results:
        for number, figure in enumerate(result.figures):
            name = result.name if number == 0 else ""
            table.add_row(name, figure.name, _shown(figure), figure.aim, figure.note)
        table.add_section()
    console.print(table)
    _show_lines(console.print, report.results)


def _show_lines(show_line: Any, results: Sequence[Result]) -> None:
    for result in results:
        if result.lines:
            show_line(f"\n[bold]{result.name}[/bold]")
        for line in result.lines:
            show_line(line, markup=False, highlight=False, soft_wrap=True)


def _shown(figure: Figure) -> str:
    value = f"{figure.value:,.0f}" if abs(figure.value) >= 100 else f"{figure.value:,.3g}"
    return f"{value} {figure.unit}".rstrip()
