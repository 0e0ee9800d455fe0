"""The step types ``python_script`` and ``cli_command``."""

from __future__ import annotations

import json
import os
import select
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from reactory import StepContext
from reactory.exceptions import InvalidDefinitionError, StepTimeoutError
from reactory.settings import Settings
from reactory.steps.builtin.process import run_process

ECHO = """
import json, os, sys
print(json.dumps({"args": sys.argv[1:], "input": json.load(sys.stdin), "env": sorted(os.environ)}))
"""


@pytest.fixture
def script(engine: Any, tmp_path: Path) -> Callable[[str], None]:
    """Allows a script of this text as `mine`, and a command `py` that runs it too."""

    def allow(text: str) -> None:
        path = tmp_path / "mine.py"
        path.write_text(text)
        commands = {"py": [sys.executable, str(path), "fixed"], "none": ["/does/not/exist"]}
        engine.settings = Settings(aws="memory", allowed_scripts={"mine": str(path)}, allowed_commands=commands)

    return allow


def node(engine: Any, kind: str = "python_script", **config: Any) -> Any:
    return engine.node("run", kind, **({"script": "mine"} if kind == "python_script" else {}) | config)


def run(engine: Any, step: Any, **data: Any) -> Any:
    return engine.outputs(engine.run(step, data=data, outputs={"got": "steps.run.outputs"}))["got"]


def failure(engine: Any, step: Any) -> str:
    instance = engine.run(step | {"retryPolicy": {"maxAttempts": 1}})
    return str(engine.reason(instance)["message"])


def test_a_script_gets_its_input_and_gives_outputs(engine: Any, script: Callable[[str], None]) -> None:
    """YF-4: arguments as words, the input as JSON on stdin; what it prints, if it is JSON, is its outputs."""
    script(ECHO)
    got = run(engine, node(engine, args=["a b", "${input.x}"], input={"n": "${input.n}"}), x="$(id)", n=3)
    assert got["exitCode"] == 0
    assert got["outputs"] == json.loads(got["stdout"])
    assert got["outputs"]["args"] == ["a b", "$(id)"]
    assert got["outputs"]["input"] == {"n": 3}


def test_a_command_is_the_configured_words_and_the_arguments(engine: Any, script: Callable[[str], None]) -> None:
    """YF-4: the document adds arguments behind those that the setting names; the step's inputs are its input."""
    script(ECHO)
    step = node(engine, "cli_command", command="py", args=["--all"]) | {"inputs": {"n": "${input.n}"}}
    got = run(engine, step, n=4)["outputs"]
    assert (got["args"], got["input"]) == (["fixed", "--all"], {"n": 4})


def test_nothing_of_the_environment_is_handed_on(
    engine: Any, script: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """SM-13: a child sees PATH and none of the engine's secrets."""
    monkeypatch.setenv("REACTORY_MONGODB_URI", "mongodb://ann:hunter2@db")
    script(ECHO)
    assert set(run(engine, node(engine))["outputs"]["env"]) <= {"PATH", "LC_CTYPE"}


def test_a_program_sees_the_public_values(engine: Any, script: Callable[[str], None]) -> None:
    """YF-4: what REACTORY_ENV makes public to expressions is the environment of a program too."""
    script("import os\nprint(os.environ['REGION'])")
    engine.settings = engine.settings.model_copy(update={"env": {"REGION": "eu"}})
    assert run(engine, node(engine))["stdout"] == "eu\n"


@pytest.mark.parametrize("config", [{"code": "print(1)"}, {"script": "import os\nprint(os.environ)"}])
def test_code_in_a_document_is_not_run(engine: Any, config: dict[str, str]) -> None:
    """YF-3: a document that carries its code is registered, and refused when it runs; the error names the setting."""
    instance = engine.run(engine.node("run", "python_script", **config))
    shown = engine.see(instance)["steps"][0]
    assert shown["error"]["code"] == "step_not_allowed"
    assert "REACTORY_ALLOWED_SCRIPTS" in shown["error"]["message"]
    assert engine.trail(instance, "run") == ["FAILED"]


@pytest.mark.parametrize("config", [{}, {"args": ["x"]}])
def test_a_script_has_a_name(engine: Any, config: dict[str, Any]) -> None:
    """YF-1: a step that says neither which script nor its code is refused before anything runs."""
    with pytest.raises(InvalidDefinitionError, match="`script` is missing"):
        engine.run(engine.node("run", "python_script", **config))


@pytest.mark.parametrize(
    ("kind", "key", "setting"),
    [
        ("python_script", "script", "REACTORY_ALLOWED_SCRIPTS"),
        ("cli_command", "command", "REACTORY_ALLOWED_COMMANDS"),
    ],
)
@pytest.mark.parametrize("name", ["other", "/bin/sh", "../mine.py"])
def test_what_is_not_allowed_by_name_is_refused(engine: Any, kind: str, key: str, setting: str, name: str) -> None:
    """YF-3: only names that the configuration holds; the error names the setting and is not tried again."""
    instance = engine.run(engine.node("run", kind, **{key: name}))
    assert setting in engine.reason(instance)["message"]
    shown = engine.see(instance)["steps"][0]
    assert shown["error"]["code"] == "step_not_allowed"
    assert engine.trail(instance, "run") == ["FAILED"]


def test_a_failure_tells_the_last_lines_of_its_errors(engine: Any, script: Callable[[str], None]) -> None:
    """EH-1: the exit code, and what stood last on standard error."""
    script("import sys\nfor n in range(9): print('line', n, file=sys.stderr)\nsys.exit(3)")
    said = failure(engine, node(engine))
    assert "ended with 3: line 4" in said
    assert "line 8" in said
    assert "line 3\n" not in said


def test_a_failure_may_be_tried_again(engine: Any, script: Callable[[str], None], tmp_path: Path) -> None:
    """YF-6: a program that failed is run again as the retry policy says."""
    mark = tmp_path / "ran"
    script(f"import pathlib, sys\np = pathlib.Path({str(mark)!r})\nif not p.exists():\n    p.touch()\n    sys.exit(1)")
    instance = engine.run(node(engine))
    engine.until_idle(instance)
    assert engine.trail(instance, "run") == ["FAILED", "COMPLETED"]


def test_a_program_that_takes_too_long_is_killed_with_its_children(tmp_path: Path) -> None:
    """YF-6: when the step's time is over, the whole process group ends: the pipe that both hold open is closed."""
    pipe = tmp_path / "alive"
    os.mkfifo(pipe)
    alive = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    text = (
        "import subprocess, sys, time\n"
        f"pipe = open({str(pipe)!r}, 'w')\n"
        "sleep = [sys.executable, '-c', 'import time; time.sleep(600)']\n"
        "subprocess.Popen(sleep, pass_fds=[pipe.fileno()])\n"
        "pipe.write('x')\n"
        "pipe.flush()\n"
        "time.sleep(600)"
    )

    def now() -> float:
        """The time is over as soon as both run."""
        return 100.0 if select.select([alive], [], [], 0)[0] else 0.0

    ctx = StepContext(
        instance_id="i", workflow_id="w", version="1.0.0", path="p", step_id="p", deadline=50.0, monotonic=now
    )
    with pytest.raises(StepTimeoutError):
        run_process([sys.executable, "-c", text], b"", ctx)
    os.set_blocking(alive, True)
    assert os.read(alive, 10) == b"x"
    assert os.read(alive, 10) == b""
    os.close(alive)


def test_what_a_program_leaves_behind_is_not_waited_for(tmp_path: Path) -> None:
    """YF-6: a program has ended when it has, though what it started holds its output open; that is killed."""
    pipe = tmp_path / "alive"
    os.mkfifo(pipe)
    alive = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    text = (
        "import subprocess, sys\n"
        f"pipe = open({str(pipe)!r}, 'w')\n"
        "sleep = [sys.executable, '-c', 'import time; time.sleep(600)']\n"
        "subprocess.Popen(sleep, pass_fds=[pipe.fileno()])\n"
        "print('done' * 50_000)"
    )
    ctx = StepContext(instance_id="i", workflow_id="w", version="1.0.0", path="p", step_id="p")
    ended = run_process([sys.executable, "-c", text], b"", ctx)
    assert (ended.exit_code, ended.stdout) == (0, b"done" * 50_000 + b"\n")
    os.set_blocking(alive, True)
    assert os.read(alive, 10) == b""
    os.close(alive)


def test_a_program_may_go_on_in_silence(engine: Any, script: Callable[[str], None]) -> None:
    """YF-4: it has not ended because it has closed its outputs; its exit code counts."""
    script("import os\nfor n in (0, 1, 2): os.close(n)\nos._exit(7)")
    assert "ended with 7" in failure(engine, node(engine))


def test_too_much_output_ends_it(engine: Any, script: Callable[[str], None]) -> None:
    """YF-3: a program cannot fill the memory of the worker."""
    script("import sys\nwhile True: sys.stdout.write('x' * 65536)")
    assert "more than 1000000 bytes" in failure(engine, node(engine))


def test_a_large_input_that_nobody_reads_does_no_harm(engine: Any, script: Callable[[str], None]) -> None:
    """YF-4: a program need not read its input."""
    script("print('done')")
    got = run(engine, node(engine, input="x" * 300_000))
    assert got == {"stdout": "done\n", "exitCode": 0, "outputs": None}


def test_a_program_that_is_not_there_is_the_configurations_fault(engine: Any, script: Callable[[str], None]) -> None:
    """EH-1: not tried again, and the error names the path."""
    script("")
    instance = engine.run(node(engine, "cli_command", command="none"))
    assert "'/does/not/exist' cannot be started" in engine.reason(instance)["message"]
    assert engine.trail(instance, "run") == ["FAILED"]
