"""``telemetry``: a metric as one log line in CloudWatch's embedded metric format, which becomes a metric by itself."""

from __future__ import annotations

import logging
import math
import re
from collections.abc import Callable
from typing import Any

from reactory.definition.template import as_text
from reactory.definition.wording import shown
from reactory.exceptions import InvalidStepError
from reactory.ports.clock import Clock
from reactory.steps.builtin.wanted import wanted_object, wanted_text
from reactory.steps.context import StepContext

LOGGER = logging.getLogger("reactory.metrics")
NAMESPACE = "Reactory"

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,99}\Z")
_TAKEN = frozenset({"level", "message", "timestamp", "logger", "location", "exception", "request_id"})
_UNITS = {"counter": "Count", "gauge": "None", "histogram": "None"}
_MOST_LABELS = 25
_MOST_VALUES = 100
_LONGEST = 250


def telemetry(clock: Clock) -> Callable[..., dict[str, Any]]:
    LOGGER.setLevel(logging.INFO)  # a metric is no log message: it is told whatever the log level is

    def body(ctx: StepContext, **_inputs: Any) -> dict[str, Any]:
        """``{metricName, value}``."""
        config = ctx.config
        name, kind = wanted_text(config, "metricName"), config.get("metricType") or "counter"
        _check_name(name, "metricName")
        value, labels = _value(config.get("value"), kind), _labels(ctx, name)
        metric = {"Name": name, "Unit": _UNITS[kind]}
        directive = {"Namespace": NAMESPACE, "Dimensions": [list(labels)], "Metrics": [metric]}
        line = {"_aws": {"Timestamp": clock.now(), "CloudWatchMetrics": [directive]}, name: value, **labels}
        LOGGER.info("metric", extra={"fields": line})
        return {"metricName": name, "value": value}

    return body


def _check_name(name: str, what: str) -> None:
    if not _NAME.match(name):
        raise InvalidStepError(f"{what} is {shown(name)}: use letters, digits, '_', '.' and '-', a letter first")
    if name in _TAKEN:
        raise InvalidStepError(f"{what} is {shown(name)}, which every log line has already: choose another name")


def _value(value: Any, kind: str) -> Any:
    """A number; of a histogram also a list of them. A counter only goes up."""
    values = value if kind == "histogram" and isinstance(value, list) else [value]
    if not 0 < len(values) <= _MOST_VALUES or not all(_is_number(one) for one in values):
        many = f", or a list of at most {_MOST_VALUES}" if kind == "histogram" else ""
        raise InvalidStepError(f"config.value is {shown(value)}: a {kind} needs a number{many}")
    if kind == "counter" and values[0] < 0:
        raise InvalidStepError(f"config.value is {shown(value)}: a counter only goes up, use a gauge")
    return value


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _labels(ctx: StepContext, metric: str) -> dict[str, str]:
    """The labels as texts, and the workflow. A label that is null is left out."""
    labels = {name: as_text(value) for name, value in wanted_object(ctx.config, "labels").items() if value is not None}
    if len(labels) > _MOST_LABELS:
        raise InvalidStepError(f"config.labels has {len(labels)} entries: give at most {_MOST_LABELS}")
    for name, value in labels.items():
        _check_name(name, "a label")
        if name == metric or not value.strip() or len(value) > _LONGEST:
            raise InvalidStepError(
                f"the label {shown(name)} must have another name than the metric, and a text of 1 to {_LONGEST} characters"
            )
    return {"workflow": ctx.workflow_id, **labels}
