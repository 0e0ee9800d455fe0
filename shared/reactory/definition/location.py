"""Where a value stands in a document: ``("steps", 2, "config")`` inside, ``steps[2].config`` for people."""

from __future__ import annotations

import json
import re

Path = tuple[str | int, ...]

_PLAIN_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*\Z")
_SEGMENT = re.compile(r'\[(\d+)\]|\[("(?:[^"\\]|\\.)*")\]|\.?([A-Za-z_][A-Za-z0-9_-]*)')


def format_path(path: Path) -> str:
    """The path as text. Keys that are no plain name are quoted: ``inputs["a.b"].type``."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        elif _PLAIN_KEY.match(part):
            text += f".{part}" if text else part
        else:
            text += f"[{json.dumps(part)}]"
    return text


def parse_path(text: str) -> Path:
    """The reverse of ``format_path``; raises ValueError for anything that it did not write."""
    parts: list[str | int] = []
    position = 0
    while position < len(text):
        match = _SEGMENT.match(text, position)
        if match is None:
            raise ValueError(f"{text!r} is no path of a document: a path is like steps[2].config.url")
        index, quoted, plain = match.groups()
        if index is not None:
            parts.append(int(index))
        else:
            parts.append(json.loads(quoted) if quoted is not None else plain)
        position = match.end()
    return tuple(parts)
