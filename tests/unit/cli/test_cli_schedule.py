"""``reactory schedule``: list, get, create, update, delete, start, stop, trigger, next, backfill, executions, reload."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from reactory.steps.modules import load_modules
from tests.unit.cli.conftest import Api, Terminal
from tests.unit.scheduler.lab import HOUR, MINUTE, SchedulerLab, at, document


@pytest.fixture
def lab() -> Iterator[SchedulerLab]:
    made = SchedulerLab()
    yield made
    made.close()


@pytest.fixture
def terminal(lab: SchedulerLab) -> Iterator[Terminal]:
    api = Api(lab)
    yield Terminal(api)
    api.close()


def test_create_get_update_delete(terminal: Terminal, tmp_path: Path) -> None:
    """SC-14: the ids of what was made, the document as YAML, the state after a change; 4 for what is refused, 3 unknown."""
    file = tmp_path / "s-schedule.yaml"
    file.write_text(yaml.safe_dump(document()))
    made = terminal.run("schedule", "create", str(file))
    assert (made.exit_code, made.stdout) == (0, "s\n")
    again = terminal.run("schedule", "create", str(file))
    assert (again.exit_code, str(file) in again.stderr) == (4, True)
    shown = terminal.run("schedule", "get", "s").stdout
    assert "nextRun:      2026-01-01T12:01:00.000Z" in shown
    assert yaml.safe_load(shown.split("\n\n")[1]) == document()
    changed = terminal.run("schedule", "update", "s", '{"schedule": {"cron": "*/5 * * * *"}}')
    assert changed.stdout == "s  enabled  next 2026-01-01T12:05:00.000Z\n"
    assert terminal.run("schedule", "delete", "s").stdout == "s  deleted\n"
    assert terminal.run("schedule", "get", "s").exit_code == 3
    assert terminal.run("schedule", "create", str(tmp_path / "no.yaml")).exit_code == 3


def test_a_bad_document_is_told_line_by_line(terminal: Terminal, tmp_path: Path) -> None:
    """SC-2: the field and the line of each problem; exit code 4."""
    file = tmp_path / "bad-schedule.yaml"
    file.write_text("id: bad\nname: Bad\nworkflow: {id: lab.Flow}\nschedule:\n  cron: 61 * * * *\n")
    result = terminal.run("schedule", "create", str(file))
    assert result.exit_code == 4
    assert "line 5: schedule.cron" in result.stderr


def test_start_stop_trigger(terminal: Terminal, lab: SchedulerLab) -> None:
    """SC-4: the state after it; trigger prints the instance's id, for scripts."""
    lab.add()
    assert terminal.run("schedule", "stop", "s").stdout == "s  stopped\n"
    assert terminal.run("schedule", "start", "s").stdout.startswith("s  enabled  next ")
    instance_id = terminal.run("schedule", "trigger", "s").stdout.strip()
    assert terminal.run("instance", "get", instance_id).exit_code == 0


def test_list_next_executions(terminal: Terminal, lab: SchedulerLab) -> None:
    """SC-12, SC-15: tables for people, JSON for programs."""
    lab.add("a")
    lab.add("b", cron="0 9 * * *", schedule={"enabled": False})
    lab.pass_time(2 * MINUTE + 1)
    table = terminal.run("schedule", "list").stdout.splitlines()
    assert table[1].split() == ["a", "lab.Flow", "true", at("12:03"), at("12:02"), "2", "0", "0"]
    listed = json.loads(terminal.run("schedule", "list", "--disabled", "-o", "json").stdout)
    assert [one["id"] for one in listed["schedules"]] == ["b"]
    slots = terminal.run("schedule", "next", "b", "-n", "1").stdout.splitlines()
    assert slots == ["2026-01-02T09:00:00.000Z", "it is stopped: `reactory schedule start` lets it fire"]
    log = terminal.run("schedule", "executions", "a").stdout.splitlines()
    assert [line.split()[:3] for line in log[1:]] == [
        [at("12:03"), "slot", "claimed"],
        [at("12:02"), "slot", "started"],
        [at("12:01"), "slot", "COMPLETED"],
    ]
    page = terminal.run("schedule", "list", "--limit", "1").stdout.splitlines()
    assert page[-1].startswith("more: --cursor ")


def test_backfill(terminal: Terminal, lab: SchedulerLab) -> None:
    """SC-13: says how many slots run, or would."""
    lab.add(cron="0 * * * *", schedule={"enabled": False})
    lab.clock.advance(3 * HOUR)
    period = ("--from", at("13:00"), "--to", at("14:30"))
    assert terminal.run("schedule", "backfill", "s", *period, "--dry-run").stdout == "2 slots: 2 would run\n"
    assert terminal.run("schedule", "backfill", "s", *period).stdout == "2 slots: 2 claimed\n"


def test_reload(terminal: Terminal, lab: SchedulerLab, tmp_path: Path) -> None:
    """SC-5: what has changed; exit code 1 and the problems when a file cannot be used."""
    (tmp_path / "module.yaml").write_text("nameSpace: lab\nname: m\nversion: 1.0.0\nschedules: ['*-schedule.yaml']\n")
    (tmp_path / "s-schedule.yaml").write_text(yaml.safe_dump(document()))
    lab.modules = load_modules([tmp_path])
    result = terminal.run("schedule", "reload")
    assert (result.exit_code, result.stdout) == (0, "s  created\n0 unchanged\n")
    (tmp_path / "bad-schedule.yaml").write_text("id: bad\n")
    lab.modules = load_modules([tmp_path])
    result = terminal.run("schedule", "reload")
    assert result.exit_code == 1
    assert "bad-schedule.yaml:1" in result.stdout
