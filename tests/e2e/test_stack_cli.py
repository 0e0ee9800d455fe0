"""The command line against a running stack: what an operator types, and the exit codes that a script sees (IM-7)."""

from __future__ import annotations

import json
from typing import Any

import pytest

from reactory.cli.main import app
from tests.e2e.api import Api

DONE, FAILED, USAGE, NOT_FOUND, REFUSED = range(5)


@pytest.fixture
def reactory(api: Api, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Any:
    """Runs a command in this process; answers its exit code, what it printed, and what it complained."""
    monkeypatch.setenv("REACTORY_URL", api.stack.url)

    def run(*arguments: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as ended:
            app(list(arguments))
        printed = capfd.readouterr()
        return int(ended.value.code or 0), printed.out, printed.err

    return run


def test_an_instance_from_start_to_history(reactory: Any) -> None:
    """IM-7: start waits and prints the result; get, list and history find the instance, as JSON where asked."""
    code, out, _ = reactory(
        "instance", "start", "plant.Greet", "-i", '{"name": "Ada"}', "--wait", "-o", "json", "--tag", "cli"
    )
    assert code == DONE
    instance_id = json.loads(out)["instanceId"]
    code, out, _ = reactory("instance", "get", instance_id, "-o", "json")
    assert (code, json.loads(out)["outputs"]["text"]) == (DONE, "Hello Ada")
    code, out, _ = reactory("instance", "list", "-o", "json")
    assert (code, [found["instanceId"] for found in json.loads(out)["instances"]]) == (DONE, [instance_id])
    code, out, _ = reactory("instance", "history", instance_id)
    assert code == DONE
    assert "step_completed" in out


def test_exit_codes_tell_what_went_wrong(reactory: Any, api: Api) -> None:
    """IM-7: 1 failed, 2 usage, 3 not found, 4 refused; one message on stderr, no trace."""
    finished = api.start("plant.Greet", {"name": "Ada"})
    api.finished(finished)
    for expected, arguments in (
        (FAILED, ["instance", "start", "plant.Refuse", "-i", '{"fixed": "/nowhere"}', "--wait"]),
        (USAGE, ["instance", "start", "plant.Greet", "-i", "{"]),
        (NOT_FOUND, ["instance", "get", "nobody"]),
        (NOT_FOUND, ["instance", "start", "plant.Nothing"]),
        (REFUSED, ["instance", "pause", finished]),
        (REFUSED, ["instance", "start", "plant.Greet", "-i", '{"name": "A"}']),
    ):
        code, _, err = reactory(*arguments)
        assert code == expected, (arguments, err)
        assert "Traceback" not in err
        assert err.strip() or expected == FAILED
