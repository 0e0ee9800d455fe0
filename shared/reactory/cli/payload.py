"""JSON given on the command line: as text, as ``@file``, or from stdin as ``@-``."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from reactory.cli.failure import USAGE, CommandError


def read_payload(text: str, option: str = "--input") -> Any:
    source = option
    if text.startswith("@"):
        source = text[1:]
        text = _read(source)
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise CommandError(f"{source}: no JSON: {error}", USAGE) from error


def _read(name: str) -> str:
    if name == "-":
        return sys.stdin.read()
    try:
        return Path(name).read_text(encoding="utf-8-sig")
    except OSError as error:
        raise CommandError(f"{name} cannot be read: {error.strerror}", USAGE) from error
    except UnicodeDecodeError as error:
        raise CommandError(f"{name}: byte {error.start} is not UTF-8", USAGE) from error
