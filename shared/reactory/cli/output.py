"""Printing answers: as text for people, as JSON or YAML for programs."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from reactory.cli.options import Format


def emit(answer: Any, output: Format, text: Callable[[], None]) -> None:
    """Print ``answer`` in the wanted format; ``text`` prints the form for people."""
    match output:
        case Format.text:
            text()
        case Format.json:
            print(json.dumps(answer, indent=2, ensure_ascii=False))
        case Format.yaml:
            import yaml

            print(yaml.safe_dump(answer, sort_keys=False, allow_unicode=True), end="")


def print_table(header: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """Columns as wide as their widest value, two spaces apart: easy to read, and to cut apart."""
    texts = [[str(name) for name in header], *([show(value) for value in row] for row in rows)]
    widths = [max(len(line[column]) for line in texts) for column in range(len(header))]
    for line in texts:
        cells = (value.ljust(width) for value, width in zip(line, widths, strict=True))
        print("  ".join(cells).rstrip())


def print_fields(fields: Mapping[str, Any]) -> None:
    """``name: value`` lines, aligned; empty values are left out."""
    shown = {name: value for name, value in fields.items() if value not in (None, "", [], {})}
    width = max((len(name) for name in shown), default=0) + 1
    for name, value in shown.items():
        print(f"{name + ':':<{width}} {show(value)}")


def show(value: Any) -> str:
    """One line of text for any JSON value."""
    match value:
        case None:
            return "-"
        case str():
            return value
        case bool():
            return str(value).lower()
        case list() if all(isinstance(item, str) for item in value):
            return ", ".join(value)
        case dict() | list():
            return json.dumps(value, ensure_ascii=False)
    return str(value)
