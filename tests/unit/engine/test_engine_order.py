"""Steps in order: lists, graphs, skipped ones, marks and log lines, as a user sees them."""

from __future__ import annotations

import logging
from threading import Event
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.unit.engine.conftest import Engine


def test_a_plain_list_is_a_sequence(engine: Engine) -> None:
    """YF-5: a step without dependsOn follows the step above it."""
    done = engine.run(engine.do("a"), engine.do("b"), engine.do("c"))
    assert engine.status(done) == "COMPLETED"
    assert engine.calls == ["a", "b", "c"]
    assert engine.statuses(done) == {"a": "COMPLETED", "b": "COMPLETED", "c": "COMPLETED"}


def test_steps_on_threads_come_in_the_same_order(engine: Engine) -> None:
    """YF-5: a synchronous step is waited for like an asynchronous one."""
    done = engine.run(engine.do("a", handler="t.thread"), engine.do("b"), engine.do("c", handler="t.thread"))
    assert engine.status(done) == "COMPLETED"
    assert engine.calls == ["a", "b", "c"]


def test_a_step_without_dependencies_starts_at_once(engine: Engine) -> None:
    """YF-5: dependsOn [] starts at once, also while the step above sleeps."""
    done = engine.run(
        engine.node("nap", "delay", duration=60_000),
        engine.do("late"),
        engine.do("free", dependsOn=[]),
    )
    assert engine.calls == ["free"]
    engine.advance(60_000)
    assert engine.calls == ["free", "late"]
    assert engine.status(done) == "COMPLETED"


def test_a_diamond_waits_for_both_sides(engine: Engine) -> None:
    """YF-5: a step with two dependencies runs once, after both of them."""
    done = engine.run(
        engine.do("top"),
        engine.do("left", dependsOn="top"),
        engine.node("nap", "delay", duration=1000) | {"dependsOn": "top"},
        engine.do("right", dependsOn=["nap"]),
        engine.do("bottom", dependsOn=["left", "right"]),
    )
    assert engine.calls == ["top", "left"]
    engine.advance(1000)
    assert engine.calls == ["top", "left", "right", "bottom"]
    assert engine.status(done) == "COMPLETED"


@pytest.mark.parametrize("how", [{"condition": "input.go"}, {"enabled": False}])
def test_a_skipped_step_holds_nobody_up(engine: Engine, how: dict[str, object]) -> None:
    """YF-5: a step whose condition is false, or that is not enabled, is SKIPPED; what depends on it runs."""
    done = engine.run(
        engine.do("a"),
        engine.do("b") | how,
        engine.do("c"),
        data={"go": False},
        inputs={"go": {"type": "boolean"}},
        outputs={"ran": "steps.b.success", "status": "steps.b.status"},
    )
    assert engine.calls == ["a", "c"]
    assert engine.statuses(done)["b"] == "SKIPPED"
    assert engine.outputs(done) == {"ran": False, "status": "SKIPPED"}


def test_a_skipped_container_skips_all_inside(engine: Engine) -> None:
    """YF-5: of a skipped container nothing runs."""
    done = engine.run(
        engine.node("each", "for_each", items=[1, 2], steps=[engine.do("in")]) | {"condition": "1 == 2"},
        engine.do("after"),
    )
    assert engine.calls == ["after"]
    assert engine.statuses(done)["each"] == "SKIPPED"


def test_a_condition_sees_what_ran_before(engine: Engine) -> None:
    """YF-5: a step's condition is evaluated when its turn has come."""
    engine.run(
        engine.do("a", value=3),
        engine.do("b", condition="steps.a.outputs.value > 2"),
        engine.do("c", condition="steps.a.value > 3"),
    )
    assert engine.calls == ["a", "b"]


def test_a_condition_that_cannot_be_evaluated_fails_the_step(engine: Engine) -> None:
    """YF-3: an unresolved reference is an error that names it, and fails the step that holds it."""
    failed = engine.run(engine.do("a", condition="input.nothing.at_all"))
    assert engine.status(failed) == "FAILED"
    assert engine.reason(failed)["stepId"] == "a"
    assert "input.nothing" in engine.reason(failed)["message"]
    assert engine.calls == []


def test_start_and_end_frame_a_workflow(engine: Engine) -> None:
    """YF-4: start marks the beginning, end finishes the instance as COMPLETED; what follows it does not run."""
    done = engine.run(engine.node("in", "start"), engine.do("a"), engine.node("out", "end"), engine.do("never"))
    assert engine.calls == ["a"]
    assert engine.status(done) == "COMPLETED"
    assert engine.statuses(done)["never"] == "PENDING"


def test_end_in_a_branch_cancels_the_rest(engine: Engine) -> None:
    """WH-5: end finishes the whole instance wherever it stands: delays and steps elsewhere are cancelled."""
    done = engine.run(
        engine.node(
            "both",
            "parallel",
            branches=[
                {"name": "long", "steps": [engine.node("nap", "delay", duration=3_600_000), engine.do("never")]},
                {"name": "short", "steps": [engine.do("a"), engine.node("stop", "end"), engine.do("neither")]},
            ],
        ),
        engine.do("nor"),
        outputs={"a": "steps.a.value"},
    )
    assert engine.outputs(done) == {"a": None}
    assert engine.calls == ["both/a"]
    assert engine.trail(done, "both/nap") == ["CANCELLED"]
    assert engine.instance(done).wake_at is None
    engine.advance(7_200_000)
    assert engine.calls == ["both/a"]


def test_end_cancels_a_step_that_runs(engine: Engine) -> None:
    """WH-5: a step that still runs when the instance ends is told so, and its result is not waited for."""
    began = Event()
    engine.during = {"slow": began.set, "a": lambda: began.wait(10)}
    done = engine.run(
        engine.do("slow", handler="t.long", label="slow"),
        engine.do("a", handler="t.thread", dependsOn=[]),
        engine.node("stop", "end"),
    )
    assert engine.status(done) == "COMPLETED"
    assert sorted(engine.calls) == ["a", "slow"]
    assert engine.trail(done, "slow") == ["CANCELLED"]


def test_custom_echoes_its_config(engine: Engine) -> None:
    """YF-4: a custom step that nobody registered answers with its config, templates filled in."""
    done = engine.run(
        engine.node("c", "custom", kind="x", got="${input.n}", list=["${input.n + 1}"]),
        data={"n": 4},
        inputs={"n": {"type": "integer"}},
        outputs={"c": "steps.c.outputs"},
    )
    assert engine.outputs(done) == {"c": {"kind": "x", "got": 4, "list": [5]}}


def test_custom_runs_the_registered_step_of_its_name(engine: Engine) -> None:
    """YF-4: a custom step that has the name of a registered step runs it, with inputs and config."""
    done = engine.run(
        engine.node("c", "custom", extra=1) | {"name": "t.do", "inputs": {"label": "mine", "value": 7}},
        outputs={"v": "steps.c.value"},
    )
    assert engine.calls == ["mine"]
    assert engine.outputs(done) == {"v": 7}


def test_log_writes_a_line_with_its_level_and_data(engine: Engine, caplog: pytest.LogCaptureFixture) -> None:
    """YF-4, OB-4: log renders its message and data, and names the instance and the step."""
    with caplog.at_level(logging.DEBUG, "reactory.workflow"):
        done = engine.run(
            engine.node("say", "log", message="n is ${input.n}", level="warn", data={"n": "${input.n}"}),
            data={"n": 4},
            inputs={"n": {"type": "integer"}},
            outputs={"said": "steps.say.outputs"},
        )
    assert engine.outputs(done) == {"said": {"message": "n is 4", "level": "warn"}}
    (line,) = [record for record in caplog.records if record.name == "reactory.workflow"]
    assert (line.levelname, line.getMessage()) == ("WARNING", "n is 4")
    assert vars(line)["instance_id"] == done
    assert vars(line)["step_path"] == "say"
    assert vars(line)["data"] == {"n": 4}


def test_inputs_see_everything_that_ran_before(engine: Engine) -> None:
    """WH-8: inputs see the input, variables, the outputs of earlier steps, the workflow and the environment."""
    done = engine.run(
        engine.do("a", value=1),
        engine.do(
            "b",
            value={"in": "${input.x}", "var": "${greeting}", "out": "${steps.a.value}", "me": "${workflow.instanceId}"},
        ),
        data={"x": [1, 2]},
        inputs={"x": {"type": "array"}},
        variables={"greeting": "hi"},
        outputs={"b": "steps.b.value"},
    )
    assert engine.outputs(done)["b"] == {"in": [1, 2], "var": "hi", "out": 1, "me": done}


def test_outputs_of_a_step_become_variables(engine: Engine) -> None:
    """WH-8: outputs are mapped after the step succeeded, and see its own output."""
    done = engine.run(
        engine.do("a", value=20, outputs={"price": "steps.a.value * 2", "old": "price"}),
        engine.do("b", value="${price + 2}"),
        variables={"price": 1},
        outputs={"b": "steps.b.value", "price": "variables.price", "old": "old"},
    )
    assert engine.outputs(done) == {"b": 42, "price": 40, "old": 1}


def test_a_wrong_output_mapping_fails_the_step_and_a_retry_does_not_run_it_again(engine: Engine) -> None:
    """WH-8, WH-1: a mapping that fails leaves the body finished: it is not run again."""
    failed = engine.run(engine.do("a", outputs={"x": "steps.a.value.deep"}), engine.do("b"))
    assert engine.status(failed) == "FAILED"
    assert engine.reason(failed)["stepId"] == "a"
    assert engine.trail(failed, "a") == ["COMPLETED", "FAILED"]
    engine.ask(failed, "retry")
    assert engine.status(failed) == "FAILED"
    assert engine.calls == ["a"]
