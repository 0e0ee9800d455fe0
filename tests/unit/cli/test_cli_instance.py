"""``reactory instance``: what it prints, and how it ends."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.unit.cli.conftest import Terminal
from tests.unit.runner.lab import flow, work

NAP = {"id": "nap", "type": "delay", "config": {"duration": 60_000}}
DONE = {"done": {"type": "string", "source": "steps.a.done"}}


def started(terminal: Terminal, *more: str) -> str:
    result = terminal.run("instance", "start", "lab.Flow", *more)
    assert result.exit_code == 0, result.output
    return result.stdout.strip()


def test_start_prints_the_id(terminal: Terminal) -> None:
    """IM-7: start prints the instance's id and nothing else, so that a script can take it."""
    terminal.lab.register(flow())
    instance_id = started(terminal, "--input", '{"a": 1}', "--tag", "vip", "--priority", "high", "--version", "1.0.0")
    found = terminal.lab.runner.query.get(instance_id)
    assert (found["input"], found["tags"], found["priority"]) == ({"a": 1}, ["vip"], 3)


def test_input_comes_from_a_file_or_stdin(terminal: Terminal, tmp_path: Path) -> None:
    """IM-7: --input takes JSON, @FILE, or @- for stdin."""
    terminal.lab.register(flow())
    file = tmp_path / "order.json"
    file.write_text('{"from": "file"}', encoding="utf-8")
    first = started(terminal, "--input", f"@{file}")
    assert terminal.lab.runner.query.get(first)["input"] == {"from": "file"}
    piped = terminal.run("instance", "start", "lab.Flow", "-i", "@-", input_text='{"from": "stdin"}')
    assert terminal.lab.runner.query.get(piped.stdout.strip())["input"] == {"from": "stdin"}


@pytest.mark.parametrize("text", ["{", "@nowhere.json"])
def test_input_that_cannot_be_read_is_a_usage_error(terminal: Terminal, text: str) -> None:
    """IM-7: exit code 2, and one sentence on stderr that names the input."""
    result = terminal.run("instance", "start", "lab.Flow", "--input", text)
    assert result.exit_code == 2
    assert result.stdout == ""
    assert result.stderr.startswith("error: ")


@pytest.mark.parametrize(("output", "read"), [("json", json.loads), ("yaml", yaml.safe_load)])
def test_answers_come_as_json_or_yaml(terminal: Terminal, output: str, read: Any) -> None:
    """IM-7: with -o json|yaml stdout is the answer of the API, for every command that prints one."""
    terminal.lab.register(flow(work("a"), outputs=DONE))
    instance_id = read(terminal.run("instance", "start", "lab.Flow", "-o", output).stdout)["instanceId"]
    for command in (["instance", "get", instance_id], ["instance", "history", instance_id], ["instance", "list"]):
        answer = read(terminal.run(*command, "-o", output).stdout)
        assert instance_id in json.dumps(answer)
    for command in (["status"], ["health"], ["workflow", "list"], ["workflow", "get", "lab.Flow"]):
        assert isinstance(read(terminal.run(*command, "-o", output).stdout), dict)


def test_start_and_wait(terminal: Terminal) -> None:
    """IM-2, IM-7: --wait follows the steps to the end, prints the result, and exits 0."""
    terminal.lab.register(flow(work("a"), outputs=DONE))
    result = terminal.run("instance", "start", "lab.Flow", "--wait")
    assert result.exit_code == 0, result.output
    lines = result.stdout.splitlines()
    assert any(line.startswith("a  COMPLETED") for line in lines)
    assert lines[-1] == 'result: {"done": "a"}'


def test_start_and_wait_for_a_program(terminal: Terminal) -> None:
    """IM-7: with -o json only the finished instance is on stdout."""
    terminal.lab.register(flow(work("a"), outputs=DONE))
    result = terminal.run("instance", "start", "lab.Flow", "--wait", "-o", "json")
    assert json.loads(result.stdout)["outputs"] == {"done": "a"}


@pytest.mark.parametrize("output", ["text", "json"])
def test_start_and_wait_for_a_failure(terminal: Terminal, output: str) -> None:
    """IM-7: exit code 1 when the instance fails; stderr says why and what to do."""
    terminal.lab.failing.add("a")
    terminal.lab.register(flow(work("a", retryPolicy={"maxAttempts": 1})))
    result = terminal.run("instance", "start", "lab.Flow", "--wait", "-o", output)
    assert result.exit_code == 1
    assert result.stderr.count("a is broken") == 1
    assert "\n  retry after the fix: reactory instance retry id-" in result.stderr
    assert "result:" not in result.stdout


def test_watch_prints_changes(terminal: Terminal) -> None:
    """IM-7: without a terminal, watch prints a line per step that did something, and exits 0 at the end."""
    terminal.lab.register(flow(work("a"), work("b", enabled=False)))
    result = terminal.run("instance", "watch", started(terminal))
    assert result.exit_code == 0, result.output
    assert [line.split()[:2] for line in result.stdout.splitlines()[1:3]] == [["a", "COMPLETED"], ["b", "SKIPPED"]]
    assert result.stdout.splitlines()[-1].endswith("COMPLETED")


def test_watching_what_was_cancelled(terminal: Terminal) -> None:
    """IM-7: exit code 1 when the instance was cancelled, with the reason."""
    terminal.lab.register(flow(NAP))
    instance_id = started(terminal)
    assert terminal.run("instance", "cancel", instance_id, "--reason", "ordered twice").exit_code == 0
    result = terminal.run("instance", "watch", instance_id)
    assert result.exit_code == 1
    assert "ordered twice" in result.stderr


def test_control(terminal: Terminal) -> None:
    """IM-7: pause, resume, cancel print the status; a move that is not allowed exits 4 and names both states."""
    terminal.lab.register(flow(NAP))
    instance_id = started(terminal)
    for verb, status in (("pause", "PAUSED"), ("resume", "RUNNING"), ("cancel", "CANCELLED")):
        result = terminal.run("instance", verb, instance_id)
        assert (result.exit_code, result.stdout) == (0, f"{instance_id}  {status}\n")
    refused = terminal.run("instance", "resume", instance_id)
    assert refused.exit_code == 4
    assert "CANCELLED" in refused.stderr
    assert "RUNNING" in refused.stderr


def test_retry(terminal: Terminal) -> None:
    """IM-7: retry takes a failed instance up again."""
    terminal.lab.failing.add("a")
    terminal.lab.register(flow(work("a", retryPolicy={"maxAttempts": 1})))
    instance_id = started(terminal)
    terminal.lab.failing.clear()
    assert terminal.run("instance", "retry", instance_id).exit_code == 0
    assert terminal.lab.runner.query.get(instance_id)["status"] == "COMPLETED"


def test_retry_with_corrected_input(terminal: Terminal) -> None:
    """IM-7, EH-4: what a step could not work with is told with the way on; retry brings other input for it, also from a file."""
    terminal.lab.register(flow(work("a", inputs={"nom": "a"})))
    instance_id = started(terminal)
    failed = terminal.run("instance", "start", "lab.Flow", "--wait")
    assert "--step a --input '{…}'" in failed.stderr
    refused = terminal.run("instance", "retry", instance_id, "--step", "b", "--input", '{"name": "a"}')
    assert (refused.exit_code, "step 'b' has not failed" in refused.stderr) == (4, True)
    assert terminal.run("instance", "retry", instance_id, "--input", "[1]").exit_code == 4
    assert terminal.run("instance", "retry", instance_id, "--input", "{").exit_code == 2
    assert terminal.run("instance", "retry", instance_id, "--step", "a", "--input", '{"name": "a"}').exit_code == 0
    assert terminal.lab.runner.query.get(instance_id)["status"] == "COMPLETED"


def test_get_and_history_for_people(terminal: Terminal) -> None:
    """IM-7: get shows the fields and the steps, history the attempts in order."""
    terminal.lab.register(flow(work("a"), NAP))
    instance_id = started(terminal)
    shown = terminal.run("instance", "get", instance_id).stdout
    assert "activity:" in shown
    assert "sleeping until" in shown
    assert "STEP" in shown
    history = terminal.run("instance", "history", instance_id).stdout.splitlines()
    assert history[0].split() == ["NO", "TIME", "EVENT", "STEP", "STATUS", "ATTEMPT", "TOOK", "RESULT"]
    assert any("step_completed" in line and '{"done": "a"}' in line for line in history)


def test_list_for_people(terminal: Terminal) -> None:
    """IM-7: one line per instance, and how to get the next page."""
    terminal.lab.register(flow())
    ids = {started(terminal) for _ in range(3)}
    result = terminal.run("instance", "list", "--limit", "2", "--status", "completed").stdout.splitlines()
    assert {line.split()[0] for line in result[1:3]} < ids
    cursor = result[3].rpartition(" ")[2]
    rest = terminal.run("instance", "list", "--limit", "2", "--cursor", cursor).stdout.splitlines()
    assert {line.split()[0] for line in result[1:3] + rest[1:]} == ids


@pytest.mark.parametrize("verb", ["get", "watch", "history", "pause", "resume", "cancel", "retry"])
def test_an_unknown_instance_exits_3(terminal: Terminal, verb: str) -> None:
    """IM-7: exit code 3 for what does not exist; one line on stderr."""
    result = terminal.run("instance", verb, "nobody")
    assert (result.exit_code, result.stdout) == (3, "")
    assert result.stderr.startswith("error: there is no instance")


def test_refusals_exit_4_with_every_problem(terminal: Terminal) -> None:
    """IM-7, YF-2: wrong input exits 4 and lists each problem."""
    terminal.lab.register(flow(inputs={name: {"type": "integer", "required": True} for name in ("a", "b")}))
    result = terminal.run("instance", "start", "lab.Flow")
    assert result.exit_code == 4
    assert result.stderr.count("[MISSING_INPUT]") == 2


def test_one_key_starts_one_instance(terminal: Terminal) -> None:
    """WR-13, IM-7: --idempotency-key."""
    terminal.lab.register(flow())
    assert started(terminal, "--idempotency-key", "k") == started(terminal, "--idempotency-key", "k")
