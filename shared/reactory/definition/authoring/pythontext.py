"""Pieces of Python source: values, calls and names."""

from __future__ import annotations

import keyword
import re
from collections.abc import Callable
from collections.abc import Set as AbstractSet
from typing import Any

INDENT = "    "
TAKEN = frozenset({"flow", "cel", "workflow", "Flow", "Workflow"})
"""Names that generated source uses itself."""

_WIDTH = 110


def snake_case(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


def identifier(wish: str, taken: AbstractSet[str]) -> str:
    """A name of Python that is not taken."""
    base = re.sub(r"\W", "_", wish, flags=re.ASCII) or "made"
    base = f"_{base}" if base[0].isdigit() else base
    number, name = 1, base
    while name in taken or name in TAKEN or keyword.iskeyword(name):
        number += 1
        name = f"{base}_{number}"
    return name


def call_source(function: str, arguments: list[str], depth: int) -> str:
    """A call on one line where it fits, else one argument per line."""
    line = f"{function}({', '.join(arguments)})"
    if len(line) + len(INDENT) * depth <= _WIDTH and "\n" not in line:
        return line
    inner = INDENT * (depth + 1)
    return "\n".join([f"{function}(", *(f"{inner}{argument}," for argument in arguments), f"{INDENT * depth})"])


def text_source(value: Any) -> str:
    """A scalar as Python source, a text in double quotes where that needs no escaping."""
    source = repr(value)
    return f'"{source[1:-1]}"' if isinstance(value, str) and source[0] == "'" and '"' not in value else source


def value_source(value: Any, depth: int, template: Callable[[str], str | None] = lambda _text: None) -> str:
    """A value as Python source."""
    if isinstance(value, str):
        return template(value) or text_source(value)
    if not isinstance(value, list | dict):
        return repr(value)
    if isinstance(value, dict):
        items = [f"{text_source(key)}: {value_source(item, depth + 1, template)}" for key, item in value.items()]
    else:
        items = [value_source(item, depth + 1, template) for item in value]
    opening, closing = "{}" if isinstance(value, dict) else "[]"
    line = f"{opening}{', '.join(items)}{closing}"
    if len(line) + len(INDENT) * depth <= _WIDTH and "\n" not in line:
        return line
    inner = INDENT * (depth + 1)
    return "\n".join([opening, *(f"{inner}{item}," for item in items), f"{INDENT * depth}{closing}"])
