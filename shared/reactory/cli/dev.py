"""``reactory dev``: the whole stack on this machine."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from reactory.cli.failure import INTERRUPTED, CommandError


class Aws(StrEnum):
    """What plays the part of AWS."""

    memory = "memory"
    moto = "moto"
    endpoint = "endpoint"


def dev(
    *,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on; 0 takes a free one.", min=0, max=65535)] = 8080,
    modules: Annotated[
        list[Path] | None,
        typer.Option(help="Folder with a module.yaml, or of such; may be repeated.  [default: ./workflows]"),
    ] = None,
    data: Annotated[Path, typer.Option(help="Where the database keeps its files.")] = Path(".reactory/data"),
    fresh: Annotated[bool, typer.Option("--fresh", help="Start with an empty database.")] = False,
    workers: Annotated[int, typer.Option(help="Worker containers at once.", min=1, max=64)] = 2,
    aws: Annotated[Aws, typer.Option(help="Queues and bus: in memory, in moto, or at AWS_ENDPOINT_URL.")] = Aws.memory,
) -> None:
    """Run the engine with all its parts on this machine. Ctrl-C stops it; its state survives."""
    from reactory.exceptions import ReactoryError
    from reactory.local.options import DevOptions
    from reactory.local.stack import run_dev

    options = DevOptions(
        host=host,
        port=port,
        modules=tuple(modules or ()),
        data=data,
        fresh=fresh,
        workers=workers,
        aws=aws.value,
    )
    try:
        exit_code = run_dev(options)
    except ReactoryError as error:
        raise CommandError(error.message) from error
    except KeyboardInterrupt as error:
        raise typer.Exit(INTERRUPTED) from error
    raise typer.Exit(exit_code or 0)
