"""Where a variable's value comes from, when it is no literal: ``source`` and ``sourcePath`` as one expression."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import msgspec

_SOURCES = {"step_output": "steps", "input": "input", "env": "env"}
_IDENTIFIER = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*\Z")


def source_expression(config: Mapping[str, Any]) -> str | None:
    """What a set_variable takes its value from, as an expression; None when it sets a literal.

    ``step_output`` with ``pay.outputs.id`` is ``steps.pay.outputs.id``. A path that names its root already keeps it.
    """
    root, path = _SOURCES.get(str(config.get("source"))), config.get("sourcePath")
    if config.get("action") != "set" or root is None or not isinstance(path, str):
        return None
    if "[" in path or "(" in path:
        return path if path.startswith(f"{root}.") else f"{root}.{path}"
    first, *rest = path.split(".")
    parts = rest if first == root or (root == "input" and first == "inputs") else [first, *rest]
    return root + "".join(_access(part) for part in parts)


def _access(part: str) -> str:
    if _IDENTIFIER.match(part):
        return f".{part}"
    if part.isascii() and part.isdigit():
        return f"[{int(part)}]"
    return f"[{msgspec.json.encode(part).decode()}]"
