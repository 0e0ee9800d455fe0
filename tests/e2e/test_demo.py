"""``make demo`` is ``reactory demo``: from nothing to a fulfilled order that one can watch, and back to nothing."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SECONDS = 60


def reactory(*arguments: str, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    """Run the command line in a process of its own, with a mongod of its own."""
    environ = {name: value for name, value in os.environ.items() if name != "MONGODB_URI"}
    command = [sys.executable, "-c", "from reactory.cli.main import main; main()", *arguments]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, cwd=cwd, env=environ, stdout=pipe, stderr=pipe, text=True) as process:
        try:
            out, err = process.communicate(timeout=SECONDS)
        except subprocess.TimeoutExpired:
            process.terminate()
            out, err = process.communicate()
            pytest.fail(f"not done after {SECONDS} s: {out}{err}")
    return subprocess.CompletedProcess(command, process.returncode, out, err)


def test_the_demo_fulfils_an_order() -> None:
    """IM-1, IM-7: the stack comes up, the order runs before one's eyes, result and history are shown, exit code 0."""
    done = reactory("demo")
    assert done.returncode == 0, done.stdout + done.stderr
    lines = done.stdout.splitlines()
    assert any(line.startswith("charge  SLEEPING") for line in lines)
    assert any(line.startswith("charge  COMPLETED") and "attempt 3" in line for line in lines)
    result = json.loads("\n".join(lines[lines.index("{") : lines.index("}") + 1]))
    assert (result["orderId"], result["status"]) == ("order-1001", "shipped")
    attempts = [line.split()[2] for line in lines if " charge " in line and "step_" in line]
    assert attempts == ["step_failed", "step_failed", "step_completed"]
    assert "Traceback" not in done.stdout + done.stderr


def test_a_demo_of_what_is_no_order_says_so(tmp_path: Path) -> None:
    """IM-7: exit code 1 and one sentence, before anything is started."""
    done = reactory("demo", cwd=tmp_path)
    assert done.returncode == 1
    assert "order-1001.json cannot be read" in done.stderr
    assert done.stdout == ""
