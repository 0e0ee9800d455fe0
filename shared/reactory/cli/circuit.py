"""``reactory circuit``: circuit breakers."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from reactory.cli.client import connect, segment
from reactory.cli.options import DEFAULT_URL, Cursor, Format, Limit, Output, Reason, Url
from reactory.cli.output import emit, print_table

app = typer.Typer(help="Circuit breakers.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(metavar="NAME", help="As the list shows it.", show_default=False)]


@app.command("list")
def list_circuits(
    *, limit: Limit = 50, cursor: Cursor = "", url: Url = DEFAULT_URL, output: Output = Format.text
) -> None:
    """Those that have seen failures of late, by name."""
    with connect(url) as client:
        answer = client.get("/workflow/circuits", {"limit": limit, "cursor": cursor})
    emit(answer, output, lambda: _print(answer))


@app.command("reset")
def reset(name: Name, *, reason: Reason = "", url: Url = DEFAULT_URL, output: Output = Format.text) -> None:
    """Close a circuit, so that calls pass again."""
    with connect(url) as client:
        answer = client.request("POST", f"/workflow/circuits/{segment(name)}/reset", body={"reason": reason})
    emit(answer, output, lambda: print(f"{answer['name']}  {answer['previousState']} -> {answer['state']}"))


def _print(answer: dict[str, Any]) -> None:
    rows = [(one["name"], one["state"], one["failures"], one["retryAt"]) for one in answer["circuits"]]
    print_table(("CIRCUIT", "STATE", "FAILURES", "TRIES AGAIN"), rows)
    if answer["nextCursor"]:
        print(f"more with --cursor {answer['nextCursor']}")
