"""``reactory instance rewind|fork|migrate|batch``: what an operator does to instances that went wrong."""

from __future__ import annotations

import time
from typing import Annotated, Any

import typer

from reactory.cli.client import connect, segment
from reactory.cli.failure import FAILED, CommandError
from reactory.cli.instance import app
from reactory.cli.options import DEFAULT_URL, Format, InstanceId, Output, Reason, Url
from reactory.cli.output import emit
from reactory.cli.payload import read_payload

__all__ = ["app"]

Step = Annotated[str, typer.Argument(metavar="STEP", help="Id of a step; its path where the id is not enough.")]
POLL_S = 0.5


@app.command("rewind")
def rewind(
    instance_id: InstanceId, step: Step, reason: Reason = "", url: Url = DEFAULT_URL, output: Output = Format.text
) -> None:
    """Go back to a finished step: it and all that comes after it run again."""
    _ask(instance_id, "rewind", {"stepId": step, "reason": reason}, url, output)


@app.command("migrate")
def migrate(
    instance_id: InstanceId,
    version: Annotated[str, typer.Argument(metavar="VERSION", help="A registered version of its workflow.")],
    reason: Reason = "",
    url: Url = DEFAULT_URL,
    output: Output = Format.text,
) -> None:
    """Go on as another version of the definition."""
    _ask(instance_id, "migrate", {"version": version, "reason": reason}, url, output)


@app.command("fork")
def fork(
    instance_id: InstanceId,
    step: Step,
    *,
    data: Annotated[str, typer.Option("--input", "-i", help="JSON, @FILE, or @- for stdin; else the old input.")] = "",
    url: Url = DEFAULT_URL,
    output: Output = Format.text,
) -> None:
    """A new instance that begins at a step of this one; prints its id."""
    body: dict[str, Any] = {"stepId": step}
    if data:
        body["input"] = read_payload(data)
    with connect(url) as client:
        answer = client.request("POST", f"/workflow/instance/{segment(instance_id)}/fork", body=body)
    emit(answer, output, lambda: print(answer["instanceId"]))


@app.command("batch")
def batch(
    action: Annotated[str, typer.Argument(metavar="ACTION", help="pause, resume, cancel, retry or migrate.")],
    ids: Annotated[list[str] | None, typer.Argument(metavar="[INSTANCE]...", help="Or choose by the options.")] = None,
    *,
    status: Annotated[list[str] | None, typer.Option("--status", help="May be given several times.")] = None,
    workflow: Annotated[str, typer.Option("--workflow", help="nameSpace.Name")] = "",
    tag: Annotated[str, typer.Option("--tag")] = "",
    version: Annotated[str, typer.Option("--to-version", help="Where migrate leads to.")] = "",
    reason: Reason = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Count what would be done, change nothing.")] = False,
    url: Url = DEFAULT_URL,
    output: Output = Format.text,
) -> None:
    """Do the same to many instances; waits for the end. Exit code 1 when some were not done."""
    chosen = {"status": [name.upper() for name in status or ()], "workflowId": workflow, "tag": tag}
    given = {name: value for name, value in chosen.items() if value}
    body: dict[str, Any] = {"action": action, "reason": reason, "version": version, "dryRun": dry_run}
    body |= {"ids": ids} if ids else {"filter": given}
    with connect(url) as client:
        job = client.request("POST", "/workflow/instances/batch", body=body)
        while job["status"] == "running":
            time.sleep(POLL_S)
            job = client.get(f"/workflow/jobs/{segment(job['jobId'])}")
    emit(job, output, lambda: _print_job(job))
    counts = job["counts"]
    left = counts["refused"] + counts["notFound"] + counts["failed"]
    if left and not dry_run:
        raise CommandError(f"{left} of {counts['matched']} instances were left as they are", FAILED)


def _ask(instance_id: str, verb: str, body: dict[str, Any], url: str, output: Format) -> None:
    with connect(url) as client:
        answer = client.request("POST", f"/workflow/instance/{segment(instance_id)}/{verb}", body=body)
    emit(answer, output, lambda: print(f"{answer['instanceId']}  {answer['status']}"))


def _print_job(job: dict[str, Any]) -> None:
    counts = job["counts"]
    done = "would be done" if job["dryRun"] else "done"
    print(
        f"{counts['matched']} matched: {counts['done']} {done}, {counts['refused']} refused, "
        f"{counts['notFound']} not found, {counts['failed']} failed"
    )
    for error in job["errors"]:
        print(f"  {error['instanceId']}  {error['message']}")
