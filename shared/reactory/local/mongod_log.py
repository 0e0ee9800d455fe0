"""What mongod's own log says about why it ended, as a message for people."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

_SHOWN = 5


def failure_of(log: Path, skip: int, data: Path) -> str:
    """The reason, read from the part of the log after byte ``skip``."""
    text = ""
    if log.exists():
        with log.open("rb") as file:
            file.seek(skip)
            text = file.read().decode(errors="replace")
    if "DBPathInUse" in text:
        return (
            f"The database files in {data} are in use by another mongod. Stop it (its process id is in "
            f"{data / 'mongod.lock'}), choose another data folder, or set MONGODB_URI to reach it."
        )
    lines = [line for line in map(_told, text.splitlines()) if line]
    shown = "\n".join(f"  {line}" for line in lines[-_SHOWN:]) or "  (it wrote nothing)"
    return f"mongod ended while starting. The end of its log {log}:\n{shown}"


def _told(line: str) -> str:
    """One log line for people; warnings and worse only (``E``, ``F``, ``W``), and whatever is no JSON."""
    try:
        entry: dict[str, Any] = msgspec.json.decode(line)
    except msgspec.DecodeError:
        return line.strip()
    if entry.get("s") not in ("E", "F", "W"):
        return ""
    detail = msgspec.json.encode(entry.get("attr", {})).decode()
    return f"{entry.get('msg')} {detail}"
