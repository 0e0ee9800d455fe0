"""How a command fails: one clear sentence on stderr, and an exit code that scripts can rely on."""

from __future__ import annotations

import sys
from typing import Any

import typer
from typer.core import TyperGroup

FAILED = 1
USAGE = 2
NOT_FOUND = 3
REFUSED = 4
INTERRUPTED = 130


class CommandError(Exception):
    """The message says what to do about it; ``details`` are further lines."""

    def __init__(self, message: str, exit_code: int = FAILED, details: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.message = message
        self.exit_code = exit_code
        self.details = details


class Commands(TyperGroup):
    """The root group: turns a CommandError into its message and exit code."""

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except CommandError as error:
            for line in (f"error: {error.message}", *(f"  {detail}" for detail in error.details)):
                print(line, file=sys.stderr)
            raise typer.Exit(error.exit_code) from error
