"""Reads schedule documents: ``*-schedule.yaml``, or the body of a request (SC-1, SC-2)."""

from __future__ import annotations

import copy
import dataclasses
import re
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

import msgspec

from reactory.definition.codes import INVALID_FIELD
from reactory.definition.document import Document, load_document
from reactory.definition.finding import Finding
from reactory.definition.modelcheck import check_shape
from reactory.definition.problem import Problem
from reactory.exceptions import InvalidDefinitionError, InvalidScheduleError
from reactory.scheduler.cron import parse_cron
from reactory.scheduler.dates import instant_in
from reactory.scheduler.models import ConditionsModel, MisfireModel, RetryModel, ScheduleModel, TimingModel
from reactory.scheduler.schedule import (
    Conditions,
    CronTiming,
    IntervalTiming,
    Misfire,
    OnceTiming,
    Schedule,
    StartRetry,
)
from reactory.scheduler.slots import next_slot
from reactory.scheduler.zone import load_zone

_UNQUOTED = re.compile(r"\bcron:\s*[*@]")
_Record = TypeVar("_Record", StartRetry, Misfire)


def parse_schedule(source: str | bytes | Mapping[str, Any], name: str = "") -> Schedule:
    """The schedule of a document in YAML or JSON, or of its data. ``name`` is told in messages, such as the file's.

    Raises InvalidScheduleError with every problem at once.
    """
    document = _document(source, name)
    findings = list(check_shape(ScheduleModel, document.data, ()))
    schedule = None if findings else _schedule(document.data)
    if schedule is not None:
        findings = _timing_findings(schedule)
    problems = [*document.problems, *(finding.told(document) for finding in findings)]
    if problems or schedule is None:
        raise _refusal(sorted(problems, key=lambda problem: problem.line or 0), name)
    return schedule


def _document(source: str | bytes | Mapping[str, Any], name: str) -> Document:
    if isinstance(source, Mapping):
        return Document.of(source, name=name)
    try:
        return load_document(source, name=name or "<schedule>")
    except InvalidDefinitionError as error:
        advice = _quoting_advice(source, error.problems)
        problems = [msgspec.structs.replace(problem, message=problem.message + advice) for problem in error.problems]
        raise InvalidScheduleError(error.message + advice, problems) from error


def _quoting_advice(source: str | bytes, problems: Sequence[Problem]) -> str:
    """A cron expression is mostly what YAML reads as something else: ``*`` begins an alias, ``@`` nothing."""
    lines = (source if isinstance(source, str) else source.decode(errors="replace")).splitlines()
    at = next((problem.line for problem in problems if problem.line), 0)
    written = lines[at - 1] if 0 < at <= len(lines) else ""
    return "; put the cron expression in quotes" if _UNQUOTED.search(written) else ""


def _refusal(problems: list[Problem], name: str) -> InvalidScheduleError:
    told = "; ".join(f"{problem.path}: {problem.message}" if problem.path else problem.message for problem in problems)
    return InvalidScheduleError(f"{name}: {told}" if name else told, problems)


def _timing_findings(schedule: Schedule) -> list[Finding]:
    """A schedule between whose dates there is no slot, or whose time lies outside of them."""
    if (schedule.starts is None and schedule.ends is None) or next_slot(schedule, -1) is not None:
        return []
    kind = next(kind for kind in ("cron", "interval", "at") if schedule.source["schedule"].get(kind) is not None)
    said = "it never fires between startDate and endDate: correct it, or one of them"
    return [Finding(INVALID_FIELD, ("schedule", kind), said)]


def _schedule(data: Mapping[str, Any]) -> Schedule:
    model = ScheduleModel.model_validate(data)
    timing = model.schedule
    zone = load_zone(timing.timezone or "UTC")
    return Schedule(
        id=model.id,
        name=model.name,
        description=model.description or "",
        workflow=model.workflow.reference(),
        timing=_timing(timing),
        zone=zone,
        enabled=timing.enabled is not False,
        jitter_ms=_milliseconds(timing.jitter) or 0,
        starts=None if timing.start_date is None else instant_in(timing.start_date, zone),
        ends=None if timing.end_date is None else instant_in(timing.end_date, zone, whole_day=True),
        properties=copy.deepcopy(model.properties or {}),
        retry=_retry(model.retry),
        timeout_ms=_milliseconds(model.timeout),
        max_concurrent=model.max_concurrent or 1,
        overlap=model.overlap or "skip",
        misfire=_misfire(model.misfire),
        conditions=_conditions(model.conditions),
        source=copy.deepcopy(dict(data)),
    )


def _timing(model: TimingModel) -> CronTiming | IntervalTiming | OnceTiming:
    if model.cron is not None:
        return CronTiming(parse_cron(model.cron))
    if model.interval is not None:
        return IntervalTiming(model.interval)
    assert model.at is not None
    return OnceTiming(instant_in(model.at, load_zone(model.timezone or "UTC")))


def _retry(model: RetryModel | None) -> StartRetry:
    given = model or RetryModel()
    return _filled(
        StartRetry(),
        attempts=given.attempts,
        delay_ms=_milliseconds(given.delay),
        multiplier=given.backoff_multiplier,
        max_delay_ms=_milliseconds(given.max_delay),
    )


def _misfire(model: MisfireModel | None) -> Misfire:
    given = model or MisfireModel()
    return _filled(Misfire(), policy=given.policy, window_ms=_milliseconds(given.window))


def _conditions(model: ConditionsModel | None) -> Conditions:
    given = model or ConditionsModel()
    return Conditions(
        skip_if_previous_running=bool(given.skip_if_previous_running),
        skip_on_holidays=tuple(given.skip_on_holidays or ()),
        required_services=tuple(given.required_services or ()),
    )


def _filled(record: _Record, **values: Any) -> _Record:
    """The record with what was given; null in a document is the default."""
    given = {name: value for name, value in values.items() if value is not None}
    return dataclasses.replace(record, **given)


def _milliseconds(seconds: float | None) -> int | None:
    return None if seconds is None else round(seconds * 1000)
