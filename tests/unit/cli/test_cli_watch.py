"""Following an instance: what changes is shown, what is finished is remembered."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from reactory.cli.client import connect
from reactory.cli.progress import Progress
from reactory.cli.watch import tree, watch
from tests.unit.cli.conftest import Terminal
from tests.unit.runner.lab import flow, work

NAP = {"id": "nap", "type": "delay", "config": {"duration": 60_000}}
EACH = {"id": "each", "type": "for_each", "config": {"items": "['x', 'y']", "steps": [work("inner")]}}


def drawn(progress: Progress) -> list[str]:
    file = io.StringIO()
    Console(file=file, width=200, color_system=None).print(tree(progress))
    return file.getvalue().splitlines()


def test_a_line_per_change(terminal: Terminal, capsys: pytest.CaptureFixture[str]) -> None:
    """IM-7: each change is told once while the instance goes on, until it has finished."""
    terminal.lab.register(flow(work("a"), NAP, work("b")))
    instance_id = terminal.run("instance", "start", "lab.Flow").stdout.strip()
    waits: list[float] = []

    def sleep(seconds: float) -> None:
        waits.append(seconds)
        if len(waits) == 3:
            terminal.lab.sleep(61)

    with connect(terminal.api.url) as client:
        progress = watch(client, instance_id, sleep)
    assert progress.finished
    assert len(waits) == 3
    told = [line.split()[:2] for line in capsys.readouterr().out.splitlines()]
    assert told == [
        ["instance", instance_id],
        ["a", "COMPLETED"],
        ["nap", "SLEEPING"],
        ["nap", "COMPLETED"],
        ["b", "COMPLETED"],
        ["instance", instance_id],
    ]


def test_lines_come_in_the_order_of_the_changes(terminal: Terminal, capsys: pytest.CaptureFixture[str]) -> None:
    """IM-7: the instance first, a container's end after what is in it, rounds before the steps that follow them."""
    terminal.lab.register(flow(work("a"), EACH, work("b")))
    instance_id = terminal.run("instance", "start", "lab.Flow").stdout.strip()
    with connect(terminal.api.url) as client:
        watch(client, instance_id)
    told = [line.split()[0] for line in capsys.readouterr().out.splitlines()]
    assert told == ["instance", "a", "each[0]/inner", "each[1]/inner", "each", "b", "instance"]


def test_lines_of_a_long_loop_are_counted(terminal: Terminal, capsys: pytest.CaptureFixture[str]) -> None:
    """IM-7: what is left out of a long loop is told as a number."""
    loop = {"id": "each", "type": "for_each", "config": {"items": "input.items", "steps": [work("inner")]}}
    terminal.lab.register(flow(loop))
    numbers = ",".join(map(str, range(300)))
    instance_id = terminal.run("instance", "start", "lab.Flow", "-i", f'{{"items": [{numbers}]}}').stdout.strip()
    with connect(terminal.api.url) as client:
        watch(client, instance_id)
    lines = capsys.readouterr().out.splitlines()
    assert sum(line.startswith("each[") for line in lines) == 100
    assert "each  200 changes inside not shown" in lines


def test_the_tree_shows_containers_with_what_is_in_them(terminal: Terminal) -> None:
    """IM-7: executions inside of a loop hang on the loop, each with its state and how long it took."""
    terminal.lab.register(flow(work("a"), EACH, NAP))
    instance_id = terminal.run("instance", "start", "lab.Flow").stdout.strip()
    progress = Progress()
    with connect(terminal.api.url) as client:
        progress.look(client, instance_id)
    lines = drawn(progress)
    assert lines[0] == f"▶ lab.Flow@1.0.0  {instance_id}  RUNNING"
    names = [line.lstrip("│├└─ ").split()[1] for line in lines[1:]]
    assert names == ["a", "each", "[0]/inner", "[1]/inner", "nap"]
    assert "✔" in lines[3]
    assert "◷" in lines[-1]


def test_a_retried_step_shows_its_attempt_and_error(terminal: Terminal) -> None:
    """IM-7: a step that failed shows what went wrong, and how many attempts it took."""
    terminal.lab.failing.add("a")
    terminal.lab.register(flow(work("a", retryPolicy={"maxAttempts": 2, "initialDelay": 1, "jitter": False})))
    instance_id = terminal.run("instance", "start", "lab.Flow").stdout.strip()
    terminal.lab.sleep(1)
    progress = Progress()
    with connect(terminal.api.url) as client:
        progress.look(client, instance_id)
    assert progress.status == "FAILED"
    text = "\n".join(drawn(progress))
    assert "attempt 2" in text
    assert "a is broken" in text


def test_a_long_loop_does_not_flood_the_screen(terminal: Terminal) -> None:
    """IM-7: of a loop with many rounds the latest are shown, and the others are counted."""
    loop = {"id": "each", "type": "for_each", "config": {"items": "input.items", "steps": [work("inner")]}}
    terminal.lab.register(flow(loop))
    numbers = ",".join(map(str, range(300)))
    instance_id = terminal.run("instance", "start", "lab.Flow", "-i", f'{{"items": [{numbers}]}}').stdout.strip()
    progress = Progress()
    with connect(terminal.api.url) as client:
        for _ in range(2):
            progress.look(client, instance_id)
    assert progress.status == "COMPLETED"
    assert len(progress.steps) == 200
    assert progress.hidden == 101
    assert "101 finished earlier" in drawn(progress)[-1]
