"""``reactory instance rewind|fork|migrate|batch`` (IM-7)."""

from __future__ import annotations

import json

from tests.unit.cli.conftest import Terminal
from tests.unit.runner.lab import flow, work

NAP = {"id": "nap", "type": "delay", "config": {"duration": 60_000}}


def sleeping(terminal: Terminal) -> str:
    lab = terminal.lab
    lab.register(flow(work("a"), NAP))
    instance_id = lab.runner.start.start_workflow("lab.Flow").instance.id
    lab.work()
    return instance_id


def test_rewind_and_migrate_print_the_status(terminal: Terminal) -> None:
    """IM-7, LC-14: exit code 0 and one line; what does not fit is refused with exit code 4."""
    run = sleeping(terminal)
    result = terminal.run("instance", "rewind", run, "a", "--reason", "again")
    assert (result.exit_code, result.stdout) == (0, f"{run}  RUNNING\n")
    refused = terminal.run("instance", "rewind", run, "nobody")
    assert refused.exit_code == 4
    assert "has no step 'nobody'" in refused.stderr
    terminal.lab.register(flow(work("a"), NAP, version="2.0.0"))
    assert terminal.run("instance", "migrate", run, "2.0.0").exit_code == 0


def test_fork_prints_the_new_id(terminal: Terminal) -> None:
    """IM-7, LC-14: so that a script can take it."""
    run = sleeping(terminal)
    forked = terminal.run("instance", "fork", run, "nap", "--input", "{}").stdout.strip()
    assert terminal.lab.runner.query.get(forked)["forkedFrom"] == run


def test_batch_counts(terminal: Terminal) -> None:
    """IM-7, WH-22: a dry run says what would be done; exit code 1 when some were left."""
    run = sleeping(terminal)
    dry = terminal.run("instance", "batch", "cancel", "--status", "running", "--dry-run")
    assert (dry.exit_code, "1 matched: 1 would be done" in dry.stdout) == (0, True)
    result = terminal.run("instance", "batch", "pause", run, "nobody", "-o", "json")
    assert result.exit_code == 1
    assert json.loads(result.stdout)["counts"] == {"matched": 2, "done": 1, "refused": 0, "notFound": 1, "failed": 0}
    assert terminal.run("instance", "batch", "pause").exit_code == 4, "the API refuses to select everything"
