"""Schedules on the whole stack: made over HTTP, fired by its queue, seen over HTTP."""

from __future__ import annotations

import threading
from typing import Any

from typer.testing import CliRunner

from reactory.cli.main import app
from reactory.local.process import Answer
from tests.e2e.api import Api, until

LOGGED = {
    "nameSpace": "e2e",
    "name": "Scheduled",
    "version": "1.0.0",
    "steps": [{"id": "say", "type": "log", "config": {"message": "${input.scheduleId} ${input.runCount}"}}],
}


def make(api: Api, schedule_id: str, cron: str = "* * * * * *") -> None:
    """A schedule of every second, unless told otherwise."""
    assert api.post("/workflow/workflows", LOGGED).status_code in (200, 201)
    document = {
        "id": schedule_id,
        "name": schedule_id,
        "workflow": {"id": "e2e.Scheduled"},
        "schedule": {"cron": cron},
        "overlap": "allow",
    }
    response = api.post("/workflow/schedules", document)
    assert response.status_code == 201, response.text


def runs(api: Api, schedule_id: str) -> list[dict[str, Any]]:
    executions = api.get(f"/workflow/schedules/{schedule_id}/executions", limit="200")["executions"]
    return [one for one in executions if one["instanceId"] is not None]


def test_a_schedule_fires_every_second_until_it_is_stopped(api: Api) -> None:
    """SC-4, SC-6, IM-3: instances with the slots' times and data, one per slot; none after the stop."""
    make(api, "e2e-seconds")
    started = until(lambda: runs(api, "e2e-seconds"), lambda found: len(found) >= 3)
    assert len({one["slot"] for one in started}) == len(started)
    seen = api.finished(started[-1]["instanceId"])
    assert seen["status"] == "COMPLETED"
    assert seen["input"] == {
        "scheduledAt": started[-1]["slot"],
        "scheduleId": "e2e-seconds",
        "runCount": 1,
        "nameSpace": "e2e",
    }
    trigger = {"mode": "schedule", "id": f"e2e-seconds/{started[-1]['slot']}", "caller": "e2e-seconds"}
    assert seen["trigger"] == trigger
    stopped = api.post("/workflow/schedules/e2e-seconds/stop")
    assert stopped.json()["enabled"] is False
    until(lambda: skipped(api, "e2e-seconds"), bool)  # a slot that was claimed before
    before = len(runs(api, "e2e-seconds"))
    until(lambda: len(skipped(api, "e2e-seconds")), lambda count: count >= 3)
    assert len(runs(api, "e2e-seconds")) == before
    status = api.get("/workflow/status")["scheduler"]
    assert status["totalRuns"] >= before
    assert status["lastExecution"] is not None


def skipped(api: Api, schedule_id: str) -> list[dict[str, Any]]:
    executions = api.get(f"/workflow/schedules/{schedule_id}/executions", limit="200")["executions"]
    return [one for one in executions if one["status"] == "skipped"]


def test_the_rule_of_the_tick_fires(api: Api) -> None:
    """SC-6: the stack's clock invokes the tick every minute, and its function answers what it has done."""
    assert "rule-scheduler-tick" in {thread.name for thread in threading.enumerate()}
    ticked = api.stack.invoke("scheduler-tick", {"source": "aws.events"})
    assert isinstance(ticked, Answer), ticked
    assert set(ticked.result) == {"claimed", "missed", "hints", "more"}


def test_the_command_line_triggers_a_run(api: Api) -> None:
    """SC-14: `reactory schedule trigger` prints the id of an instance that runs to its end."""
    make(api, "e2e-by-hand", cron="0 0 1 1 *")
    result = CliRunner().invoke(app, ["schedule", "trigger", "e2e-by-hand"], env={"REACTORY_URL": api.stack.url})
    assert result.exit_code == 0, result.output
    assert api.finished(result.stdout.strip())["status"] == "COMPLETED"


def test_the_modules_schedules_are_there(api: Api) -> None:
    """SC-1, SC-5: what the example module brings along is stored when the stack starts, and reloads without a change."""
    found = api.get("/workflow/schedules/acme-orders.standard-quote")
    assert (found["source"], found["enabled"]) == ("module:acme-orders.Orders", False)
    assert "acme-orders.standard-quote" in api.post("/workflow/schedules/reload").json()["unchanged"]
