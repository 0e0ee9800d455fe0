"""Logs as JSON, with context, without secrets."""

from __future__ import annotations

import asyncio
import io
import json
import logging
import re
from collections.abc import Iterator
from typing import Any

import pytest

from reactory.exceptions import StoreUnavailableError
from reactory.log_format import JsonFormatter
from reactory.observability import bound, configure, logger


class Lines(io.StringIO):
    def read_all(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.getvalue().splitlines()]

    @property
    def last(self) -> dict[str, Any]:
        return self.read_all()[-1]


@pytest.fixture
def lines() -> Iterator[Lines]:
    """A root logger with no handlers but ours; as it was afterwards."""
    root, engine = logging.getLogger(), logging.getLogger("reactory")
    handlers, levels = root.handlers[:], (root.level, engine.level)
    root.handlers.clear()
    stream = Lines()
    configure("INFO", ["iban"], stream)
    yield stream
    root.handlers[:] = handlers
    root.setLevel(levels[0])
    engine.setLevel(levels[1])


log = logger("reactory.test")


def test_a_record_is_one_line_of_json(lines: Lines) -> None:
    """OB-4: level, message, time in RFC 3339 and the fields, on one line whatever the message holds."""
    log.info("100% done\nreally", steps=5, ratio=0.5)
    (line,) = lines.read_all()
    assert line["level"] == "INFO"
    assert line["message"] == "100% done\nreally"
    assert line["logger"] == "reactory.test"
    assert (line["steps"], line["ratio"]) == (5, 0.5)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", line["timestamp"])


def test_bound_fields_are_on_every_record_inside(lines: Lines) -> None:
    """OB-4: tenant, workflow, instance, step, correlation id; nested ones add up, and end where they were bound."""
    with bound(tenant="t", instance="i", correlation_id="c", workflow=None):
        with bound(step="charge", tenant="inner"):
            log.info("inside")
        log.info("between")
    log.info("outside")
    inside, between, outside = lines.read_all()
    assert {key: inside.get(key) for key in ("tenant", "instance", "step", "correlation_id", "workflow")} == {
        "tenant": "inner",
        "instance": "i",
        "step": "charge",
        "correlation_id": "c",
        "workflow": None,
    }
    assert between["tenant"] == "t"
    assert "step" not in between
    assert "tenant" not in outside


def test_tasks_do_not_see_each_others_fields(lines: Lines) -> None:
    """Instances that run concurrently in one process keep their context apart, in threads as well."""

    async def work(instance: str) -> None:
        with bound(instance=instance):
            await asyncio.sleep(0)
            log.info("task", expected=instance)
            await asyncio.to_thread(log.info, "thread", expected=instance)

    async def both() -> None:
        await asyncio.gather(work("a"), work("b"))

    asyncio.run(both())
    found = lines.read_all()
    assert len(found) == 4
    assert all(line["instance"] == line["expected"] for line in found)


def test_loggers_of_steps_and_libraries_get_the_same_lines(lines: Lines) -> None:
    """A user's step logs with the standard library and finds its instance in the line."""
    with bound(instance="i"):
        logging.getLogger("acme_orders.steps").warning("card %s declined", "4711")
    assert lines.last["message"] == "card 4711 declined"
    assert lines.last["instance"] == "i"
    assert lines.last["location"].startswith("test_observability.test_loggers")


def test_the_place_is_that_of_the_caller(lines: Lines) -> None:
    """A warning names the line that logged it, not the logger's own."""
    log.warning("look here")
    assert lines.last["location"].startswith("test_observability.test_the_place")


def test_levels_are_respected(lines: Lines) -> None:
    """Below the configured level nothing is written; DEBUG is for the engine, not for the libraries' wire logs."""
    log.debug("no")
    assert lines.read_all() == []
    assert not log.enabled(logging.DEBUG)
    configure("DEBUG")
    log.debug("yes")
    logging.getLogger("botocore.wire").debug("no")
    assert [line["message"] for line in lines.read_all()] == ["yes"]


def test_configuring_again_does_not_double_the_lines(lines: Lines) -> None:
    """One record is one line, however often the process configures its logs."""
    configure("INFO")
    configure("WARNING")
    log.warning("once")
    assert len(lines.read_all()) == 1


def test_secrets_are_masked_by_name(lines: Lines) -> None:
    """SM-13: whatever the case and the separators, however deep, and what the settings name as well."""
    log.info(
        "called",
        headers={"Authorization": "Bearer abc", "X-Api-Key": "k", "Accept": "json"},
        users=[{"name": "ann", "userPassword": "p", "IBAN": "DE1"}],
        access_token="t",
        secret=None,
    )
    line = lines.last
    assert line["headers"] == {"Authorization": "***", "X-Api-Key": "***", "Accept": "json"}
    assert line["users"] == [{"name": "ann", "userPassword": "***", "IBAN": "***"}]
    assert line["access_token"] == "***"
    assert line["secret"] is None


def fail(message: str) -> None:
    raise StoreUnavailableError(message)


def test_credentials_in_texts_are_masked(lines: Lines) -> None:
    """SM-13: a URI in a message, a field, or an exception keeps its host and loses its password."""
    uri = "mongodb+srv://admin:hunter2@db.test/x"
    try:
        fail(f"cannot reach {uri}")
    except StoreUnavailableError:
        message = f"failed at {uri}, header Bearer hunter2hunter2"
        log.exception(message, at=uri)
    text = lines.getvalue()
    assert "hunter2" not in text
    assert lines.last["at"] == "mongodb+srv://***@db.test/x"


def test_an_exception_is_told_with_its_code(lines: Lines) -> None:
    """Type, message, code and stack of what was raised."""
    try:
        fail("no primary")
    except StoreUnavailableError:
        log.exception("sweep failed", due=3)
    error = lines.last["exception"]
    assert error["type"] == "reactory.exceptions.StoreUnavailableError"
    assert (error["message"], error["code"]) == ("no primary", "store_unavailable")
    assert "Traceback" in error["stack"]
    assert lines.last["due"] == 3


def test_fields_do_not_replace_the_records_own(lines: Lines) -> None:
    """A field called like one of the record's own gets another name instead of lying about the record."""
    with bound(level="high"):
        log.info("kept", timestamp="never", message="other", error="stays")
    line = lines.last
    assert (line["level"], line["message"]) == ("INFO", "kept")
    assert (line["level_"], line["timestamp_"], line["message_"]) == ("high", "never", "other")
    assert line["error"] == "stays"


class Odd:
    def __repr__(self) -> str:
        return "<odd>"


@pytest.mark.parametrize("value", [Odd(), {1: Odd()}, {"a", "b"}, float("nan"), 1 << 200, b"\xff", "\ud800"])
def test_no_value_makes_logging_fail(lines: Lines, value: Any) -> None:
    """A line that cannot show a value is still a line."""
    log.info("odd value", value=value)
    assert lines.last["level"] == "INFO"
    assert "odd value" in lines.last["message"]


def test_endless_nesting_is_cut(lines: Lines) -> None:
    """A value that contains itself is shown to a depth that somebody reads."""
    endless: dict[str, Any] = {}
    endless["again"] = endless
    log.info("endless", value=endless)
    assert "…" in lines.getvalue()


def test_in_lambda_the_runtimes_handler_writes_our_lines(lines: Lines, monkeypatch: pytest.MonkeyPatch) -> None:
    """The runtime's own handler stays the only one: each record is written once, as JSON, with the request's id."""
    monkeypatch.setenv("AWS_LAMBDA_RUNTIME_API", "127.0.0.1:9001")
    root = logging.getLogger()
    root.handlers.clear()
    runtime_stream = Lines()
    runtime = logging.StreamHandler(runtime_stream)

    def add_request_id(record: logging.LogRecord) -> bool:
        record.aws_request_id = "r-1"
        return True

    runtime.addFilter(add_request_id)
    root.addHandler(runtime)
    configure("INFO")
    configure("INFO")
    log.info("in lambda")
    assert root.handlers == [runtime]
    assert [line["request_id"] for line in runtime_stream.read_all()] == ["r-1"]
    assert lines.read_all() == []


def test_what_a_call_gives_by_extra_is_in_the_line() -> None:
    """OB-4: a step's own logger names instance and path; what is sensitive among it is masked all the same."""
    given = {"name": "reactory.step", "msg": "hello", "levelno": logging.INFO, "step_path": "a", "password": "hunter2"}
    record = logging.makeLogRecord(given)
    line = json.loads(JsonFormatter({"password"}, dict).format(record))
    assert line["step_path"] == "a"
    assert "hunter2" not in str(line)
    assert {"level", "message", "timestamp", "logger"} <= line.keys()
    assert not {"args", "msg", "levelno", "process", "taskName"} & line.keys()
