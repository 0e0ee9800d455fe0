"""What a developer sees of the containers' logs."""

from __future__ import annotations

import logging
import sys
from datetime import datetime

import pytest

from reactory.local.log_line import log_text
from reactory.local.output import Output
from reactory.log_format import JsonFormatter


def record(message: str = "text", level: int = logging.INFO, *, failed: bool = False, **fields: str) -> str:
    """A line as a container prints it; ``failed`` inside an ``except``."""
    made = logging.LogRecord("reactory.step", level, "f.py", 1, message, None, sys.exc_info() if failed else None)
    made.created = datetime(2026, 11, 23, 12, 0, 1).astimezone().timestamp()
    made.fields = fields
    return JsonFormatter((), dict).format(made)


def test_a_record_is_time_level_step_and_text() -> None:
    """OB-4: a record is told in columns, in local time, with the step's path or else the logger."""
    assert log_text(record(step_path="hello.greet")) == "12:00:01 INFO  hello.greet  text"
    assert log_text(record(level=logging.WARNING)) == "12:00:01 WARNING reactory.step  text"


def test_a_traceback_stands_below() -> None:
    """OB-4: the traceback of an exception is told in lines of its own."""
    try:
        int("wrong")
    except ValueError:
        lines = str(log_text(record(failed=True))).splitlines()
    assert lines[1].startswith("Traceback")
    assert lines[-1].startswith("ValueError: ")


@pytest.mark.parametrize(
    "line",
    [
        "plain",
        "",
        "{broken",
        '{"a": 1}',
        '{"timestamp": 1, "level": "INFO", "message": "m"}',
        '{"timestamp": "soon", "level": "INFO", "message": "m"}',
        '{"timestamp": "2026-11-23T12:00:01Z", "level": 20, "message": "m"}',
        '{"a":' * 100_000,
    ],
)
def test_other_lines_stay_as_they_are(line: str, capsys: pytest.CaptureFixture[str]) -> None:
    """What a step prints itself is told as it is, whatever it looks like."""
    Output().line("host-worker 1", line)
    assert capsys.readouterr().err == f"host-worker 1 | {line}\n"


def test_the_sweepers_records_are_left_out(capsys: pytest.CaptureFixture[str]) -> None:
    """That the sweeper has swept is no news for a developer."""
    Output().line("sweeper 1", record("swept"))
    Output().line("host-worker 1", record("done"))
    assert capsys.readouterr().err.endswith("done\n")
    assert log_text(record("swept")) == ""
