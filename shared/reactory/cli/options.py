"""The options that commands share."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

DEFAULT_URL = "http://127.0.0.1:8080"


class Format(StrEnum):
    """``-o``."""

    text = "text"
    json = "json"
    yaml = "yaml"


Output = Annotated[Format, typer.Option("--output", "-o", help="How to print the answer.")]
Url = Annotated[str, typer.Option("--url", envvar="REACTORY_URL", help="Where the engine's API is.")]
InstanceId = Annotated[str, typer.Argument(metavar="ID", help="The instance's id.", show_default=False)]
Reason = Annotated[str, typer.Option("--reason", help="Recorded with the instance.", show_default=False)]
Data = Annotated[str, typer.Option("--data", "-d", help="JSON, @FILE, or @- for stdin.", show_default=False)]
Limit = Annotated[int, typer.Option("--limit", help="How many at most.", min=1, max=200)]
Cursor = Annotated[str, typer.Option("--cursor", help="nextCursor of the page before.")]
