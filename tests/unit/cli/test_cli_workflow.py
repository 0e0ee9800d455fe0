"""``reactory workflow`` and ``reactory validate``."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.unit.cli.conftest import Terminal
from tests.unit.runner.lab import flow, work

TEXT = "nameSpace: lab\nname: Flow\nversion: 1.0.0\nsteps:\n  - {id: a, type: log, config: {message: hello}}\n"
BAD = TEXT.replace("type: log", "type: lug")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "flow.yaml"
    path.write_text(TEXT, encoding="utf-8")
    return path


def test_register_list_get(terminal: Terminal, file: Path) -> None:
    """IM-7, WR-3: register says what it did; the same again is fine; list and get show it."""
    assert terminal.run("workflow", "register", str(file)).stdout == "lab.Flow@1.0.0 registered\n"
    assert "already" in terminal.run("workflow", "register", str(file)).stdout
    assert "lab.Flow  1.0.0" in terminal.run("workflow", "list", "--namespace", "lab").stdout
    assert TEXT in terminal.run("workflow", "get", "lab.Flow@1.0.0").stdout


def test_register_refused(terminal: Terminal, file: Path) -> None:
    """IM-7, YF-1: an invalid document, or a changed one, exits 4, names the file and every problem."""
    terminal.run("workflow", "register", str(file))
    file.write_text(TEXT.replace("hello", "goodbye"), encoding="utf-8")
    assert terminal.run("workflow", "register", str(file)).exit_code == 4
    file.write_text(BAD, encoding="utf-8")
    result = terminal.run("workflow", "register", str(file))
    assert result.exit_code == 4
    assert str(file) in result.stderr
    assert "line 5: steps[0].type" in result.stderr


def test_what_is_not_there_exits_3(terminal: Terminal, tmp_path: Path) -> None:
    """IM-7: exit code 3 for an unknown workflow and for a file that does not exist."""
    assert terminal.run("workflow", "get", "lab.Nope").exit_code == 3
    assert terminal.run("workflow", "register", str(tmp_path / "nope.yaml")).exit_code == 3
    assert terminal.run("workflow", "get", "nonsense").exit_code == 4


@pytest.mark.parametrize("registered", [True, False])
def test_graph(terminal: Terminal, tmp_path: Path, registered: bool) -> None:
    """IM-7: the flowchart of a registered workflow, or of a file: steps, order, branches."""
    check = {
        "id": "check",
        "type": "condition",
        "config": {"condition": "true", "thenSteps": [work("yes")], "elseSteps": [work("no")]},
    }
    each = {"id": "each", "type": "for_each", "config": {"items": "[1]", "steps": [work("one")]}, "dependsOn": ["a"]}
    last = work("last", name='the "last" <one>', dependsOn=["check", "each"])
    document = flow(work("a"), check, each, last)
    source = "lab.Flow"
    if registered:
        terminal.lab.register(document)
    else:
        source = str(tmp_path / "flow.json")
        Path(source).write_text(json.dumps(document), encoding="utf-8")
    assert terminal.run("workflow", "graph", source).stdout.splitlines() == [
        "flowchart TD",
        '    title[/"lab.Flow@1.0.0"/]',
        '    s0["a: task"]',
        '    subgraph s1["check: condition"]',
        '        subgraph s1_0["then"]',
        '            s1_0_0["yes: task"]',
        "        end",
        '        subgraph s1_1["else"]',
        '            s1_1_0["no: task"]',
        "        end",
        "    end",
        '    subgraph s2["each: for_each"]',
        '        s2_0["one: task"]',
        "    end",
        '    s3["the #quot;last#quot; #lt;one#gt;: task"]',
        "    s0 --> s1",
        "    s0 --> s2",
        "    s1 --> s3",
        "    s2 --> s3",
        "    title --> s0",
    ]


def test_validate(terminal: Terminal, file: Path, tmp_path: Path) -> None:
    """YF-1: every problem of every file with file:line, path and code, without any server; exit code 1 on errors."""
    bad = tmp_path / "bad.yaml"
    bad.write_text(BAD + "  - {id: a, type: log, config: {message: x}}\n", encoding="utf-8")
    assert terminal.run_at("http://127.0.0.1:1", ["validate", str(file)]).exit_code == 0
    result = terminal.run_at("http://127.0.0.1:1", ["validate", str(file), str(bad)])
    assert result.exit_code == 1
    lines = result.stdout.splitlines()
    assert lines[0] == f"{file}: valid"
    assert any(line.startswith(f"{bad}:5: steps[0].type: ") and line.endswith("[UNKNOWN_STEP_TYPE]") for line in lines)
    assert any(line.startswith(f"{bad}:6: ") and line.endswith("[DUPLICATE_STEP_ID]") for line in lines)


def test_validate_warns(terminal: Terminal, file: Path) -> None:
    """YF-1: warnings are told and do not fail."""
    file.write_text(TEXT.replace("nameSpace: lab", "nameSpace: Lab_1"), encoding="utf-8")
    result = terminal.run("validate", str(file))
    assert result.exit_code == 0
    assert "warning: " in result.stdout


def test_validate_for_a_program(terminal: Terminal, file: Path, tmp_path: Path) -> None:
    """IM-7: -o json has every file with its problems; a missing file exits 3."""
    result = terminal.run("validate", str(file), str(tmp_path / "nope.yaml"), "-o", "json")
    assert result.exit_code == 3
    answer = json.loads(result.stdout)
    assert [checked["valid"] for checked in answer["files"]] == [True, False]
