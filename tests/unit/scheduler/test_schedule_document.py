"""Schedule documents: what they hold, their defaults, and what is said about those that are wrong (SC-1, SC-2, SC-14)."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reactory.definition.reference import Reference
from reactory.exceptions import InvalidScheduleError
from reactory.scheduler.document import parse_schedule
from reactory.scheduler.merge import merged
from reactory.scheduler.schedule import Conditions, IntervalTiming, Misfire, OnceTiming, StartRetry
from tests.unit.scheduler.schedules import document, ms

WHOLE = """
id: daily-report
name: Daily report
description: What was sold yesterday
workflow: { id: acme.Report@1.0.0 }
schedule: { cron: "0 2 * * *", timezone: Europe/Paris, enabled: false, jitter: 1.5, startDate: 2026-01-01, endDate: 2026-12-31 }
properties: { day: yesterday }
retry: { attempts: 5, delay: 10, backoffMultiplier: 2, maxDelay: 60 }
timeout: 3600
maxConcurrent: 2
overlap: queue
misfire: { policy: all, window: 7200 }
conditions: { skipIfPreviousRunning: true, skipOnHolidays: [2026-12-25, --01-01], requiredServices: [mail] }
"""


def problems(changes: dict[str, Any], **timing: Any) -> list[tuple[str, str, str]]:
    with pytest.raises(InvalidScheduleError) as caught:
        parse_schedule(document(**timing) | changes)
    return [(problem.code, problem.path, problem.message) for problem in caught.value.problems]


def test_a_whole_document() -> None:
    """SC-1: every field of formats.md is read; seconds become milliseconds."""
    schedule = parse_schedule(WHOLE)
    assert (schedule.id, schedule.name, schedule.description) == (
        "daily-report",
        "Daily report",
        "What was sold yesterday",
    )
    assert schedule.workflow == Reference("acme", "Report", "1.0.0")
    assert (schedule.timezone, schedule.enabled, schedule.jitter_ms) == ("Europe/Paris", False, 1500)
    assert schedule.starts == ms("2025-12-31T23:00Z")
    assert schedule.ends == ms("2026-12-31T23:00Z") - 1
    assert schedule.properties == {"day": "yesterday"}
    assert schedule.retry == StartRetry(5, 10_000, 2, 60_000)
    assert (schedule.timeout_ms, schedule.max_concurrent, schedule.overlap) == (3_600_000, 2, "queue")
    assert schedule.misfire == Misfire("all", 7_200_000)
    assert schedule.conditions == Conditions(
        skip_if_previous_running=True, skip_on_holidays=("2026-12-25", "--01-01"), required_services=("mail",)
    )


@pytest.mark.parametrize("nothing", [{}, dict.fromkeys(["retry", "misfire", "conditions", "properties", "overlap"])])
def test_defaults(nothing: dict[str, Any]) -> None:
    """SC-1: what is left out, or null, has the default of formats.md: UTC, enabled, no jitter, three attempts, one run."""
    schedule = parse_schedule(document() | nothing)
    assert (schedule.timezone, schedule.enabled, schedule.jitter_ms) == ("UTC", True, 0)
    assert (schedule.starts, schedule.ends, schedule.timeout_ms) == (None, None, None)
    assert (schedule.max_concurrent, schedule.overlap, schedule.properties) == (1, "skip", {})
    assert schedule.retry == StartRetry(3, 60_000, 1, 3_600_000)
    assert schedule.misfire == Misfire("skip", 3_600_000)
    assert schedule.conditions == Conditions()


def test_null_within_a_group_is_the_default() -> None:
    """SC-1: a group of which parts are null or left out has the defaults for these."""
    given = {"retry": {"attempts": None, "delay": 0}, "misfire": {"policy": "once", "window": None}}
    schedule = parse_schedule(document(cron="0 2 * * *", timezone=None, enabled=None, jitter=None) | given)
    assert schedule.retry == StartRetry(3, 0, 1, 3_600_000)
    assert schedule.misfire == Misfire("once", 3_600_000)
    assert (schedule.timezone, schedule.enabled, schedule.jitter_ms) == ("UTC", True, 0)


@pytest.mark.parametrize(
    ("workflow", "reference"),
    [
        ({"id": "acme.Report"}, Reference("acme", "Report")),
        ({"id": "acme.eu.Report@2.0.0"}, Reference("acme.eu", "Report", "2.0.0")),
        ({"nameSpace": "acme", "name": "Report"}, Reference("acme", "Report")),
        ({"nameSpace": "acme", "name": "Report", "version": "1.0.0"}, Reference("acme", "Report", "1.0.0")),
        ({"id": "acme.Report", "version": "1.0.0"}, Reference("acme", "Report", "1.0.0")),
        ({"id": "acme.Report@1.0.0", "nameSpace": "acme", "name": "Report"}, Reference("acme", "Report", "1.0.0")),
    ],
)
def test_workflow(workflow: dict[str, Any], reference: Reference) -> None:
    """SC-1: the workflow is named by its id or by its parts; without a version the highest is meant."""
    assert parse_schedule(document() | {"workflow": workflow}).workflow == reference


def test_kinds_of_timing() -> None:
    """SC-1: an interval is milliseconds or a text, one time is RFC 3339."""
    assert parse_schedule(document(interval=90_000)).timing == IntervalTiming(90_000)
    assert parse_schedule(document(interval="5m")).timing == IntervalTiming(300_000)
    assert parse_schedule(document(at="2027-01-01T00:00:00Z")).timing == OnceTiming(ms("2027-01-01T00:00Z"))


def test_yaml_and_json_are_the_same() -> None:
    """SC-1: a document may be YAML, JSON, bytes, or data."""
    schedule = parse_schedule(WHOLE)
    data = schedule.to_document()
    assert parse_schedule(json.dumps(data)) == schedule
    assert parse_schedule(WHOLE.encode()) == schedule
    assert parse_schedule(data) == schedule


@given(
    st.fixed_dictionaries(
        {},
        optional={
            "description": st.text(),
            "properties": st.dictionaries(st.text(), st.integers() | st.text() | st.none() | st.lists(st.booleans())),
            "timeout": st.integers(1, 10_000),
            "maxConcurrent": st.integers(1, 9),
            "overlap": st.sampled_from(["skip", "queue", "cancel_running", "allow"]),
            "retry": st.fixed_dictionaries({}, optional={"attempts": st.integers(1, 10), "delay": st.floats(0, 99)}),
        },
    )
)
def test_round_trip(more: dict[str, Any]) -> None:
    """SC-14: a schedule gives back the document that it was read from, and that gives an equal schedule."""
    written = document() | more
    schedule = parse_schedule(written)
    assert schedule.to_document() == written
    assert parse_schedule(schedule.to_document()) == schedule


def test_document_is_a_copy() -> None:
    """SC-14: whoever changes a document that was read, or given back, does not change the schedule."""
    written = document() | {"properties": {"list": [1]}}
    schedule = parse_schedule(written)
    written["properties"]["list"].append(2)
    schedule.to_document()["properties"]["list"].append(3)
    assert schedule.to_document()["properties"] == {"list": [1]}
    assert schedule.properties == {"list": [1]}


@pytest.mark.parametrize("field", ["id", "name", "workflow", "schedule"])
def test_required(field: str) -> None:
    """SC-1: without an id, a name, a workflow or a schedule a document is invalid."""
    written = document()
    del written[field]
    with pytest.raises(InvalidScheduleError, match=f"{field}: `{field}` is missing") as caught:
        parse_schedule(written)
    assert (caught.value.http_status, caught.value.code) == (400, "invalid_schedule")
    assert [problem.path for problem in caught.value.problems] == [field]


@pytest.mark.parametrize(
    ("changes", "timing", "path", "said"),
    [
        ({"id": "4a"}, {}, "id", "begins with a letter"),
        ({"id": "a" * 129}, {}, "id", "at most 128"),
        ({"name": " "}, {}, "name", "give a name"),
        ({"name": 7}, {}, "name", "give a name"),
        ({"nmae": "x"}, {}, "nmae", "did you mean name?"),
        ({"workflow": "acme.Report"}, {}, "workflow", "give an object"),
        ({"workflow": {}}, {}, "workflow.id", "`id` is missing: say which workflow, like acme.Report@1.0.0"),
        ({"workflow": {"name": "Report"}}, {}, "workflow.id", "or give nameSpace and name"),
        ({"workflow": {"id": "Report"}}, {}, "workflow.id", "'Report' is no workflow"),
        ({"workflow": {"id": "a.B@1"}}, {}, "workflow.id", "'1' is no version"),
        ({"workflow": {"id": "a.B@1.0.0", "version": "2.0.0"}}, {}, "workflow.version", "is not what `id` says"),
        ({"schedule": {}}, {}, "schedule.cron", "say when: give one of cron, interval and at"),
        ({}, {"cron": "0 2 * * *", "interval": 1000}, "schedule.interval", "give only one of cron and interval"),
        ({}, {"cron": "0 25 * * *"}, "schedule.cron", "the hour: 25 is out of range"),
        ({}, {"cron": "0 0 30 2 *"}, "schedule.cron", "it never fires"),
        ({}, {"cron": 5}, "schedule.cron", 'give a cron expression in quotes, like "0 2 * * *"'),
        ({}, {"interval": 999}, "schedule.interval", "at least one second"),
        ({}, {"interval": "5 minutes"}, "schedule.interval", "is no duration"),
        ({}, {"interval": True}, "schedule.interval", "give milliseconds"),
        ({}, {"at": "tomorrow"}, "schedule.at", "'tomorrow' is no time"),
        ({}, {"at": "1969-01-01"}, "schedule.at", "before 1970"),
        ({}, {"cron": "0 2 * * *", "timezone": "Europe/Pariss"}, "schedule.timezone", "did you mean Europe/Paris"),
        ({}, {"cron": "0 2 * * *", "timezone": "Paris"}, "schedule.timezone", "did you mean Europe/Paris?"),
        ({}, {"cron": "0 2 * * *", "timezone": "Mars"}, "schedule.timezone", "such as Europe/Paris or UTC"),
        ({}, {"cron": "0 2 * * *", "timezone": "../etc/passwd"}, "schedule.timezone", "is no time zone"),
        ({}, {"cron": "0 2 * * *", "timezone": ""}, "schedule.timezone", "is no time zone"),
        (
            {},
            {"cron": "0 2 * * *", "timezone": "right/Europe/Paris"},
            "schedule.timezone",
            "did you mean Europe/Paris?",
        ),
        ({}, {"cron": "0 2 * * *", "jitter": -1}, "schedule.jitter", "give seconds, a number from 0 to 86400"),
        ({}, {"cron": "0 2 * * *", "enabled": "yes"}, "schedule.enabled", "give true or false"),
        ({}, {"cron": "0 2 * * *", "enabeld": True}, "schedule.enabeld", "did you mean enabled?"),
        (
            {},
            {"cron": "0 2 * * *", "startDate": "2026-02-01", "endDate": "2026-01-01"},
            "schedule.endDate",
            "`endDate` is before `startDate`",
        ),
        (
            {},
            {"cron": "0 2 1 * *", "startDate": "2026-02-02", "endDate": "2026-02-20"},
            "schedule.cron",
            "it never fires between startDate and endDate",
        ),
        ({}, {"at": "2026-02-02", "startDate": "2026-02-03"}, "schedule.at", "it never fires between"),
        ({"retry": {"attempts": 11}}, {}, "retry.attempts", "give a whole number from 1 to 10"),
        ({"retry": {"delay": "60"}}, {}, "retry.delay", "give seconds"),
        ({"retry": {"backoffMultiplier": 0.5}}, {}, "retry.backoffMultiplier", "give a number from 1 to 1000"),
        ({"timeout": 0}, {}, "timeout", "give seconds, a number from 1"),
        ({"timeout": float("nan")}, {}, "timeout", "give seconds"),
        ({"maxConcurrent": 0}, {}, "maxConcurrent", "give a whole number from 1"),
        ({"overlap": "wait"}, {}, "overlap", "'skip', 'queue', 'cancel_running' or 'allow'"),
        ({"misfire": {"policy": "some"}}, {}, "misfire.policy", "give 'skip', 'once' or 'all'"),
        ({"conditions": {"skipOnHolidays": ["Xmas"]}}, {}, "conditions.skipOnHolidays[0]", "write 2026-12-25"),
        ({"conditions": {"skipOnHolidays": ["2026-02-30"]}}, {}, "conditions.skipOnHolidays[0]", "is no date"),
        ({"conditions": {"skipOnHolidays": ["2026-W01-1"]}}, {}, "conditions.skipOnHolidays[0]", "is no date"),
        ({"properties": []}, {}, "properties", "give an object"),
    ],
)
def test_mistakes(changes: dict[str, Any], timing: dict[str, Any], path: str, said: str) -> None:
    """SC-1, SC-2: the problem names the field and says what may stand there."""
    ((_, where, message),) = problems(changes, **timing)
    assert where == path
    assert said in message


def test_all_problems_at_once_with_their_lines() -> None:
    """SC-1: every problem is told at once, each with path and line, those of the notation among them."""
    text = (
        "id: a\nname: A\nworkflow: {id: b}\nschedule:\n  cron: 0 99 * * *\n  timezone: Europe\n  jiter: 5\n"
        "timeout: -1\ntimeout: -2\n"
    )
    with pytest.raises(InvalidScheduleError, match=r"^a-schedule\.yaml: ") as caught:
        parse_schedule(text, "a-schedule.yaml")
    assert [(problem.path, problem.line) for problem in caught.value.problems] == [
        ("workflow.id", 3),
        ("schedule.cron", 5),
        ("schedule.timezone", 6),
        ("schedule.jiter", 7),
        ("timeout", 8),
        ("timeout", 9),
    ]


@pytest.mark.parametrize("text", ["", "- a\n", "just a text", "{", b"\xff", "a: [1\n", '{"id": }'])
def test_no_document(text: str | bytes) -> None:
    """SC-1: what cannot be read as a document at all is an invalid schedule as well."""
    with pytest.raises(InvalidScheduleError):
        parse_schedule(text, "a-schedule.yaml")


@pytest.mark.parametrize("cron", ["* * * * *", "*/5 * * * *", "@daily"])
def test_cron_without_quotes(cron: str) -> None:
    """SC-2: an expression that YAML takes for something else is told to go in quotes."""
    with pytest.raises(InvalidScheduleError, match="put the cron expression in quotes") as caught:
        parse_schedule(f"id: a\nschedule:\n  cron: {cron}\n")
    assert [problem.line for problem in caught.value.problems] == [3]


def test_merge_is_deep() -> None:
    """SC-14: objects merge, lists and values replace, null removes; the documents that were given stay as they are."""
    base = document() | {"properties": {"a": {"b": 1, "c": 2}, "list": [1, 2]}, "timeout": 60}
    changes = {"properties": {"a": {"b": 3}, "list": [3]}, "timeout": None, "schedule": {"enabled": False}}
    new = merged(base, changes)
    assert new == document(cron="0 2 * * *", enabled=False) | {"properties": {"a": {"b": 3, "c": 2}, "list": [3]}}
    assert base["timeout"] == 60
    assert parse_schedule(new).enabled is False


def test_merge_keeps_the_id() -> None:
    """SC-14: the id is fixed; to name the same one is no change."""
    assert merged(document(), {"id": "daily-report", "name": "B"})["name"] == "B"
    for other in ("other", None):
        with pytest.raises(InvalidScheduleError, match="the id is fixed: it stays 'daily-report'") as caught:
            merged(document(), {"id": other})
        assert [problem.path for problem in caught.value.problems] == ["id"]


def test_merge_of_what_excludes_each_other() -> None:
    """SC-14: another kind of timing takes the place of the old one, and so does another way to name the workflow."""
    assert merged(document(), {"schedule": {"interval": "5m"}})["schedule"] == {"interval": "5m"}
    assert merged(document(), {"schedule": {"jitter": 5}})["schedule"] == {"cron": "0 2 * * *", "jitter": 5}
    apart = {"nameSpace": "acme", "name": "Other"}
    assert merged(document(), {"workflow": apart})["workflow"] == apart
    back = merged(document() | {"workflow": apart | {"version": "1.0.0"}}, {"workflow": {"id": "acme.C"}})
    assert back["workflow"] == {"id": "acme.C"}
    both = merged(document(), {"schedule": {"interval": "5m", "at": "2027-01-01"}})
    with pytest.raises(InvalidScheduleError, match="give only one of interval and at"):
        parse_schedule(both)
