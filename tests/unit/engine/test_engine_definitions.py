"""Instances are pinned to their definition; one that is missing, or whose code is, can be mended and taken up again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import pytest

from reactory import step
from reactory.exceptions import PermanentStepError, UnavailableError
from reactory.kernel.facts import Control, encode_fact
from reactory.ports.store import InboxEntry
from reactory.steps.registry import StepRegistry

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from reactory.ports.bus import BusEvent
    from reactory.ports.store import InstanceStore, Push
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


class Down:
    """A bus that nobody can reach."""

    def publish(self, events: Sequence[BusEvent]) -> None:
        raise UnavailableError("the bus is away")


def owing(engine: Engine, *steps: dict[str, Any]) -> tuple[str, Any]:
    """An instance that has ended, owes its news, and has lost its definition; and what that was."""
    engine.bus = Down()
    instance_id = engine.run(*steps)
    assert engine.instance(instance_id).outbox
    definition = engine.stored.get("default", "test.Flow", "1.0.0")
    engine.stored.delete("default", "test.Flow", "1.0.0")
    engine.bus = engine.memory_bus
    engine.new_worker()
    return instance_id, definition


def test_a_completed_instance_needs_no_definition_to_tell_its_news(engine: Engine) -> None:
    """WH-18, WH-16: COMPLETED stays COMPLETED when the definition is deleted, and what it owes is told, once."""
    instance_id, _ = owing(engine, engine.do("a"))
    before = engine.instance(instance_id)
    assert before.status == "COMPLETED"
    engine.advance(60_000)
    after = engine.instance(instance_id)
    assert (after.status, after.reason, after.state) == ("COMPLETED", None, before.state)
    assert after.completed_at == before.completed_at
    assert (after.outbox, after.wake_at, after.lease_until) == ([], None, None)
    assert engine.moves(instance_id) == ["RUNNING", "COMPLETED"]
    engine.advance(60_000)
    assert engine.instance(instance_id) == after


def test_a_failed_instance_needs_no_definition_to_tell_its_news(engine: Engine) -> None:
    """WH-18, WH-14: an instance that failed by itself keeps its reason, and its dead letter is told."""
    engine.errors["a"] = [PermanentStepError("no")]
    instance_id, definition = owing(engine, engine.do("a"))
    engine.advance(60_000)
    failed = engine.instance(instance_id)
    assert failed.reason is not None
    assert (failed.status, failed.reason["code"]) == ("FAILED", "dead_lettered")
    assert engine.moves(instance_id) == ["RUNNING", "FAILED"]
    engine.stored.put(definition)
    engine.new_worker()
    engine.ask(instance_id, "retry")
    assert engine.status(instance_id) == "COMPLETED"


def test_a_retry_without_the_definition_fails_and_works_after_the_fix(engine: Engine) -> None:
    """WH-18, WH-17: a failed instance that is asked to retry without its definition is FAILED for that, its lease free;
    with the definition back the retry runs the step, and every move that is told follows from the one before it.
    """
    engine.errors["a"] = [PermanentStepError("no")]
    instance_id = engine.run(engine.do("a"), engine.do("b"))
    definition = lost(engine, instance_id)
    engine.ask(instance_id, "retry")
    failed = engine.instance(instance_id)
    assert failed.reason is not None
    assert (failed.status, failed.reason["code"]) == ("FAILED", "definition_missing")
    assert (failed.lease_until, failed.wake_at, failed.inbox) == (None, None, [])
    engine.stored.put(definition)
    engine.new_worker()
    engine.ask(instance_id, "retry")
    assert engine.status(instance_id) == engine.instance(instance_id).status == "COMPLETED"
    assert engine.calls == ["a", "a", "b"]
    assert engine.moves(instance_id) == ["RUNNING", "FAILED", "PENDING", "RUNNING", "COMPLETED"]


class Interjecting:
    """A store in which somebody sends something right after the first time that an inbox was taken in."""

    def __init__(self, store: InstanceStore, then: Callable[[], object]) -> None:
        self._store = store
        self._then: Callable[[], object] | None = then

    def absorb(self, push: Push) -> list[InboxEntry] | None:
        entries = self._store.absorb(push)
        then, self._then = self._then, None
        if then is not None:
            then()
        return entries

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)


def test_a_request_in_the_middle_of_giving_up_is_kept(engine: Engine) -> None:
    """WH-18, WH-4: what is asked between the look at the inbox and the write is taken in too: the lease is freed, and the
    request takes effect after the fix.
    """
    instance_id = engine.begin(engine.do("a"))
    definition = engine.stored.get("default", "test.Flow", "1.0.0")
    assert definition is not None
    engine.stored.delete("default", "test.Flow", "1.0.0")
    pause = InboxEntry("c", encode_fact(Control("c", "pause", engine.clock.now())))
    store = engine.instances
    engine.instances = cast("InstanceStore", Interjecting(store, lambda: store.send(instance_id, pause)))
    engine.new_worker()
    engine.work()
    failed = engine.instance(instance_id)
    assert (failed.status, failed.lease_until, failed.inbox) == ("FAILED", None, [])
    engine.stored.put(definition)
    engine.new_worker()
    engine.ask(instance_id, "retry")
    assert engine.status(instance_id) == "PAUSED"
    engine.ask(instance_id, "resume")
    assert engine.status(instance_id) == "COMPLETED"


def test_it_does_not_go_on_by_itself_after_the_fix(engine: Engine) -> None:
    """LC-1, WH-18: FAILED is left by an explicit retry only, also when the instance is woken for the news that it owes."""
    instance_id = sleeping(engine)
    engine.bus = Down()
    definition = lost(engine, instance_id)
    assert engine.instance(instance_id).outbox
    engine.stored.put(definition)
    engine.bus = engine.memory_bus
    engine.new_worker()
    engine.advance(HOUR)
    failed = engine.instance(instance_id)
    assert (failed.status, failed.outbox, failed.lease_until) == ("FAILED", [], None)
    assert engine.moves(instance_id) == ["RUNNING", "FAILED"]
    engine.ask(instance_id, "retry")
    assert engine.status(instance_id) == "COMPLETED"
    assert engine.moves(instance_id) == ["RUNNING", "FAILED", "PENDING", "RUNNING", "COMPLETED"]


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
