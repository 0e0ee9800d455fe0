"""``reactory instance``: start, look at, follow and control instances."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import typer

from reactory.cli.client import Client, connect, segment
from reactory.cli.failure import FAILED, INTERRUPTED, CommandError
from reactory.cli.options import DEFAULT_URL, Data, Format, InstanceId, Output, Reason, Url
from reactory.cli.output import emit, print_fields, print_table, show
from reactory.cli.payload import read_payload
from reactory.cli.progress import FINISHED, duration_text

app = typer.Typer(help="Instances of workflows.", no_args_is_help=True)

START_JSON = "application/vnd.reactory.start+json"


@app.command("start")
def start(
    workflow: Annotated[str, typer.Argument(metavar="WORKFLOW", help="nameSpace.Name or nameSpace.Name@version.")],
    *,
    data: Annotated[str, typer.Option("--input", "-i", help="JSON, @FILE, or @- for stdin.")] = "{}",
    wait: Annotated[bool, typer.Option("--wait", "-w", help="Follow it to its end and print the result.")] = False,
    version: Annotated[str, typer.Option("--version", help="The highest when left out.")] = "",
    tag: Annotated[list[str] | None, typer.Option("--tag", help="May be repeated.")] = None,
    priority: Annotated[str, typer.Option("--priority", help="low, normal, high or critical.")] = "",
    timeout: Annotated[
        int | None, typer.Option("--timeout", help="Milliseconds for the whole instance.", min=1)
    ] = None,
    idempotency_key: Annotated[str, typer.Option("--idempotency-key", help="The same key starts one instance.")] = "",
    url: Url = DEFAULT_URL,
    output: Output = Format.text,
) -> None:
    """Start a workflow. With --wait, exit code 1 when it does not complete."""
    body: dict[str, Any] = {"input": read_payload(data), "tags": tag or []}
    body |= {name: value for name, value in (("priority", priority), ("timeout", timeout)) if value}
    headers = {"Content-Type": START_JSON}
    if idempotency_key:
        headers["Idempotency-Key"] = idempotency_key
    with connect(url) as client:
        path = f"/workflow/start/{segment(workflow)}"
        started = client.request("POST", path, query={"version": version}, body=body, headers=headers)
        if not wait:
            emit(started, output, lambda: print(started["instanceId"]))
            return
        instance = _follow(client, started["instanceId"], output)
    emit(instance, output, lambda: _print_result(instance))
    _fail_unless_completed(instance)


@app.command("list")
def list_instances(
    *,
    status: Annotated[list[str] | None, typer.Option("--status", help="PENDING, RUNNING, …; may be repeated.")] = None,
    workflow: Annotated[str, typer.Option("--workflow", help="nameSpace.Name or nameSpace.Name@version.")] = "",
    tag: Annotated[str, typer.Option("--tag", help="Only with this tag.")] = "",
    search: Annotated[str, typer.Option("--search", help="Beginning of an id, a correlation id or a tag.")] = "",
    limit: Annotated[int, typer.Option("--limit", help="How many at most.", min=1, max=200)] = 50,
    cursor: Annotated[str, typer.Option("--cursor", help="nextCursor of the page before.")] = "",
    url: Url = DEFAULT_URL,
    output: Output = Format.text,
) -> None:
    """Instances, the newest first."""
    query = {
        "status": ",".join(name.upper() for name in status or ()),
        "workflowId": workflow,
        "tag": tag,
        "search": search,
        "limit": limit,
        "cursor": cursor,
    }
    with connect(url) as client:
        answer = client.get("/workflow/instances", query)
    emit(answer, output, lambda: _print_list(answer))


@app.command("get")
def get(instance_id: InstanceId, url: Url = DEFAULT_URL, output: Output = Format.text) -> None:
    """Everything about one instance."""
    with connect(url) as client:
        answer = client.get(f"/workflow/instance/{segment(instance_id)}")
    emit(answer, output, lambda: _print_instance(answer))


@app.command("watch")
def watch(instance_id: InstanceId, url: Url = DEFAULT_URL) -> None:
    """Follow an instance until it has finished. Exit code 1 when it does not complete."""
    with connect(url) as client:
        instance = _follow(client, instance_id, Format.text)
    _fail_unless_completed(instance)


@app.command("history")
def history(
    instance_id: InstanceId,
    *,
    after: Annotated[int, typer.Option("--after", help="Only records after this number.", min=-1)] = -1,
    limit: Annotated[int, typer.Option("--limit", help="How many at most.", min=1, max=1000)] = 1000,
    url: Url = DEFAULT_URL,
    output: Output = Format.text,
) -> None:
    """Every step attempt in order."""
    with connect(url) as client:
        path = f"/workflow/instance/{segment(instance_id)}/history"
        answer = client.get(path, {"after": after, "limit": limit})
    emit(answer, output, lambda: print_history(answer))


@app.command("pause")
def pause(instance_id: InstanceId, reason: Reason = "", url: Url = DEFAULT_URL, output: Output = Format.text) -> None:
    """Pause a running instance before its next step."""
    _control("POST", instance_id, "/pause", reason=reason, url=url, output=output)


@app.command("resume")
def resume(instance_id: InstanceId, reason: Reason = "", url: Url = DEFAULT_URL, output: Output = Format.text) -> None:
    """Let a paused instance go on."""
    _control("POST", instance_id, "/resume", reason=reason, url=url, output=output)


@app.command("cancel")
def cancel(instance_id: InstanceId, reason: Reason = "", url: Url = DEFAULT_URL, output: Output = Format.text) -> None:
    """End an instance that has not finished."""
    _control("DELETE", instance_id, "", reason=reason, url=url, output=output)


@app.command("retry")
def retry(
    instance_id: InstanceId,
    *,
    step: Annotated[str, typer.Option("--step", help="The failed step that --input is for.", show_default=False)] = "",
    data: Annotated[
        str,
        typer.Option("--input", "-i", help="Its corrected input: JSON, @FILE, or @- for stdin.", show_default=False),
    ] = "",
    reason: Reason = "",
    url: Url = DEFAULT_URL,
    output: Output = Format.text,
) -> None:
    """Take a failed instance up again at the failed step, with corrected input for it if there is some."""
    more: dict[str, Any] = {"stepId": step} if step else {}
    if data:
        more["input"] = read_payload(data)
    _control("POST", instance_id, "/retry", reason=reason, more=more, url=url, output=output)


@app.command("signal")
def signal(
    instance_id: InstanceId,
    name: Annotated[str, typer.Argument(metavar="NAME", help="Of the event that it waits for.", show_default=False)],
    *,
    data: Data = "null",
    idempotency_key: Annotated[
        str, typer.Option("--id", help="The same id sends one signal.", show_default=False)
    ] = "",
    url: Url = DEFAULT_URL,
    output: Output = Format.text,
) -> None:
    """Send an event to this instance only, whatever key its waits ask for; prints its id."""
    path = f"/workflow/instance/{segment(instance_id)}/signal/{segment(name)}"
    headers = {"Idempotency-Key": idempotency_key} if idempotency_key else {}
    with connect(url) as client:
        answer = client.request("POST", path, body=read_payload(data, "--data"), headers=headers)
    emit(answer, output, lambda: print(answer["eventId"]))


def _control(
    method: str,
    instance_id: str,
    verb: str,
    *,
    reason: str,
    url: str,
    output: Format,
    more: Mapping[str, Any] | None = None,
) -> None:
    body = {**({"reason": reason} if reason else {}), **(more or {})} or None
    with connect(url) as client:
        answer = client.request(method, f"/workflow/instance/{segment(instance_id)}{verb}", body=body)
    emit(answer, output, lambda: print(f"{answer['instanceId']}  {answer['status']}"))


def _follow(client: Client, instance_id: str, output: Format) -> dict[str, Any]:
    """Shown while it runs in text; silent where only the answer may be on stdout."""
    from reactory.cli.watch import INTERVAL, watch

    try:
        if output is Format.text:
            return watch(client, instance_id).instance
        import time

        while True:
            instance: dict[str, Any] = client.get(f"/workflow/instance/{segment(instance_id)}")
            if instance["status"] in FINISHED:
                return instance
            time.sleep(INTERVAL)
    except KeyboardInterrupt as error:
        message = f"stopped watching; the instance goes on: `reactory instance watch {instance_id}`"
        raise CommandError(message, INTERRUPTED) from error


def _print_result(instance: dict[str, Any]) -> None:
    if instance["status"] == "COMPLETED":
        print(f"result: {show(instance['outputs'])}")


def _fail_unless_completed(instance: dict[str, Any]) -> None:
    """Why, and how to go on: told here and nowhere else."""
    if instance["status"] == "COMPLETED":
        return
    why = (instance["reason"] or {}).get("message") or f"instance {instance['instanceId']} is {instance['status']}"
    hint = f"retry after the fix: reactory instance retry {instance['instanceId']}"
    if (instance["reason"] or {}).get("code") == "manual_intervention":
        hint += f" --step {instance['reason']['stepId']} --input '{{…}}'"
    raise CommandError(str(why), FAILED, (hint,) if instance["status"] == "FAILED" else ())


# --- for people ---------------------------------------------------------------------------------------------------


def _print_list(answer: dict[str, Any]) -> None:
    rows = [
        (one["instanceId"], f"{one['workflowId']}@{one['version']}", one["status"], one["createdAt"], one["tags"])
        for one in answer["instances"]
    ]
    print_table(("INSTANCE", "WORKFLOW", "STATUS", "CREATED", "TAGS"), rows)
    if answer["nextCursor"]:
        print(f"{len(rows)} of {answer['total']}; more with --cursor {answer['nextCursor']}")


def _print_instance(answer: dict[str, Any]) -> None:
    names = ("instanceId", "status", "activity", "reason", "tags", "parent", "correlationId")
    times = ("createdAt", "startedAt", "completedAt")
    fields = {name: answer[name] for name in names} | {"workflow": f"{answer['workflowId']}@{answer['version']}"}
    print_fields(fields | {name: answer[name] for name in (*times, "input", "variables", "outputs")})
    if answer["steps"]:
        print()
        rows = [
            (step["path"], step["type"], step["status"], step.get("attempt"), _result(step)) for step in answer["steps"]
        ]
        print_table(("STEP", "TYPE", "STATUS", "ATTEMPT", "OUTPUT"), rows)


def _result(step: dict[str, Any]) -> Any:
    """Its output, its error, or what it waits for, or is held by."""
    if held := step.get("heldBy"):
        return f"held until {step['due']} by {held['guard']} '{held['key']}'"
    if waiting := step.get("waitingFor"):
        return f"waiting for {waiting}"
    return step.get("output", step.get("error"))


def print_history(answer: dict[str, Any]) -> None:
    rows = [
        (
            entry["seq"],
            entry["at"],
            entry["event"],
            entry.get("path") or entry.get("action"),
            entry.get("status"),
            entry.get("attempt"),
            duration_text(entry.get("durationMs")),
            (entry.get("error") or {}).get("message") or entry.get("output") or entry.get("reason"),
        )
        for entry in answer["history"]
    ]
    print_table(("NO", "TIME", "EVENT", "STEP", "STATUS", "ATTEMPT", "TOOK", "RESULT"), rows)
    if answer["nextAfter"] is not None:
        print(f"more with --after {answer['nextAfter']}")
