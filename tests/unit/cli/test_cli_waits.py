"""``reactory event``, ``reactory task``, ``reactory instance signal``, and how waiting instances are shown."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from rich.console import Console

from reactory.cli.client import connect
from reactory.cli.progress import Progress
from reactory.cli.watch import tree, watch
from tests.unit.cli.conftest import Terminal
from tests.unit.runner.lab import flow

PAID = {"id": "paid", "type": "wait_event", "config": {"eventName": "paid", "eventKey": "input.order"}}
ASK = {
    "id": "ask",
    "type": "user_activity",
    "config": {"activityType": "approval", "assignee": "ann", "message": "ok?"},
}


def waiting(terminal: Terminal, step: dict[str, Any]) -> str:
    """An instance that waits for order o1's event, or for ann."""
    terminal.lab.register(flow(step))
    return terminal.run("instance", "start", "lab.Flow", "-i", '{"order": "o1"}').stdout.strip()


def output_of(terminal: Terminal, instance_id: str) -> Any:
    return terminal.lab.runner.query.get(instance_id)["steps"][0]["output"]


def test_publish_prints_the_id(terminal: Terminal) -> None:
    """IM-7, WH-9: publish prints the event's id and nothing else; the instance that waits gets the data."""
    instance_id = waiting(terminal, PAID)
    result = terminal.run("event", "publish", "paid", "o1", "--data", '{"amount": 5}')
    assert (result.exit_code, len(result.stdout.split())) == (0, 1), result.output
    assert output_of(terminal, instance_id) == {"amount": 5}


def test_publish_with_an_id_is_one_event(terminal: Terminal, tmp_path: Path) -> None:
    """IM-7, WH-11: --id makes it one event, wherever its data come from; other data are refused with exit code 4."""
    file = tmp_path / "data.json"
    file.write_text('{"amount": 5}', encoding="utf-8")
    first = terminal.run("event", "publish", "paid", "o1", "--id", "p-7", "-d", f"@{file}", "-o", "json")
    again = terminal.run("event", "publish", "paid", "o1", "--id", "p-7", "-d", "@-", input_text='{"amount": 5}')
    assert json.loads(first.stdout)["eventId"] == again.stdout.strip()
    assert terminal.run("event", "publish", "paid", "o1", "--id", "p-7").exit_code == 4


def test_publish_at_a_time(terminal: Terminal) -> None:
    """IM-7, WH-9: an event of the future is delivered then; what is no time is refused."""
    instance_id = waiting(terminal, PAID)
    assert terminal.run("event", "publish", "paid", "o1", "--time", "2026-01-01T00:05:00Z").exit_code == 0
    assert terminal.lab.runner.query.get(instance_id)["status"] == "RUNNING"
    terminal.lab.clock.advance(300_000)
    terminal.lab.deliver_events()
    terminal.lab.work()
    assert terminal.lab.runner.query.get(instance_id)["status"] == "COMPLETED"
    wrong = terminal.run("event", "publish", "paid", "o1", "--time", "soon")
    assert (wrong.exit_code, "eventTime" in wrong.stderr) == (4, True)


@pytest.mark.parametrize("command", [("event", "publish", "n", "k"), ("task", "complete", "t")])
def test_data_that_are_no_json_are_a_usage_error(terminal: Terminal, command: tuple[str, ...]) -> None:
    """IM-7: exit code 2, and a sentence that names the option."""
    result = terminal.run(*command, "--data", "{")
    assert (result.exit_code, result.stderr.startswith("error: --data: ")) == (2, True)


def test_signal_reaches_the_instance(terminal: Terminal) -> None:
    """IM-7, WR-9: a signal goes to this instance, whatever the key; to an unknown one it is exit code 3."""
    instance_id = waiting(terminal, PAID)
    assert terminal.run("instance", "signal", instance_id, "paid", "--data", '{"amount": 1}').exit_code == 0
    assert output_of(terminal, instance_id) == {"amount": 1}
    assert terminal.run("instance", "signal", instance_id, "paid").exit_code == 4
    assert terminal.run("instance", "signal", "nobody", "paid").exit_code == 3


def test_tasks_are_listed(terminal: Terminal) -> None:
    """IM-7: a table for people with what one needs to answer; the whole answer for programs; filters."""
    waiting(terminal, ASK)
    header, line = terminal.run("task", "list").stdout.splitlines()
    assert header.split() == ["TASK", "TYPE", "ASSIGNEE", "ACTIONS", "DUE", "MESSAGE"]
    assert line.split()[1:] == ["approval", "ann", "approve,", "reject", "-", "ok?"]
    for output, read in (("json", json.loads), ("yaml", yaml.safe_load)):
        answer = read(terminal.run("task", "list", "-o", output).stdout)
        assert answer["tasks"][0]["taskId"] == line.split()[0]
    assert len(terminal.run("task", "list", "--assignee", "bob").stdout.splitlines()) == 1


def test_a_task_is_completed(terminal: Terminal) -> None:
    """IM-7: --action, --data and --user are the answer; a second one is refused with exit code 4, an unknown task is 3."""
    instance_id = waiting(terminal, ASK)
    task_id = terminal.run("task", "list").stdout.splitlines()[1].split()[0]
    wrong = terminal.run("task", "complete", task_id, "--action", "perhaps")
    assert (wrong.exit_code, "approve, reject" in wrong.stderr) == (4, True)
    done = terminal.run("task", "complete", task_id, "-a", "approve", "--data", '{"n": 1}', "--user", "ann")
    assert (done.exit_code, done.stdout.split()) == (0, [instance_id, "ask", "answered"])
    assert output_of(terminal, instance_id) == {"action": "approve", "user": "ann", "data": {"n": 1}}
    assert terminal.run("task", "complete", task_id, "-a", "approve").exit_code == 4
    assert terminal.run("task", "complete", "nothing").exit_code == 3


def test_get_shows_what_it_waits_for(terminal: Terminal) -> None:
    """WR-9, IM-7: the instance and the step say for what, in words."""
    instance_id = waiting(terminal, PAID)
    shown = terminal.run("instance", "get", instance_id).stdout
    assert any(
        line.split(maxsplit=1) == ["activity:", "waiting for event paid (key o1)"] for line in shown.splitlines()
    )
    assert shown.splitlines()[-1].endswith("waiting for event paid (key o1)")


def test_watch_shows_what_it_waits_for(terminal: Terminal, capsys: pytest.CaptureFixture[str]) -> None:
    """WR-9, IM-7: the line of a step that waits says for what, as does the tree."""
    instance_id = waiting(terminal, ASK)
    progress = Progress()

    def cancel(_seconds: float) -> None:
        terminal.lab.runner.control.control(instance_id, "cancel")

    with connect(terminal.api.url) as client:
        progress.look(client, instance_id)
        watch(client, instance_id, cancel)
    assert "ask  WAITING  for ann" in capsys.readouterr().out.splitlines()
    drawn = io.StringIO()
    Console(file=drawn, width=200, color_system=None).print(tree(progress))
    assert "ask  for ann  WAITING" in drawn.getvalue()
