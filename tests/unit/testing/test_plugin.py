"""The plugin as pytest loads it in a project of a user."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[3]

TEST = """
from reactory import step
from reactory.authoring import Flow, workflow

@step("u.hello")
def hello(name: str) -> str:
    return f"hello {name}"

@workflow("u.Hello", version="1.0.0")
def greeting(flow: Flow, name: str):
    flow.delay("7d")
    return {"text": flow.task(hello, name=name)}

def test_passes(reactory):
    assert reactory.start(greeting, {"name": "Ada"}).run_to_completion().outputs == {"text": "hello Ada"}

def test_misses(reactory):
    reactory.fail_step("helo", "never")
    reactory.start(greeting, {"name": "Ada"}).run_to_completion()
"""


def run_pytest(folder: Path, *arguments: str) -> str:
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-p",
        "no:cacheprovider",
        "-q",
        *arguments,
    ]
    answer = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, check=False, env={"PYTHONPATH": ":".join(sys.path)}
    )
    return answer.stdout + answer.stderr


def test_a_user_needs_nothing_but_the_fixture(tmp_path: Path) -> None:
    """WH-1: the fixture is there; a failure that was asked for and never came fails its test, by name."""
    (tmp_path / "test_user.py").write_text(TEST)
    said = run_pytest(tmp_path)
    assert "2 passed, 1 error" in said, said
    assert "fail_step was told of helo" in said


def test_the_plugin_costs_other_projects_nothing(tmp_path: Path) -> None:
    """IN-2: whoever has the library installed and tests something else imports no engine."""
    (tmp_path / "test_other.py").write_text(
        "import sys\n\ndef test_other():\n    assert not {'pydantic', 'pymongo', 'reactory.testing.tester'} & set(sys.modules)\n"
    )
    assert "1 passed" in run_pytest(tmp_path)


def test_the_package_announces_the_plugin() -> None:
    """IN-2: pytest finds it by its entry point."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert project["entry-points"]["pytest11"] == {"reactory": "reactory.testing.plugin"}
