"""Instances are pinned to their definition; one that is missing, or whose code is, can be mended and taken up again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from reactory import step
from reactory.steps.registry import StepRegistry

if TYPE_CHECKING:
    from tests.unit.engine.conftest import Engine

HOUR = 3_600_000


def sleeping(engine: Engine) -> str:
    return engine.run(engine.do("a"), engine.node("nap", "delay", duration=HOUR), engine.do("b"))


def test_an_instance_stays_on_its_version(engine: Engine) -> None:
    """WH-18, DP-2: a newer version does not touch an instance that runs; new instances take it."""
    old = sleeping(engine)
    engine.register(engine.document(engine.do("other"), version="1.1.0"))
    new = engine.start("test.Flow")
    engine.work()
    engine.advance(HOUR)
    assert engine.calls == ["a", "other", "b"]
    assert (engine.see(old)["version"], engine.see(new)["version"]) == ("1.0.0", "1.1.0")


def lost(engine: Engine, instance_id: str) -> Any:
    """The definition is deleted, and the instance falls due; what it was."""
    definition = engine.stored.get("default", "test.Flow", "1.0.0")
    engine.stored.delete("default", "test.Flow", "1.0.0")
    engine.new_worker()
    engine.advance(HOUR)
    return definition


def test_a_missing_definition_fails_the_instance_and_says_what_to_do(engine: Engine) -> None:
    """WH-18: FAILED with a message that names the version and the way out; told once; nothing more is due."""
    instance_id = sleeping(engine)
    lost(engine, instance_id)
    instance = engine.instance(instance_id)
    assert instance.status == "FAILED"
    assert instance.reason is not None
    assert instance.reason["code"] == "definition_missing"
    assert "test.Flow@1.0.0" in instance.reason["message"]
    assert "register this version again" in instance.reason["message"]
    assert instance.wake_at is None
    assert instance.completed_at is not None
    assert engine.moves(instance_id) == ["RUNNING", "FAILED"]
    engine.advance(HOUR)
    assert engine.moves(instance_id) == ["RUNNING", "FAILED"]


def test_it_goes_on_where_it_stood_after_the_fix(engine: Engine) -> None:
    """WH-18: with the definition back a retry goes on; finished steps are kept; every move is told in order."""
    instance_id = sleeping(engine)
    definition = lost(engine, instance_id)
    engine.stored.put(definition)
    engine.new_worker()
    engine.ask(instance_id, "retry")
    assert engine.status(instance_id) == "COMPLETED"
    assert engine.calls == ["a", "b"]
    assert engine.moves(instance_id) == ["RUNNING", "FAILED", "PENDING", "RUNNING", "COMPLETED"]
    assert engine.see(instance_id)["reason"] is None


def test_a_retry_before_the_fix_fails_again(engine: Engine) -> None:
    """WH-18: a retry while the definition is still missing changes nothing, and the next one after the fix works."""
    instance_id = sleeping(engine)
    definition = lost(engine, instance_id)
    engine.ask(instance_id, "retry")
    assert engine.instance(instance_id).status == "FAILED"
    engine.stored.put(definition)
    engine.new_worker()
    engine.ask(instance_id, "retry")
    assert engine.status(instance_id) == "COMPLETED"
    assert engine.calls == ["a", "b"]


def test_an_instance_that_never_began(engine: Engine) -> None:
    """WH-18, LC-1: the definition may be missing before the first step: no move is told that the table does not allow."""
    reference = engine.register(engine.document(engine.do("a")))
    instance_id = engine.start(reference)
    definition = engine.stored.get("default", "test.Flow", "1.0.0")
    assert definition is not None
    engine.stored.delete("default", "test.Flow", "1.0.0")
    engine.work()
    assert engine.instance(instance_id).status == "FAILED"
    engine.stored.put(definition)
    engine.new_worker()
    engine.ask(instance_id, "retry")
    assert engine.status(instance_id) == "COMPLETED"
    moves = [(e.detail["previousStatus"], e.detail["status"]) for e in engine.events()]
    assert moves == [
        ("PENDING", "FAILED"),
        ("FAILED", "PENDING"),
        ("PENDING", "RUNNING"),
        ("RUNNING", "COMPLETED"),
    ]


def test_a_request_that_meets_a_missing_definition_is_kept(engine: Engine) -> None:
    """WH-18, WH-4: what was asked before the definition was found missing takes effect after the fix."""
    instance_id = sleeping(engine)
    engine.control(instance_id, "pause")
    definition = engine.stored.get("default", "test.Flow", "1.0.0")
    assert definition is not None
    engine.stored.delete("default", "test.Flow", "1.0.0")
    engine.new_worker()
    engine.work()
    assert engine.instance(instance_id).status == "FAILED"
    engine.stored.put(definition)
    engine.new_worker()
    engine.ask(instance_id, "retry")
    assert engine.status(instance_id) == "PAUSED"
    engine.ask(instance_id, "resume")
    engine.advance(HOUR)
    assert engine.status(instance_id) == "COMPLETED"


def test_other_content_under_the_version_is_refused(engine: Engine) -> None:
    """WH-18: an instance does not run on content that is not what it began with."""
    instance_id = sleeping(engine)
    engine.stored.delete("default", "test.Flow", "1.0.0")
    engine.register(engine.document(engine.do("other")))
    engine.new_worker()
    engine.advance(HOUR)
    instance = engine.instance(instance_id)
    assert instance.status == "FAILED"
    assert instance.reason is not None
    assert "replaced by other content" in instance.reason["message"]
    assert engine.calls == ["a"]


@pytest.mark.parametrize("kind", ["task"])
def test_missing_step_code_fails_with_its_name(engine: Engine, kind: str) -> None:
    """WH-18: a step whose code this worker does not have fails at once, named; a retry after the deployment runs it."""
    known = engine.steps
    instance_id = engine.begin(engine.do("a"), engine.do("b", handler="t.thread"))
    partial = StepRegistry()
    do = known.get("t.do")
    assert do is not None
    partial.add(do)
    engine.steps = partial
    engine.new_worker()
    engine.work()
    assert engine.status(instance_id) == "FAILED"
    assert engine.reason(instance_id)["stepId"] == "b"
    assert "'t.thread'" in engine.reason(instance_id)["message"]
    assert "deploy the module" in engine.reason(instance_id)["message"]
    engine.steps = known
    engine.new_worker()
    engine.ask(instance_id, "retry")
    assert engine.status(instance_id) == "COMPLETED"
    assert engine.calls == ["a", "b"]


def test_new_code_serves_old_instances(engine: Engine) -> None:
    """WH-18, DP-2: step code is found by name when the step runs, so a redeployed step serves what began before."""
    instance_id = sleeping(engine)
    fresh = StepRegistry()

    @step("t.do")
    def do(**given: Any) -> str:
        return "new"

    fresh.add(do)
    engine.steps = fresh
    engine.new_worker()
    engine.advance(HOUR)
    assert engine.status(instance_id) == "COMPLETED"
    assert engine.history(instance_id)[-1]["output"] == "new"
