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
    assert lines[0] == f"{file}: valid (handlers not checked: no module.yaml beside it)"
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


MANIFEST = "nameSpace: lab\nname: Lab\nversion: 1.0.0\nworkflows: [flows/*.yaml]\nsteps: [lab_cli_steps]\n"
STEPS = "from reactory.steps import step\n\n\n@step\ndef greet() -> str:\n    return 'hello'\n"
TASK = TEXT.replace("{id: a, type: log, config: {message: hello}}", "{id: a, type: task, config: {handler: greet}}")


@pytest.fixture
def module(tmp_path: Path) -> Path:
    folder = tmp_path / "lab-module"
    (folder / "flows").mkdir(parents=True)
    (folder / "module.yaml").write_text(MANIFEST, encoding="utf-8")
    (folder / "lab_cli_steps.py").write_text(STEPS, encoding="utf-8")
    (folder / "flows" / "good.yaml").write_text(TASK, encoding="utf-8")
    return folder


def test_validate_a_module(terminal: Terminal, module: Path) -> None:
    """YF-1, IN-2: a folder is the module in it: its manifest, and its documents with the module's own handlers."""
    result = terminal.run("validate", str(module))
    assert result.exit_code == 0, result.output
    assert result.stdout.splitlines() == [f"{module}/module.yaml: valid", f"{module}/flows/good.yaml: valid"]
    (module / "flows" / "bad.yaml").write_text(TASK.replace("greet", "gret"), encoding="utf-8")
    for path in (module, module.parent, module / "flows" / "bad.yaml"):
        result = terminal.run("validate", str(path))
        assert result.exit_code == 1
        assert "did you mean greet? [UNKNOWN_HANDLER]" in result.stdout


FLOW = """\
from reactory.authoring import Flow, workflow
from ..lab_cli_steps import greet

@workflow("lab.Python", version="1.0.0")
def flow(flow: Flow):
    flow.task(greet)
"""


def test_validate_workflows_in_python(terminal: Terminal, module: Path) -> None:
    """YF-1, IN-2: a Python file of workflows is a document of its module; its problems have its own lines."""
    (module / "module.yaml").write_text(MANIFEST.replace("flows/*.yaml", "flows/*"), encoding="utf-8")
    file = module / "flows" / "written.py"
    file.write_text(FLOW, encoding="utf-8")
    result = terminal.run("validate", str(module))
    assert (result.exit_code, result.stdout.splitlines()[-1]) == (0, f"{file}: valid")
    bad = module / "flows" / "wrong.py"
    bad.write_text(FLOW.replace("task(greet)", "task(greet, nam=1)"), encoding="utf-8")
    for path in (module, bad):
        result = terminal.run("validate", str(path))
        assert result.exit_code == 1
        assert f"{bad}:6: " in result.stdout
        assert "[WORKFLOW_NOT_BUILT]" in result.stdout


def test_validate_python_without_a_module(terminal: Terminal, tmp_path: Path) -> None:
    """YF-1: a file that belongs to no module cannot be imported as what it is, and is told so."""
    (tmp_path / "flow.py").write_text(FLOW, encoding="utf-8")
    result = terminal.run("validate", str(tmp_path / "flow.py"))
    assert (result.exit_code, "put a module.yaml beside it" in result.stdout) == (1, True)


def test_validate_a_file_beside_a_manifest(terminal: Terminal, module: Path) -> None:
    """YF-1: a document beside a module.yaml is judged with that module's handlers, even before the manifest names it."""
    (module / "new.yaml").write_text(TASK.replace("greet", "gret"), encoding="utf-8")
    assert "[UNKNOWN_HANDLER]" in terminal.run("validate", str(module / "new.yaml")).stdout


def test_validate_a_manifest(terminal: Terminal, module: Path) -> None:
    """IN-2: module.yaml is checked as a manifest; while its steps cannot be imported, handlers are not judged."""
    (module / "module.yaml").write_text(MANIFEST + "stepz: []\n", encoding="utf-8")
    result = terminal.run("validate", str(module / "module.yaml"), str(module / "flows" / "good.yaml"))
    assert result.exit_code == 1
    assert f"{module}/module.yaml:6: unknown field 'stepz'; did you mean 'steps'? [UNKNOWN_FIELD]" in result.stdout
    (module / "module.yaml").write_text(MANIFEST, encoding="utf-8")
    (module / "lab_cli_steps.py").write_text("import nothing_of_that_name\n", encoding="utf-8")
    result = terminal.run("validate", str(module))
    assert result.exit_code == 1
    assert "[STEPS_NOT_IMPORTED]" in result.stdout
    assert "good.yaml: valid (handlers not checked: its module has problems)" in result.stdout


def test_validate_a_folder_without_a_module(terminal: Terminal, tmp_path: Path) -> None:
    """IN-2: a folder without any module.yaml is told as such, and exits 3."""
    result = terminal.run("validate", str(tmp_path))
    assert result.exit_code == 3
    assert "[MODULE_NOT_FOUND]" in result.stdout


SCHEDULE = "id: lab.daily\nname: Daily\nworkflow: {id: lab.Hello}\nschedule:\n  cron: '0 2 * * *'\n"
BAD_SCHEDULE = SCHEDULE.replace("0 2", "0 25") + "overlapp: skip\n"


@pytest.mark.parametrize("name", ["daily-schedule.yaml", "daily-schedule.yml", "daily.yaml"])
def test_validate_a_schedule(terminal: Terminal, tmp_path: Path, name: str) -> None:
    """SC-1, SC-2: a schedule is known by its name or its content; every problem is told with its line."""
    file = tmp_path / name
    file.write_text(SCHEDULE, encoding="utf-8")
    result = terminal.run("validate", str(file))
    assert (result.exit_code, result.stdout) == (0, f"{file}: valid\n")
    file.write_text(BAD_SCHEDULE, encoding="utf-8")
    result = terminal.run("validate", str(file))
    assert result.exit_code == 1
    lines = result.stdout.splitlines()
    assert lines[0].startswith(f"{file}:5: schedule.cron: the hour: 25 is out of range")
    assert lines[1] == f"{file}:6: overlapp: `overlapp` is not a field here; did you mean overlap? [UNKNOWN_FIELD]"


def test_validate_the_schedules_of_a_module(terminal: Terminal, module: Path) -> None:
    """SC-1: the schedules that a manifest names are checked with the module, whatever they are called."""
    (module / "module.yaml").write_text(MANIFEST + "schedules: [times/*]\n", encoding="utf-8")
    (module / "times").mkdir()
    (module / "times" / "good-schedule.yaml").write_text(SCHEDULE, encoding="utf-8")
    (module / "times" / "bad.yaml").write_text("id: lab.bad\n", encoding="utf-8")
    for path in (module, module / "times" / "bad.yaml"):
        result = terminal.run("validate", str(path))
        assert result.exit_code == 1
        assert f"{module}/times/bad.yaml:1: schedule: `schedule` is missing: it is required here [MISSING_FIELD]" in (
            result.stdout.splitlines()
        )
    assert f"{module}/times/good-schedule.yaml: valid" in terminal.run("validate", str(module)).stdout
