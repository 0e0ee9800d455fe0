"""``reactory schedule``: schedules, what they have done and what they will do."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from reactory.cli.client import connect, problem_line, segment
from reactory.cli.failure import FAILED, NOT_FOUND, CommandError
from reactory.cli.options import DEFAULT_URL, Format, Output, Url
from reactory.cli.output import emit, print_fields, print_table
from reactory.cli.payload import read_payload

app = typer.Typer(help="Schedules, which start workflows when their time has come.", no_args_is_help=True)

Id = Annotated[str, typer.Argument(metavar="ID", help="The schedule's id.", show_default=False)]
YAML = {"Content-Type": "application/yaml"}
PATH = "/workflow/schedules"


@app.command("list")
def list_schedules(
    *,
    workflow: Annotated[str, typer.Option("--workflow", help="nameSpace.Name or nameSpace.Name@version.")] = "",
    name_space: Annotated[str, typer.Option("--namespace", help="Only of workflows of this name space.")] = "",
    enabled: Annotated[
        bool | None, typer.Option("--enabled/--disabled", help="Only those that fire, or do not.")
    ] = None,
    limit: Annotated[int, typer.Option("--limit", help="At most so many.")] = 50,
    cursor: Annotated[str, typer.Option("--cursor", help="nextCursor of the page before.")] = "",
    url: Url = DEFAULT_URL,
    output: Output = Format.text,
) -> None:
    """Schedules by id, with their next run and their numbers."""
    query = {"workflowId": workflow, "nameSpace": name_space, "limit": limit, "cursor": cursor}
    if enabled is not None:
        query["enabled"] = str(enabled).lower()
    with connect(url) as client:
        answer = client.get(PATH, query)
    emit(answer, output, lambda: _print_list(answer))


@app.command("get")
def get_schedule(schedule: Id, url: Url = DEFAULT_URL, output: Output = Format.text) -> None:
    """One schedule: its numbers, and its document."""
    with connect(url) as client:
        answer = client.get(f"{PATH}/{segment(schedule)}")

    def text() -> None:
        import yaml

        error = answer["error"]
        told = None if error is None else f"{error['message']} [{error['code']}]"
        print_fields({name: value for name, value in answer.items() if name != "document"} | {"error": told})
        if answer["document"] is None:
            return
        print()
        print(yaml.safe_dump(answer["document"], sort_keys=False, allow_unicode=True), end="")

    emit(answer, output, text)


@app.command("create")
def create_schedule(
    files: Annotated[list[Path], typer.Argument(metavar="FILE…", help="Schedule documents, YAML or JSON.")],
    url: Url = DEFAULT_URL,
    output: Output = Format.text,
) -> None:
    """Create schedules from their documents; prints their ids."""
    answers: list[Any] = []
    with connect(url) as client:
        for file in files:
            try:
                answers.append(client.request("POST", PATH, body=_read(file), headers=YAML))
            except CommandError as error:
                raise CommandError(f"{file}: {error.message}", error.exit_code, error.details) from error
    emit(answers if len(answers) > 1 else answers[0], output, lambda: print(*(one["id"] for one in answers), sep="\n"))


@app.command("update")
def update_schedule(
    schedule: Id,
    changes: Annotated[str, typer.Argument(metavar="CHANGES", help="JSON, @FILE, or @- for stdin; null removes.")],
    url: Url = DEFAULT_URL,
    output: Output = Format.text,
) -> None:
    """Merge changes into a schedule's document, deeply."""
    body = read_payload(changes, "CHANGES")
    with connect(url) as client:
        answer = client.request("PUT", f"{PATH}/{segment(schedule)}", body=body)
    emit(answer, output, lambda: _print_state(answer))


@app.command("delete")
def delete_schedule(schedule: Id, url: Url = DEFAULT_URL, output: Output = Format.text) -> None:
    """Delete a schedule; runs that have begun go on."""
    with connect(url) as client:
        answer = client.request("DELETE", f"{PATH}/{segment(schedule)}")
    emit(answer, output, lambda: print(f"{answer['id']}  deleted"))


@app.command("start")
def start_schedule(schedule: Id, url: Url = DEFAULT_URL, output: Output = Format.text) -> None:
    """Let it fire from now on."""
    _toggle(schedule, "start", url, output)


@app.command("stop")
def stop_schedule(schedule: Id, url: Url = DEFAULT_URL, output: Output = Format.text) -> None:
    """Let it fire no more; runs that have begun go on."""
    _toggle(schedule, "stop", url, output)


@app.command("trigger")
def trigger_schedule(schedule: Id, url: Url = DEFAULT_URL, output: Output = Format.text) -> None:
    """One run now; prints its instance's id, or that it waits for its turn."""
    with connect(url) as client:
        answer = client.request("POST", f"{PATH}/{segment(schedule)}/trigger")
    emit(answer, output, lambda: print(answer["instanceId"] or f"{answer['status']}: {answer['reason']}"))


@app.command("next")
def next_slots(
    schedule: Id,
    count: Annotated[int, typer.Option("--count", "-n", help="How many.")] = 5,
    url: Url = DEFAULT_URL,
    output: Output = Format.text,
) -> None:
    """The times at which it fires next, in UTC."""
    with connect(url) as client:
        answer = client.get(f"{PATH}/{segment(schedule)}/next", {"count": count})

    def text() -> None:
        print(*answer["next"], sep="\n")
        if not answer["enabled"]:
            print("it is stopped: `reactory schedule start` lets it fire")

    emit(answer, output, text)


@app.command("backfill")
def backfill_schedule(
    schedule: Id,
    *,
    begin: Annotated[str, typer.Option("--from", help="A time such as 2027-01-31T00:00:00Z.", show_default=False)],
    end: Annotated[str, typer.Option("--to", help="The end of the period, at most now.", show_default=False)],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would run, run nothing.")] = False,
    url: Url = DEFAULT_URL,
    output: Output = Format.text,
) -> None:
    """Run the slots of a past period that have led to no run, one after another."""
    body = {"from": begin, "to": end, "dryRun": dry_run}
    with connect(url) as client:
        answer = client.request("POST", f"{PATH}/{segment(schedule)}/backfill", body=body)
    done = "would run" if dry_run else "claimed"
    emit(answer, output, lambda: print(f"{answer['matched']} slots: {answer['claimed']} {done}"))


@app.command("executions")
def list_executions(
    schedule: Id,
    *,
    limit: Annotated[int, typer.Option("--limit", help="At most so many.")] = 20,
    cursor: Annotated[str, typer.Option("--cursor", help="nextCursor of the page before.")] = "",
    url: Url = DEFAULT_URL,
    output: Output = Format.text,
) -> None:
    """What became of its slots, the latest first."""
    with connect(url) as client:
        answer = client.get(f"{PATH}/{segment(schedule)}/executions", {"limit": limit, "cursor": cursor})
    rows = [
        (one["slot"], one["kind"], one["outcome"] or one["status"], one["instanceId"], one["reason"])
        for one in answer["executions"]
    ]
    emit(answer, output, lambda: print_table(("SLOT", "KIND", "STATUS", "INSTANCE", "REASON"), rows))


@app.command("reload")
def reload_schedules(url: Url = DEFAULT_URL, output: Output = Format.text) -> None:
    """Read the schedules of the modules from their files again. Exit code 1 when some files cannot be used."""
    with connect(url) as client:
        answer = client.request("POST", f"{PATH}/reload")
    emit(answer, output, lambda: _print_reload(answer))
    if answer["skipped"]:
        raise CommandError("some files were skipped; their schedules stay as they were", FAILED)


def _toggle(schedule: str, verb: str, url: str, output: Format) -> None:
    with connect(url) as client:
        answer = client.request("POST", f"{PATH}/{segment(schedule)}/{verb}")
    emit(answer, output, lambda: _print_state(answer))


def _print_state(answer: dict[str, Any]) -> None:
    state = "enabled" if answer["enabled"] else "stopped"
    print(f"{answer['id']}  {state}" + (f"  next {answer['nextRun']}" if answer["nextRun"] else ""))


def _print_list(answer: dict[str, Any]) -> None:
    rows = [
        (
            one["id"],
            one["workflowId"],
            one["enabled"],
            one["error"]["code"] if one["error"] else one["nextRun"],
            one["lastRun"],
            one["runCount"],
            one["errorCount"],
            one["missedCount"],
        )
        for one in answer["schedules"]
    ]
    print_table(("SCHEDULE", "WORKFLOW", "ENABLED", "NEXT", "LAST", "RUNS", "ERRORS", "MISSED"), rows)
    if answer["nextCursor"]:
        print(f"more: --cursor {answer['nextCursor']}")


def _print_reload(answer: dict[str, Any]) -> None:
    for name in ("created", "updated", "deleted"):
        for schedule in answer[name]:
            print(f"{schedule}  {name}")
    print(f"{len(answer['unchanged'])} unchanged")
    for problem in answer["skipped"]:
        print(f"  {problem_line(problem, problem['file'])}")


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except FileNotFoundError as error:
        raise CommandError(f"there is no file {file}", NOT_FOUND) from error
    except OSError as error:
        raise CommandError(f"{file} cannot be read: {error.strerror}") from error
