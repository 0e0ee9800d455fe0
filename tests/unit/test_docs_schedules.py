"""docs/schedules.md is true: its documents are schedules, and its tables have the slots that the engine computes."""

from __future__ import annotations

import itertools
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from reactory.exceptions import InvalidScheduleError
from reactory.scheduler.document import parse_schedule
from reactory.scheduler.models import ScheduleModel
from reactory.scheduler.schedule import Schedule
from reactory.scheduler.slots import slots_between
from tests.unit.scheduler.schedules import cron, ms

PAGE = (Path(__file__).parents[2] / "docs" / "schedules.md").read_text(encoding="utf-8")
DOCUMENTS = dict(re.findall(r"```yaml\n# (\S+)\n(.*?)```", PAGE, re.DOTALL))
EXPRESSIONS = re.findall(r"^\| `([^`]+)` \| (\d\d-\d\d [^|]+) \|$", PAGE, re.MULTILINE)
CHANGES = re.findall(r"^\| `([^`]+)` \| (\d\d:[^|]+) \| ([^|]+) \|$", PAGE, re.MULTILINE)


def test_the_page_has_what_is_checked() -> None:
    assert (len(DOCUMENTS), len(EXPRESSIONS), len(CHANGES)) == (3, 10, 5)


@pytest.mark.parametrize("name", DOCUMENTS)
def test_documents(name: str) -> None:
    """SC-1: each document of the page is a schedule that fires."""
    assert slots_between(parse_schedule(DOCUMENTS[name], name), ms("2027-01-01T00:00Z"), ms("2028-01-01T00:00Z"), 1)


def test_the_first_document_shows_the_defaults() -> None:
    """SC-1: what the page shows first, and says to be the default, is."""
    shown = parse_schedule(DOCUMENTS["daily-report-schedule.yaml"])
    least = parse_schedule({"id": "a", "name": "A", "workflow": {"id": "a.B"}, "schedule": {"cron": "0 2 * * *"}})
    for field in ("enabled", "jitter_ms", "retry", "max_concurrent", "overlap", "misfire"):
        assert getattr(shown, field) == getattr(least, field)


@pytest.mark.parametrize("field", [field.alias for field in ScheduleModel.model_fields.values()])
def test_every_field_is_documented(field: str) -> None:
    """Whoever writes a schedule finds each field."""
    assert re.search(rf"^\| `{field}[`.]", PAGE, re.MULTILINE)


@pytest.mark.parametrize(("expression", "expected"), EXPRESSIONS)
def test_expressions(expression: str, expected: str) -> None:
    """SC-2: the first slots of each expression."""
    times = expected.split(", ")
    start = datetime(2027, 1, 1, tzinfo=UTC)
    found = itertools.islice(shown(cron(expression), start, start + timedelta(days=366), "%m-%d %H:%M:%S"), len(times))
    assert list(found) == [time if time.count(":") == 2 else f"{time}:00" for time in times]


@pytest.mark.parametrize(("expression", "spring", "autumn"), CHANGES)
def test_clocks_that_change(expression: str, spring: str, autumn: str) -> None:
    """SC-3: the slots of the days on which the clocks of Paris change."""
    schedule = cron(expression, "Europe/Paris")
    days = [("2025-03-29T23:00Z", "2025-03-30T22:00Z"), ("2025-10-25T22:00Z", "2025-10-26T23:00Z")]
    found = [shown(schedule, datetime.fromisoformat(start), datetime.fromisoformat(end)) for start, end in days]
    assert [", ".join(times) for times in found] == [spring, autumn]


def test_the_message_of_the_page() -> None:
    """SC-2: a wrong hour is told in the words of the page."""
    text = DOCUMENTS["daily-report-schedule.yaml"].replace("0 2 * * *", "0 25 * * *")
    with pytest.raises(InvalidScheduleError) as caught:
        parse_schedule(text)
    (problem,) = caught.value.problems
    assert f"daily-report-schedule.yaml:{problem.line}: {problem.path}: {problem.message} [{problem.code}]" in PAGE


def shown(schedule: Schedule, start: datetime, end: datetime, form: str = "%H:%M") -> list[str]:
    slots = slots_between(schedule, ms(start) - 1, ms(end) - 1, 100)
    return [datetime.fromtimestamp(slot / 1000, UTC).strftime(form) for slot in slots]
