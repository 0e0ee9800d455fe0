"""Schedules over HTTP (SC-4, SC-14, SC-15), as the description of the API has it."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from openapi_schema_validator import OAS31Validator

from functions.runner.openapi import openapi_json
from reactory.definition.instant import parse_instant
from reactory.runner.instant import to_text
from reactory.scheduler.slots import jittered
from reactory.scheduler.stored import to_schedule
from reactory.topology import FUNCTIONS
from tests.unit.runner.lab import Answer
from tests.unit.scheduler.lab import MINUTE, SECOND, SchedulerLab, at, document

DESCRIPTION: dict[str, Any] = json.loads(openapi_json())
ROUTES = [f"{route.method} {route.path}" for spec in FUNCTIONS if spec.name == "scheduler-api" for route in spec.routes]
YAML = """
id: daily-report
name: Daily report
workflow: {id: lab.Flow@1.0.0}
schedule: {cron: "0 2 * * *", timezone: Europe/Paris}
properties: {region: eu, list: [1, 2]}
"""


def ask(lab: SchedulerLab, key: str, path: str = "", body: Any = None, **more: Any) -> Answer:
    """One request, whose answer has to be one that the description has."""
    method, template = key.split(" ")
    answer = lab.ask(method, path, body, **more)
    responses = DESCRIPTION["paths"][f"/workflow/schedules{template}"][method.lower()]["responses"]
    assert str(answer.status) in responses, f"{key} answers {answer.status}: {answer.text}"
    content = responses[str(answer.status)]["content"][answer.headers["Content-Type"]]
    OAS31Validator({**content["schema"], "components": DESCRIPTION["components"]}).validate(answer.json)
    return answer


def create(lab: SchedulerLab, body: Any = None, **headers: str) -> Answer:
    return ask(lab, "POST ", body=document() if body is None else body, headers=headers)


def test_a_schedule_is_made_from_yaml_or_json(lab: SchedulerLab) -> None:
    """SC-14: POST takes a document in either form: 201 with its place, its next run in UTC; GET answers the same."""
    made = create(lab, YAML, **{"content-type": "application/yaml"})
    assert made.status == 201
    assert made.headers["Location"] == "/workflow/schedules/daily-report"
    assert (made.json["workflowId"], made.json["version"], made.json["source"]) == ("lab.Flow", "1.0.0", "api")
    assert made.json["nextRun"] == "2026-01-02T01:00:00.000Z"
    assert ask(lab, "GET /{id}", "/daily-report").json == made.json
    assert create(lab).status == 201


def test_an_id_is_used_once(lab: SchedulerLab) -> None:
    """SC-14: 409 for an id in use; the schedule stays as it is."""
    create(lab)
    again = create(lab, document(cron="0 0 * * *"))
    assert (again.status, again.json["code"]) == (409, "conflict")
    assert lab.stored().document == json.dumps(document(), separators=(",", ":"))


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (document(cron="61 * * * *"), "schedule.cron"),
        (document(schedule={"timezone": "Mars/Base"}), "schedule.timezone"),
        (document(workflow={}), "workflow.id"),
        (document(overlap="never"), "overlap"),
        (document(retry={"attempts": 0}), "retry.attempts"),
        ({"id": "s"}, "name"),
    ],
)
def test_a_wrong_document_is_refused_with_its_fields(lab: SchedulerLab, body: Any, field: str) -> None:
    """SC-1, SC-2, SC-14: 400 that names the field; nothing is stored."""
    answer = create(lab, body)
    assert (answer.status, answer.json["code"]) == (400, "invalid_schedule")
    assert field in [problem["path"] for problem in answer.json["problems"]]
    assert lab.schedules.get("default", "s") is None


def test_what_is_no_document_is_refused(lab: SchedulerLab) -> None:
    """SC-14: an empty body, one of another type, one that cannot be read: told as what they are."""
    assert create(lab, "").status == 400
    assert create(lab, "a: [", **{"content-type": "application/yaml"}).status == 400
    assert create(lab, "x", **{"content-type": "image/png"}).status == 415


def test_changes_are_merged_deeply(lab: SchedulerLab) -> None:
    """SC-14: members of members are changed one by one, lists as a whole, null removes; the id is fixed."""
    create(lab, YAML, **{"content-type": "application/yaml"})
    body = {"schedule": {"jitter": 5}, "properties": {"list": [3], "region": None}, "overlap": "queue"}
    changed = ask(lab, "PUT /{id}", "/daily-report", body)
    assert changed.status == 200
    found = changed.json["document"]
    assert found["schedule"] == {"cron": "0 2 * * *", "timezone": "Europe/Paris", "jitter": 5}
    assert (found["properties"], found["overlap"], found["name"]) == ({"list": [3]}, "queue", "Daily report")
    for wrong in ({"id": "other"}, {"schedule": {"cron": "x"}}, {"colour": "red"}, [1]):
        assert ask(lab, "PUT /{id}", "/daily-report", wrong).status == 400
    assert ask(lab, "GET /{id}", "/daily-report").json == changed.json
    assert ask(lab, "PUT /{id}", "/daily-report", {"id": "daily-report"}).json["document"] == found


def test_a_change_counts_from_now_on(lab: SchedulerLab) -> None:
    """SC-5, SC-14: after a change the new slots fire, and numbers stay."""
    create(lab)
    lab.pass_time(MINUTE)
    ask(lab, "PUT /{id}", "/s", {"schedule": {"cron": "*/10 * * * *"}})
    lab.pass_time(20 * MINUTE)
    assert lab.logged_slots() == [at("12:01"), at("12:10"), at("12:20")]
    assert ask(lab, "GET /{id}", "/s").json["runCount"] == 3


@pytest.mark.parametrize(
    ("key", "path"),
    [
        ("GET /{id}", "/no"),
        ("PUT /{id}", "/no"),
        ("DELETE /{id}", "/no"),
        ("POST /{id}/start", "/no/start"),
        ("POST /{id}/stop", "/no/stop"),
        ("POST /{id}/trigger", "/no/trigger"),
        ("POST /{id}/backfill", "/no/backfill"),
        ("GET /{id}/executions", "/no/executions"),
        ("GET /{id}/next", "/no/next"),
    ],
)
def test_an_unknown_id_is_told(lab: SchedulerLab, key: str, path: str) -> None:
    """SC-4, SC-14: 404, on every route of one schedule."""
    body = {"from": at("11:00"), "to": at("12:00")} if "backfill" in key else {} if key.startswith("PUT") else None
    answer = ask(lab, key, path, body)
    assert (answer.status, answer.json["code"]) == (404, "schedule_not_found")


@pytest.mark.parametrize("key", ROUTES)
def test_an_unknown_parameter_is_refused(lab: SchedulerLab, key: str) -> None:
    """WR-16: a misspelt parameter is a 400 on every route."""
    method, path = key.split(" ")
    path = re.sub(r"\{\w+\}", "s", path).removeprefix("/workflow/schedules")
    template = key.split(" ")[1].removeprefix("/workflow/schedules")
    assert ask(lab, f"{method} {template}", path, query={"nonsense": "1"}).status == 400


def test_start_and_stop_toggle(lab: SchedulerLab) -> None:
    """SC-4: each answers the schedule as it is then, and may be asked for twice."""
    create(lab)
    for verb, enabled in (("stop", False), ("stop", False), ("start", True), ("start", True)):
        answer = ask(lab, f"POST /{{id}}/{verb}", f"/s/{verb}")
        assert (answer.status, answer.json["enabled"]) == (200, enabled)
        assert answer.json["document"]["schedule"]["enabled"] is enabled
        assert (answer.json["nextRun"] is not None) is enabled


def test_delete(lab: SchedulerLab) -> None:
    """SC-14: gone, and it fires no more."""
    create(lab)
    assert ask(lab, "DELETE /{id}", "/s").json == {"id": "s", "deleted": True}
    lab.pass_time(3 * MINUTE)
    assert (lab.logged_slots(), ask(lab, "GET /{id}", "/s").status) == ([], 404)


def test_trigger_answers_the_execution(lab: SchedulerLab) -> None:
    """SC-14: 202 and the run's instance; 409 where it would overlap."""
    create(lab, document(workflow={"id": "lab.Hold"}, schedule={"enabled": False}))
    fired = ask(lab, "POST /{id}/trigger", "/s/trigger")
    assert (fired.status, fired.json["status"], fired.json["kind"]) == (202, "started", "manual")
    assert lab.instances.get(fired.json["instanceId"]) is not None
    again = ask(lab, "POST /{id}/trigger", "/s/trigger")
    assert again.status == 409
    assert "maxConcurrent is 1" in again.json["message"]


def test_backfill_over_http(lab: SchedulerLab) -> None:
    """SC-13: a dry run tells what would run, 202 claims it; wrong times and bodies are 400."""
    create(lab, document(cron="0 * * * *", schedule={"enabled": False}))
    body = {"from": at("09:00"), "to": at("11:30")}
    tried = ask(lab, "POST /{id}/backfill", "/s/backfill", {**body, "dryRun": True})
    assert (tried.status, tried.json["claimed"], tried.json["slots"]) == (
        200,
        3,
        [at("09:00"), at("10:00"), at("11:00")],
    )
    assert ask(lab, "POST /{id}/backfill", "/s/backfill", body).status == 202
    lab.pass_time(MINUTE)
    assert lab.logged_slots() == tried.json["slots"]
    for wrong in ({**body, "from": "noon"}, {"from": at("09:00")}, {**body, "more": 1}):
        assert ask(lab, "POST /{id}/backfill", "/s/backfill", wrong).status == 400


def test_the_log_comes_in_pages(lab: SchedulerLab) -> None:
    """SC-12: the latest slot first, with its instance, its delay and how it ended."""
    create(lab)
    lab.pass_time(3 * MINUTE + 1)
    page = ask(lab, "GET /{id}/executions", "/s/executions", query={"limit": 2}).json
    assert [one["slot"] for one in page["executions"]] == [at("12:04"), at("12:03")]
    assert [one["status"] for one in page["executions"]] == ["claimed", "started"]
    rest = ask(lab, "GET /{id}/executions", "/s/executions", query={"cursor": page["nextCursor"]}).json
    assert [(one["slot"], one["run"], one["delay"]) for one in rest["executions"]] == [
        (at("12:02"), 2, 0),
        (at("12:01"), 1, 0),
    ]


def test_the_next_slots(lab: SchedulerLab) -> None:
    """SC-3: as many as asked for, in UTC, whether or not the schedule is enabled."""
    create(lab, document(cron="0 9 * * *", schedule={"timezone": "Asia/Tokyo", "enabled": False}))
    shown = ask(lab, "GET /{id}/next", "/s/next", query={"count": 2}).json
    assert shown["next"] == ["2026-01-02T00:00:00.000Z", "2026-01-03T00:00:00.000Z"]
    assert (shown["enabled"], shown["timezone"]) == (False, "Asia/Tokyo")
    assert ask(lab, "GET /{id}/next", "/s/next", query={"count": 0}).status == 400


def test_schedules_of_a_workflow(lab: SchedulerLab) -> None:
    """SC-15: by workflow id, with or without its version, by name space, name, version, and enabled; page by page."""
    create(lab, document("a", workflow={"id": "lab.Flow@1.0.0"}))
    create(lab, document("b", schedule={"enabled": False}))
    create(lab, document("c", workflow={"nameSpace": "other", "name": "Flow"}))

    def ids(**query: Any) -> list[str]:
        return [one["id"] for one in ask(lab, "GET ", query=query).json["schedules"]]

    assert ids() == ["a", "b", "c"]
    assert ids(workflowId="lab.Flow") == ["a", "b"]
    assert ids(workflowId="lab.Flow@1.0.0") == ids(version="1.0.0") == ["a"]
    assert ids(nameSpace="other") == ["c"]
    assert ids(name="Flow", enabled="false") == ["b"]
    assert ids(workflowId="lab.None") == []
    page = ask(lab, "GET ", query={"limit": 2}).json
    assert (page["total"], [one["id"] for one in page["schedules"]]) == (3, ["a", "b"])
    assert ids(cursor=page["nextCursor"]) == ["c"]
    for wrong in ({"enabled": "maybe"}, {"enabled": "true,false"}, {"workflowId": "x"}, {"limit": 0}, {"cursor": "x"}):
        assert ask(lab, "GET ", query=wrong).status == 400


def test_the_status_has_a_section_of_the_scheduler(lab: SchedulerLab) -> None:
    """WR-10: GET /workflow/status tells the scheduler's statistics too, under their names."""
    create(lab)
    lab.pass_time(2 * MINUTE)
    section = lab.call("GET", "/workflow/status").json["scheduler"]
    assert section == {
        "totalSchedules": 1,
        "activeSchedules": 1,
        "inactiveSchedules": 0,
        "totalRuns": 2,
        "totalErrors": 0,
        "executionsToday": 2,
        "missedExecutions": 0,
        "averageExecutionDelay": 0,
        "lastExecution": at("12:02"),
        "nextExecution": at("12:03"),
    }


def test_a_schedule_whose_workflow_does_not_exist_yet(lab: SchedulerLab) -> None:
    """SC-14: it can be made before its workflow is registered; until then its starts fail, and are told."""
    assert create(lab, document(workflow={"id": "lab.Later"}, retry={"attempts": 1})).status == 201
    lab.pass_time(MINUTE)
    found = ask(lab, "GET /{id}", "/s").json
    assert (found["errorCount"], found["runCount"], found["isRunning"]) == (1, 1, False)


def test_the_next_execution_is_one_to_come(lab: SchedulerLab) -> None:
    """SC-12: of a slot whose time is over and whose jitter is not, it is when it will be started."""
    create(lab, document(schedule={"jitter": 50}))
    stored = lab.stored()
    fire_at = jittered(to_schedule(stored), parse_instant(at("12:01")))
    assert fire_at > parse_instant(at("12:01")) + SECOND
    lab.pass_time(MINUTE + SECOND)
    found = lab.call("GET", "/workflow/status").json["scheduler"]
    assert found["nextExecution"] == to_text(fire_at)
