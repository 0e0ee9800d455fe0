"""The step type ``telemetry``."""

from __future__ import annotations

import json
import logging
from typing import Any

import pytest

from reactory.log_format import JsonFormatter
from reactory.testing.engine import BEGIN


def lines(caplog: pytest.LogCaptureFixture) -> list[dict[str, Any]]:
    """What CloudWatch would read."""
    formatter = JsonFormatter((), dict)
    found = [record for record in caplog.records if record.name == "reactory.metrics"]
    return [json.loads(formatter.format(record)) for record in found]


def test_a_metric_is_one_line_that_cloudwatch_reads(engine: Any, caplog: pytest.LogCaptureFixture) -> None:
    """OB-1: the embedded metric format: name, unit, dimensions and value on one JSON line, at the engine's time."""
    caplog.set_level(logging.ERROR, "reactory")  # a metric is told whatever the log level is
    caplog.handler.setLevel(logging.NOTSET)
    step = engine.node("count", "telemetry", metricName="orders", value="${input.n + 1}", labels={"country": "FR"})
    instance = engine.run(step, data={"n": 2}, outputs={"told": "steps.count.outputs"})
    assert engine.outputs(instance)["told"] == {"metricName": "orders", "value": 3}
    (line,) = lines(caplog)
    assert line["_aws"] == {
        "Timestamp": BEGIN,
        "CloudWatchMetrics": [
            {
                "Namespace": "Reactory",
                "Dimensions": [["workflow", "country"]],
                "Metrics": [{"Name": "orders", "Unit": "Count"}],
            }
        ],
    }
    assert (line["orders"], line["workflow"], line["country"]) == (3, "test.Flow", "FR")


def test_secrets_in_labels_are_masked_and_counts_of_tokens_are_not(
    engine: Any, caplog: pytest.LogCaptureFixture
) -> None:
    """SM-13: a label is text like any other in a log; the number of a metric is none."""
    labels = {"apiKey": "hunter2", "to": "https://ann:hunter2@example.com"}
    engine.run(
        engine.node("count", "telemetry", metricName="tokensUsed", value=[1, 2], metricType="histogram", labels=labels)
    )
    (line,) = lines(caplog)
    assert line["tokensUsed"] == [1, 2]
    assert "hunter2" not in json.dumps(line)


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ({"metricName": "orders", "value": "many"}, "a counter needs a number"),
        ({"metricName": "orders", "value": -1}, "only goes up"),
        ({"metricName": "orders", "value": [1]}, "a counter needs a number"),
        ({"metricName": "or ders", "value": 1}, "use letters"),
        ({"metricName": "message", "value": 1}, "choose another name"),
        ({"metricName": "a", "value": 1, "labels": {"a": "x"}}, "another name than the metric"),
        ({"metricName": "a", "value": 1, "labels": {"b": "x" * 251}}, "1 to 250 characters"),
        ({"metricName": "a", "value": 1, "labels": {f"l{n}": "x" for n in range(26)}}, "at most 25"),
    ],
)
def test_what_cloudwatch_would_drop_is_an_error(engine: Any, config: dict[str, Any], said: str) -> None:
    """EH-1: told at once and not tried again."""
    instance = engine.run(engine.node("count", "telemetry", **config))
    assert said in engine.reason(instance)["message"]
    assert engine.trail(instance, "count") == ["FAILED"]
