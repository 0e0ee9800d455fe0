"""``reactory dead-letter``: messages that nobody could work off, and instances that wait for a mended cause."""

from __future__ import annotations

import json
from collections import Counter
from typing import Annotated, Any

import typer

from reactory.cli.client import connect, segment
from reactory.cli.failure import FAILED, USAGE, CommandError
from reactory.cli.options import DEFAULT_URL, Cursor, Format, Limit, Output, Url
from reactory.cli.output import emit, print_fields, print_table

app = typer.Typer(help="Dead letters.", no_args_is_help=True)

Kind = Annotated[str, typer.Option("--kind", help="message or instance.")]
Queue = Annotated[str, typer.Option("--queue", help="Only messages of this queue.")]
Workflow = Annotated[str, typer.Option("--workflow", help="Only instances of this workflow: nameSpace.Name.")]
Since = Annotated[str, typer.Option("--since", help="RFC 3339: only what died then or later.")]


@app.command("list")
def list_dead_letters(
    *,
    kind: Kind = "",
    queue: Queue = "",
    workflow: Workflow = "",
    since: Since = "",
    limit: Limit = 50,
    cursor: Cursor = "",
    url: Url = DEFAULT_URL,
    output: Output = Format.text,
) -> None:
    """Messages, the latest first, then instances."""
    query = {**_filter(kind, queue, workflow, since), "limit": limit, "cursor": cursor}
    with connect(url) as client:
        answer = client.get("/workflow/dead-letters", query)
    emit(answer, output, lambda: _print_list(answer))


@app.command("show")
def show(
    letter_id: Annotated[str, typer.Argument(metavar="ID", show_default=False)],
    url: Url = DEFAULT_URL,
    output: Output = Format.text,
) -> None:
    """All about one; what is sensitive in a message is masked."""
    with connect(url) as client:
        answer = client.get(f"/workflow/dead-letters/{segment(letter_id)}")
    emit(answer, output, lambda: _print_one(answer))


@app.command("redrive")
def redrive(
    ids: Annotated[list[str] | None, typer.Argument(metavar="[ID]...", help="Or choose by the options.")] = None,
    *,
    reason: Annotated[str, typer.Option("--reason", help="Why; recorded with each.", show_default=False)],
    kind: Kind = "",
    queue: Queue = "",
    workflow: Workflow = "",
    since: Since = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Count what would be done, change nothing.")] = False,
    url: Url = DEFAULT_URL,
    output: Output = Format.text,
) -> None:
    """Send messages to their queue again, and retry instances. Exit code 1 when some were left as they are."""
    wanted = _filter(kind, queue, workflow, since)
    if bool(ids) == bool(wanted):
        raise CommandError("say either which ids, or what selects them: --kind, --queue, --workflow, --since", USAGE)
    chosen: dict[str, Any] = {"ids": ids} if ids else {"filter": wanted}
    body = {"reason": reason, "dryRun": dry_run, **chosen}
    counts: Counter[str] = Counter()
    details: list[dict[str, Any]] = []
    with connect(url) as client:
        while True:
            answer = client.request("POST", "/workflow/dead-letters/redrive", body=body)
            counts.update(answer["counts"])
            details += answer["details"]
            if answer["nextCursor"] is None:
                break
            body["cursor"] = answer["nextCursor"]
    answer |= {"counts": dict(counts), "details": details}
    emit(answer, output, lambda: _print_outcomes(answer))
    left = len(details) - counts["redriven"]
    if left and not dry_run:
        raise CommandError(f"{left} of {len(details)} were left as they are", FAILED)


def _filter(kind: str, queue: str, workflow: str, since: str) -> dict[str, str]:
    given = {"kind": kind, "queue": queue, "workflowId": workflow, "since": since}
    return {name: value for name, value in given.items() if value}


def _print_list(answer: dict[str, Any]) -> None:
    rows = [
        (one["id"], one["kind"], one["diedAt"], one["queue"] or one["workflowId"], _why(one))
        for one in answer["deadLetters"]
    ]
    print_table(("ID", "KIND", "DIED", "FROM", "WHY"), rows)
    if answer["nextCursor"]:
        print(f"more with --cursor {answer['nextCursor']}")


def _why(letter: dict[str, Any]) -> str:
    if letter["reason"]:
        return f"{letter['reason']['code']}: {letter['reason']['message']}".partition("\n")[0][:120]
    return f"received {letter['receives']} times"


def _print_one(answer: dict[str, Any]) -> None:
    shown = {name: value for name, value in answer.items() if name not in {"body", "reason"}}
    print_fields({**shown, **({"why": _why(answer)} if answer["reason"] else {})})
    if answer["kind"] == "message":
        body = answer["body"]
        print(body if isinstance(body, str) else json.dumps(body, indent=2, ensure_ascii=False))


def _print_outcomes(answer: dict[str, Any]) -> None:
    counts = answer["counts"]
    done = "would be redriven" if answer["dryRun"] else "redriven"
    print(
        f"{counts['redriven']} {done}, {counts['conflict']} in conflict, {counts['notFound']} not found, "
        f"{counts['failed']} failed"
    )
    for one in answer["details"]:
        if one["outcome"] != "redriven":
            print(f"  {one['id']}  {one['message']}")
