"""``reactory event``: tell the engine what has happened."""

from __future__ import annotations

from typing import Annotated

import typer

from reactory.cli.client import connect, segment
from reactory.cli.options import DEFAULT_URL, Data, Format, Output, Url
from reactory.cli.output import emit
from reactory.cli.payload import read_payload

app = typer.Typer(help="Events that workflows wait for.", no_args_is_help=True)


@app.callback()
def events() -> None:
    """So that ``publish`` stays a command of its own."""


@app.command("publish")
def publish(
    name: Annotated[str, typer.Argument(metavar="NAME", help="The event's name.", show_default=False)],
    key: Annotated[str, typer.Argument(metavar="KEY", help="What it is about: an order's number.", show_default=False)],
    *,
    data: Data = "null",
    event_id: Annotated[str, typer.Option("--id", help="The same id publishes one event.", show_default=False)] = "",
    time: Annotated[
        str, typer.Option("--time", help="RFC 3339; an event of the future is delivered then.", show_default=False)
    ] = "",
    url: Url = DEFAULT_URL,
    output: Output = Format.text,
) -> None:
    """Publish an event to whoever waits for it, now or later; prints its id."""
    body = read_payload(data, "--data")
    headers = {"Idempotency-Key": event_id} if event_id else {}
    path = f"/workflow/events/{segment(name)}/{segment(key)}"
    with connect(url) as client:
        answer = client.request("POST", path, query={"eventTime": time}, body=body, headers=headers)
    emit(answer, output, lambda: print(answer["eventId"]))
