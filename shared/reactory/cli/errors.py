"""``reactory errors``: what goes wrong, where and how often."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from reactory.cli.client import connect, segment
from reactory.cli.options import DEFAULT_URL, Cursor, Format, Limit, Output, Url
from reactory.cli.output import emit, print_table

app = typer.Typer(help="Error statistics.", no_args_is_help=True)

Workflow = Annotated[str, typer.Argument(metavar="WORKFLOW", help="nameSpace.Name", show_default=False)]


@app.command("list")
def list_errors(
    *,
    workflow: Annotated[str, typer.Option("--workflow", help="Only of this workflow: nameSpace.Name.")] = "",
    since: Annotated[str, typer.Option("--since", help="RFC 3339: where the totals begin.")] = "",
    until: Annotated[str, typer.Option("--until", help="RFC 3339: where they end.")] = "",
    limit: Limit = 50,
    cursor: Cursor = "",
    url: Url = DEFAULT_URL,
    output: Output = Format.text,
) -> None:
    """Errors by workflow, step and category with the latest of each; totals of the last day, or from --since to --until."""
    query = {"workflowId": workflow, "since": since, "until": until, "limit": limit, "cursor": cursor}
    with connect(url) as client:
        answer = client.get("/workflow/errors", query)
    emit(answer, output, lambda: _print(answer))


@app.command("clear")
def clear(workflow: Workflow, url: Url = DEFAULT_URL, output: Output = Format.text) -> None:
    """Forget the errors of a workflow."""
    with connect(url) as client:
        answer = client.request("DELETE", f"/workflow/errors/{segment(workflow)}")
    emit(answer, output, lambda: print(f"{answer['workflowId']}: {answer['cleared']} errors forgotten"))


def _print(answer: dict[str, Any]) -> None:
    rows = [
        (one["workflowId"], one["stepId"], one["category"], one["count"], one["lastOccurrence"], _line(one["message"]))
        for one in answer["errors"]
    ]
    print_table(("WORKFLOW", "STEP", "CATEGORY", "COUNT", "LATEST", "MESSAGE"), rows)
    counted = ", ".join(f"{category} {count}" for category, count in answer["totals"].items())
    print(f"from {answer['since']} to {answer['until']}: {counted or 'none'}")
    if answer["nextCursor"]:
        print(f"more with --cursor {answer['nextCursor']}")


def _line(text: str) -> str:
    """The first line, for a table."""
    return text.partition("\n")[0][:120]
