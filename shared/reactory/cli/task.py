"""``reactory task``: what people are asked for, and their answers."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from reactory.cli.client import connect, segment
from reactory.cli.options import DEFAULT_URL, Data, Format, Output, Url
from reactory.cli.output import emit, print_table
from reactory.cli.payload import read_payload

app = typer.Typer(help="Tasks of people.", no_args_is_help=True)


@app.command("list")
def list_tasks(
    *,
    assignee: Annotated[str, typer.Option("--assignee", help="Only those of this person or group.")] = "",
    instance: Annotated[str, typer.Option("--instance", help="Only of this instance.")] = "",
    workflow: Annotated[str, typer.Option("--workflow", help="Only of this workflow: nameSpace.Name.")] = "",
    activity_type: Annotated[str, typer.Option("--type", help="approval, input, review or acknowledgement.")] = "",
    limit: Annotated[int, typer.Option("--limit", help="How many at most.", min=1, max=200)] = 50,
    cursor: Annotated[str, typer.Option("--cursor", help="nextCursor of the page before.")] = "",
    url: Url = DEFAULT_URL,
    output: Output = Format.text,
) -> None:
    """Open tasks, the oldest first."""
    query = {
        "assignee": assignee,
        "instanceId": instance,
        "workflowId": workflow,
        "activityType": activity_type,
        "limit": limit,
        "cursor": cursor,
    }
    with connect(url) as client:
        answer = client.get("/workflow/tasks", query)
    emit(answer, output, lambda: _print_list(answer))


@app.command("complete")
def complete(
    task_id: Annotated[str, typer.Argument(metavar="ID", help="The task's id.", show_default=False)],
    *,
    action: Annotated[str, typer.Option("--action", "-a", help="One of its options.", show_default=False)] = "",
    data: Data = "null",
    user: Annotated[str, typer.Option("--user", help="Who answers.", show_default=False)] = "",
    url: Url = DEFAULT_URL,
    output: Output = Format.text,
) -> None:
    """Answer a task; its instance goes on."""
    body: dict[str, Any] = {"data": read_payload(data, "--data")}
    body |= {name: value for name, value in (("action", action), ("user", user)) if value}
    with connect(url) as client:
        answer = client.request("POST", f"/workflow/tasks/{segment(task_id)}/complete", body=body)
    emit(answer, output, lambda: print(f"{answer['instanceId']}  {answer['path']}  answered"))


def _print_list(answer: dict[str, Any]) -> None:
    rows = [
        (one["taskId"], one["activityType"], one["assignee"], one["options"], one["dueAt"], one["message"])
        for one in answer["tasks"]
    ]
    print_table(("TASK", "TYPE", "ASSIGNEE", "ACTIONS", "DUE", "MESSAGE"), rows)
    if answer["nextCursor"]:
        print(f"{len(rows)} of {answer['total']}; more with --cursor {answer['nextCursor']}")
