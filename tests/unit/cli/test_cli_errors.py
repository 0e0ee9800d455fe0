"""``reactory errors``, ``reactory circuit``, ``reactory dead-letter``."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
import yaml

from tests.unit.cli.conftest import Api, Terminal
from tests.unit.errors.desk import Desk

KEY = "host:api.acme.com"


@pytest.fixture
def desk() -> Iterator[Desk]:
    made = Desk()
    yield made
    made.lab.close()


@pytest.fixture
def terminal(desk: Desk) -> Iterator[Terminal]:
    api = Api(desk.lab)
    api.handlers["errors-api"] = desk.api
    yield Terminal(api)
    api.close()


def test_errors_are_listed_and_cleared(desk: Desk, terminal: Terminal) -> None:
    """IM-7, EH-13: a line per step and category with the latest message, and the totals; then they are forgotten."""
    desk.note(message="no answer\nat all")
    desk.note(category="timeout", step_id="ship")
    listed = terminal.run("errors", "list", "--workflow", "acme.Order", "--limit", "1")
    assert listed.exit_code == 0, listed.output
    assert "acme.Order  charge  network   1      2026-01-01T00:00:00.000Z  no answer\n" in listed.stdout
    assert "network 1, timeout 1" in listed.stdout
    assert "more with --cursor acme.Order/charge/network" in listed.stdout
    cleared = terminal.run("errors", "clear", "acme.Order")
    assert (cleared.exit_code, cleared.stdout) == (0, "acme.Order: 2 errors forgotten\n")
    assert ": none\n" in terminal.run("errors", "list").stdout


def test_a_circuit_is_reset(desk: Desk, terminal: Terminal) -> None:
    """IM-7, CB-7: the list shows what is open; a reset closes it; one that is not known is exit code 3."""
    desk.trip(KEY)
    listed = terminal.run("circuit", "list")
    assert f"{KEY}  open   5         2026-01-01T00:01:00.000Z" in listed.stdout
    reset = terminal.run("circuit", "reset", KEY, "--reason", "it is back")
    assert (reset.exit_code, reset.stdout) == (0, f"{KEY}  open -> closed\n")
    assert terminal.run("circuit", "reset", "nothing").exit_code == 3


def test_dead_letters_are_listed_and_shown(desk: Desk, terminal: Terminal) -> None:
    """IM-7, WR-11: where each comes from and why; a message with its body; one that is not known is exit code 3."""
    desk.bury("m1", '{"id": "lab.Flow", "token": "t"}', receives=5)
    instance_id = desk.fail()
    listed = terminal.run("dead-letter", "list").stdout
    assert "m1" in listed
    assert "received 5 times" in listed
    assert f"{instance_id}  instance" in listed
    assert "dead_lettered: " in listed
    shown = terminal.run("dead-letter", "show", "m1")
    assert "queue:" in shown.stdout
    assert '"token": "***"' in shown.stdout
    assert "why:" in terminal.run("dead-letter", "show", instance_id).stdout
    assert terminal.run("dead-letter", "show", "nothing").exit_code == 3


def test_dead_letters_are_redriven(desk: Desk, terminal: Terminal) -> None:
    """IM-7, WR-11: by a filter through all portions; exit code 1 and a line for each that was left as it is."""
    for number in range(101):
        desk.bury(f"m{number:03d}", "no json" if number == 7 else "{}")
    dry = terminal.run("dead-letter", "redrive", "--queue", "triggers", "--reason", "mended", "--dry-run")
    assert (dry.exit_code, dry.stdout.splitlines()[0]) == (
        0,
        "100 would be redriven, 0 in conflict, 0 not found, 1 failed",
    )
    done = terminal.run("dead-letter", "redrive", "--queue", "triggers", "--reason", "mended")
    assert done.exit_code == 1
    assert done.stdout.splitlines()[0] == "100 redriven, 0 in conflict, 0 not found, 1 failed"
    assert "m007" in done.stdout
    assert "1 of 101 were left as they are" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["m1"], 2),
        (["--reason", "r"], 2),
        (["m1", "--queue", "triggers", "--reason", "r"], 2),
        (["--queue", "nowhere", "--reason", "r"], 4),
        (["m1", "--reason", " "], 4),
    ],
)
def test_a_wrong_redrive_is_refused(desk: Desk, terminal: Terminal, arguments: list[str], code: int) -> None:
    """IM-7: the reason is needed, and either ids or a filter."""
    desk.bury("m1")
    assert terminal.run("dead-letter", "redrive", *arguments).exit_code == code
    assert desk.lab.dead_letters.count("default") == 1


def test_answers_are_printed_for_programs(desk: Desk, terminal: Terminal) -> None:
    """IM-7: -o json and -o yaml print the whole answer."""
    desk.bury("m1")
    listed = json.loads(terminal.run("dead-letter", "list", "-o", "json").stdout)
    assert [letter["id"] for letter in listed["deadLetters"]] == ["m1"]
    redriven = yaml.safe_load(terminal.run("dead-letter", "redrive", "m1", "--reason", "r", "-o", "yaml").stdout)
    assert redriven["counts"]["redriven"] == 1


def test_the_status_tells_what_went_wrong(desk: Desk, terminal: Terminal) -> None:
    """IM-7, WR-10: errors of the last day, open circuits, dead letters."""
    desk.note()
    desk.trip(KEY)
    desk.bury("m1")
    text = terminal.run("status").stdout
    assert "network 1" in text
    assert KEY in text
    assert "1 messages, 0 instances" in text
