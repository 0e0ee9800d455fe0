"""Facts that come at awkward moments: a failure that drops what else was running, a race decided while paused."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reactory.kernel.effects import RunStep
from reactory.kernel.facts import Begin, Control, ErrorInfo, Fact, Failed, Interrupted, Succeeded

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.unit.kernel.conftest import Replay

ONCE = {"retryPolicy": {"maxAttempts": 1}}


def task(step_id: str, **more: Any) -> dict[str, Any]:
    return {"id": step_id, "type": "task", "config": {"handler": "t"}} | more


def test_an_interruption_that_drops_another_running_step(
    replay: type[Replay], kernel_document: Callable[..., dict[str, Any]]
) -> None:
    """WH-1, YF-8: when the interruption of one step satisfies a join that drops another one, that one is left alone."""
    machine = replay(
        kernel_document(
            task("a", dependsOn=[], continueOnError=True, **ONCE),
            task("b", dependsOn=[], **ONCE),
            {"id": "j", "type": "join", "config": {"strategy": "any"}, "dependsOn": ["a", "b"]},
            task("after"),
        )
    )
    machine.feed([Begin(1), *(Interrupted(at) for at in range(2, 8))])
    state = machine.machine.state
    assert state.status == "RUNNING"
    assert list(state.live) == ["after"]
    assert state.frames[""].stat["b"] == "CANCELLED"
    assert [record.status for record in machine.all_records if record.path == "b"] == ["CANCELLED"]


def test_a_race_that_was_won_while_paused_is_not_run_again(
    replay: type[Replay], kernel_document: Callable[..., dict[str, Any]]
) -> None:
    """YF-8, WH-17, LC-14: a branch that won during a pause has won, though the instance is terminated before the join
    looked: after the retry its result counts, and the loser is not run again.
    """
    branches = [{"name": name, "steps": [task(f"{name}1")]} for name in "xy"]
    race = {"id": "p", "type": "parallel", "config": {"branches": branches, "join": {"strategy": "any"}}}
    last = task("last", dependsOn=["p", "t"])
    machine = replay(
        kernel_document(race | {"dependsOn": []}, task("t", dependsOn=[], errorPolicy="terminate", **ONCE), last)
    )
    facts: list[Fact] = [Begin(1), Control("c", "pause", 2), Succeeded("p/x1", 1, 1, 3, "won")]
    machine.feed([*facts, Failed("t", 1, ErrorInfo("E", "no", retryable=False), 1, 4)])
    assert machine.machine.state.status == "FAILED"
    machine.machine.effects.clear()
    machine.apply(Control("r", "retry", 5))
    asked = [effect for effect in machine.machine.effects if isinstance(effect, RunStep)]
    assert [effect.path for effect in asked if machine.machine.awaited(effect.path, effect.attempt)] == ["t"]
    assert list(machine.machine.state.live) == ["t"]
    machine.apply(Succeeded("t", 2, 5, 6))
    machine.apply(Succeeded("last", 1, 6, 7))
    assert machine.machine.state.status == "COMPLETED"
    assert machine.machine.state.frames[""].outs["p"] == {"x": "won"}
