"""The configs of the step types that wait and of those that speak to what is outside, compiled."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from reactory.definition.duration import parse_duration
from reactory.definition.program import (
    ActivityConfig,
    CacheRule,
    Distribution,
    Duration,
    EmitEventConfig,
    Escalation,
    InvokeConfig,
    NodeConfig,
    UserActivityConfig,
    WaitEventConfig,
)
from reactory.definition.slots import compile_slot
from reactory.definition.steptree import DEFAULT_BATCH_SIZE
from reactory.definition.template import Template, compile_template

Raw = Mapping[str, Any]


def compile_wait(step: Raw, config: Raw, name_space: str) -> NodeConfig | None:
    """None when the step is of none of these types. ``name_space`` is that of the document."""
    match step["type"]:
        case "wait_event":
            return _wait_event(config)
        case "emit_event":
            return _emit_event(config)
        case "activity":
            return _activity(config)
        case "user_activity":
            return _user_activity(config)
        case "invoke_workflow":
            return _invoke(config, name_space, retried=step.get("retryPolicy") is not None)
    return None


def optional_template(value: Any) -> Template | None:
    return compile_template(value) if value is not None else None


def compile_delay(config: Raw) -> Duration:
    """``duration`` or ``durationText``."""
    return Duration(
        amount=optional_template(config.get("duration")),
        text=optional_template(config.get("durationText")),
    )


def compile_interval(value: int | str) -> Duration:
    """Milliseconds, or a text. What one single ``${…}`` gives is one or the other: it counts as an amount."""
    template = compile_template(value)
    if isinstance(value, str) and not _single_hole(value, template):
        return Duration(amount=None, text=template)
    return Duration(amount=template, text=None)


def _single_hole(text: str, template: Template) -> bool:
    return len(template.expressions) == 1 and text.startswith("${") and text.endswith("}")


def compile_cache(declared: Raw) -> CacheRule:
    return CacheRule(key=compile_template(declared["key"]), ttl=_milliseconds(declared["ttl"]))


def compile_distribution(declared: Raw) -> Distribution:
    tolerated = declared.get("toleratedFailurePercentage")
    return Distribution(
        batch_size=declared.get("batchSize") or DEFAULT_BATCH_SIZE,
        max_concurrency=declared.get("maxConcurrency"),
        tolerated_failure_percentage=float(tolerated or 0),
    )


def _milliseconds(value: int | str) -> int:
    return parse_duration(value) if isinstance(value, str) else value


def _wait_event(config: Raw) -> WaitEventConfig:
    key = config.get("eventKey")
    return WaitEventConfig(
        name=compile_template(config["eventName"]),
        key=compile_slot(key) if key is not None else None,
        since=optional_template(config.get("effectiveDate")),
        timeout=config.get("timeout"),
        on_timeout=config.get("onTimeout") or "fail",
        output_variable=config.get("outputVariable"),
    )


def _emit_event(config: Raw) -> EmitEventConfig:
    key = config.get("eventKey")
    return EmitEventConfig(
        name=compile_template(config["eventName"]),
        key=compile_slot(key) if key is not None else None,
        data=compile_template(config.get("data")),
    )


def _activity(config: Raw) -> ActivityConfig:
    return ActivityConfig(
        name=compile_template(config["activityName"]),
        parameters=_object(config.get("parameters")),
        timeout=config.get("timeout"),
        heartbeat=config.get("heartbeat"),
    )


def _user_activity(config: Raw) -> UserActivityConfig:
    escalation = config.get("escalation")
    return UserActivityConfig(
        activity_type=config["activityType"],
        assignee=compile_template(config.get("assignee")),
        options=compile_template(config.get("options") or []),
        message=compile_template(config.get("message")),
        form=config.get("form"),
        timeout=config.get("timeout"),
        escalation=_escalation(escalation) if escalation is not None else None,
    )


def _escalation(declared: Raw) -> Escalation:
    return Escalation(after=_milliseconds(declared["after"]), assignee=compile_template(declared["assignee"]))


def _invoke(config: Raw, name_space: str, *, retried: bool) -> InvokeConfig:
    return InvokeConfig(
        workflow=compile_template(_reference(config, name_space)),
        version=None,
        input=_object(config.get("input")),
        wait=bool(config.get("waitForCompletion")),
        timeout=config.get("timeout"),
        retried=retried,
    )


def _reference(config: Raw, name_space: str) -> str:
    """The parts of the name put together; a ``${…}`` in one of them is still one."""
    if (whole := config.get("workflowId")) is not None:
        return str(whole)
    identity = f"{config.get('workflowNameSpace') or name_space}.{config['workflowName']}"
    version = config.get("workflowVersion")
    return identity if version is None else f"{identity}@{version}"


def _object(value: Any) -> Template:
    return compile_template({} if value is None else value)
