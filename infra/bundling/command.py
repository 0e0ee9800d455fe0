"""The programs that bundling calls: this interpreter, that of the functions, and uv."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping, Sequence

NO_CHANGES: Mapping[str, str] = {}


def call(command: Sequence[str], variables: Mapping[str, str] = NO_CHANGES) -> None:
    """Run a program that has to succeed; what it prints is shown."""
    subprocess.run(command, check=True, env={**os.environ, **variables})  # noqa: S603 - our own commands only


def ask(command: Sequence[str], variables: Mapping[str, str] = NO_CHANGES) -> str | None:
    """What a program answers; None if it is not there or fails."""
    environment = {**os.environ, **variables}
    try:
        answer = subprocess.run(  # noqa: S603 - our own commands only
            command, capture_output=True, text=True, check=False, env=environment
        )
    except OSError:
        return None
    return answer.stdout.strip() if answer.returncode == 0 else None
