"""Random documents under random facts: the bookkeeping stays right, everything ends, and a replay gives the same state."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import TYPE_CHECKING, Any

from hypothesis import given, settings
from hypothesis import strategies as st

from reactory.kernel import paths, tree
from reactory.kernel.effects import CancelStep, RunStep, StatusChanged, Store
from reactory.kernel.facts import Begin, Control, ErrorInfo, Fact, Failed, Interrupted, Succeeded, Tick
from reactory.kernel.machine import Machine
from reactory.kernel.state import TRANSITIONS
from reactory.kernel.timers import next_timer

if TYPE_CHECKING:
    from tests.unit.kernel.conftest import Replay

PATIENT = settings(max_examples=150, deadline=None, derandomize=True)
POLICIES: list[dict[str, Any]] = [
    {},
    {},
    {},
    {"errorPolicy": "suspend"},
    {"errorPolicy": "terminate"},
    {"continueOnError": True},
]
STOPPED = ("FAILED", "CANCELLED")


class Author:
    """Writes a random document."""

    def __init__(self, seed: int) -> None:
        self._random = Random(seed)
        self._number = 0

    def steps(self, depth: int, most: int = 3) -> list[dict[str, Any]]:
        steps: list[dict[str, Any]] = []
        for _ in range(self._random.randint(1, most)):
            step = self.step(depth)
            if steps and self._random.random() < 0.3:
                earlier = [other["id"] for other in steps]
                step["dependsOn"] = self._random.sample(earlier, self._random.randint(0, len(earlier)))
            steps.append(step)
        if len(steps) > 1 and self._random.random() < 0.2:
            join: dict[str, Any] = {"strategy": self._random.choice(["all", "any"])}
            join |= {"timeout": 30_000} if self._random.random() < 0.3 else {}
            steps.append({"id": self._id(), "type": "join", "config": join, "dependsOn": [s["id"] for s in steps]})
        return steps

    def _id(self) -> str:
        self._number += 1
        return f"s{self._number}"

    def step(self, depth: int) -> dict[str, Any]:
        chosen = self._random
        kinds = ["task", "task", "task", "delay", "skipped"]
        kinds += ["condition", "switch", "parallel", "for_each", "while"] if depth else []
        kind = chosen.choice([*kinds, "end"] if chosen.random() < 0.1 else kinds)
        step: dict[str, Any] = {"id": self._id(), "type": "task" if kind == "skipped" else kind}
        optional: list[dict[str, Any]]
        if kind in ("task", "skipped"):
            step |= {"config": {"handler": "t"}, "enabled": kind == "task"} | chosen.choice(POLICIES)
            optional = [{}, {}, {"execution": "at_most_once"}]
            step |= chosen.choice(optional)
        elif kind == "delay":
            step["config"] = {"duration": chosen.choice([0, 500])}
        elif kind != "end":
            step |= {"config": self.container(kind, step["id"], depth - 1)} | chosen.choice(POLICIES)
            optional = [{}, {}, {"timeout": 30_000}]
            step |= chosen.choice(optional)
        return step

    def container(self, kind: str, name: str, depth: int) -> dict[str, Any]:
        chosen = self._random
        limits: list[dict[str, Any]] = [{}, {"maxConcurrency": 1}, {"maxConcurrency": 2}]
        joins: list[dict[str, Any]] = [{}, {"join": "any"}, {"join": {"strategy": "n_of", "count": 2}}]
        config: dict[str, Any]
        match kind:
            case "condition":
                config = {"condition": chosen.choice(["true", "false"])}
                config |= {"thenSteps": self.steps(depth), "elseSteps": self.steps(depth)}
            case "switch":
                config = {"value": "1", "cases": [{"when": chosen.choice([1, 2]), "steps": self.steps(depth)}]}
            case "parallel":
                branches = [{"name": f"b{n}", "steps": self.steps(depth, 2)} for n in range(chosen.randint(1, 3))]
                config = {"branches": branches, "failFast": chosen.random() < 0.4} | chosen.choice(limits)
                config |= chosen.choice(joins) if len(branches) > 1 else {}
            case "for_each":
                items = list(range(chosen.choice([0, 1, 4])))
                config = {"items": items, "steps": self.steps(depth, 2)} | chosen.choice(limits)
            case _:
                count = {"action": "set", "key": name, "value": f"${{{name} + 1}}"}
                again = {"id": f"{name}_count", "type": "set_variable", "config": count}
                config = {"condition": f"{name} < 2", "steps": [*self.steps(depth, 2), again]}
        return config

    def document(self) -> dict[str, Any]:
        steps = self.steps(2)
        variables = {f"s{n}": 0 for n in range(self._number + 1)}
        retry = {"maxAttempts": 2, "initialDelay": 100, "jitter": False}
        timeouts: list[dict[str, Any]] = [{}, {}, {"timeout": 60_000}]
        policies: list[dict[str, Any]] = [{}, {}, {"errorPolicy": "suspend"}, {"errorPolicy": "terminate"}]
        metadata = {"retryPolicy": retry} | self._random.choice(timeouts) | self._random.choice(policies)
        return {
            "nameSpace": "test",
            "name": "Random",
            "version": "1.0.0",
            "metadata": metadata,
            "variables": variables,
            "steps": steps,
        }


def check(machine: Machine) -> None:
    """The counters of blocks and containers agree with what is live."""
    state = machine.state
    if state.status in ("COMPLETED", "CANCELLED"):
        assert not state.live
        assert not state.blocks
        return
    for key, progress in state.blocks.items():
        inside = [live for live in state.live.values() if live.block == key]
        stopped = [live for live in inside if live.status in STOPPED]
        assert progress.failed == len(stopped), key
        assert progress.open == len(inside) - len(stopped), key
        assert progress.left >= len(inside), key
        assert not key or paths.container(key) in state.live
    for path, live in state.live.items():
        below = [state.blocks[key] for key in tree.child_keys(machine, path)]
        assert live.failed == sum(1 for block in below if not block.open), path
        assert live.open == sum(1 for block in below if block.open), path
        if state.status == "FAILED":
            assert not live.phase, path
            assert live.due is None, path
            assert live.deadline is None, path
    assert set(state.frames) <= set(state.blocks)
    ready = [path for path, live in state.live.items() if live.phase]
    if state.status == "PAUSED":  # what was dropped meanwhile may still stand in line
        assert set(ready) <= set(machine.queue)
    else:
        assert [path for path in machine.queue if path] == ready


class Fate:
    """Decides what happens next, and plays the operator when the instance stands still."""

    def __init__(self, replay: Replay, seed: int) -> None:
        self.replay = replay
        self.random = Random(seed)
        self.facts: list[Fact] = []
        self.running: dict[str, RunStep] = {}
        self.finished: set[str] = set()
        self.patience = 12

    @property
    def machine(self) -> Machine:
        return self.replay.machine

    def tell(self, fact: Fact) -> None:
        self.facts.append(fact)
        self.replay.apply(fact)
        check(self.machine)
        self.take_effects()

    def take_effects(self) -> None:
        effects, self.machine.effects = self.machine.effects, []
        for effect in effects:
            match effect:
                case RunStep(path=path):
                    assert path not in self.finished, f"{path} runs again though it had succeeded"
                    self.running[path] = effect
                case CancelStep(path=path):
                    self.running.pop(path, None)
                case StatusChanged():
                    assert effect.status in TRANSITIONS[effect.previous], effect
                case _:
                    assert not isinstance(effect, Store)

    def live(self) -> None:
        self.tell(Begin(1000))
        for _ in range(2000):
            if self.machine.state.status in ("COMPLETED", "CANCELLED"):
                return
            self.happen()
        raise AssertionError(f"no end: {self.machine.state}")

    def happen(self) -> None:
        now, status = self.machine.state.now + self.random.randint(0, 300), self.machine.state.status
        self.patience -= 1
        troubled = self.patience > 0  # later everything goes well, so that it comes to an end
        if troubled and self.random.random() < 0.25:
            self.tell(self.disturbance(now))
        elif self.running and status in ("RUNNING", "PAUSED"):
            self.tell(self.outcome(now, fail=troubled and self.random.random() < 0.5))
        elif status == "PAUSED":
            self.tell(Control(f"c{now}", "resume", now))
        elif status == "FAILED":
            self.tell(Control(f"c{now}", "retry", now))
        else:
            due = next_timer(self.machine.state)
            assert due is not None, f"stuck: {self.machine.state}"
            self.tell(Tick(max(due, now)))

    def disturbance(self, now: int) -> Fact:
        kind = self.random.choice(["interrupted", "pause", "resume", "retry", "tick"])
        if kind == "tick":
            return Tick(now + self.random.choice([0, 0, 0, 40_000]))
        if kind != "interrupted":
            return Control(f"c{now}", kind, now)  # type: ignore[arg-type]  # one of the actions
        self.running.clear()
        return Interrupted(now)

    def outcome(self, now: int, *, fail: bool) -> Fact:
        path = self.random.choice(sorted(self.running))
        effect = self.running.pop(path)
        if fail:
            return Failed(path, effect.attempt, ErrorInfo("TestError", "by chance"), now, now)
        if self.machine.awaited(path, effect.attempt) is not None:
            self.finished.add(path)
        return Succeeded(path, effect.attempt, now, now, {"n": len(self.facts)})


@given(document=st.integers(0, 10**6), fate=st.integers(0, 10**6))
@PATIENT
def test_whatever_happens_the_bookkeeping_is_right_and_it_ends(replay: type[Replay], document: int, fate: int) -> None:
    """WH-1, WH-5, WH-14, WH-17, LC-1: failures, interruptions, timers and operators in any order: every counter agrees
    with what is live, only allowed moves are made, no finished step is asked for again, and in the end it ends.
    """
    Fate(replay(Author(document).document()), fate).live()


@given(document=st.integers(0, 10**6), fate=st.integers(0, 10**6), every=st.integers(1, 5))
@PATIENT
def test_a_replay_gives_the_same_state_byte_for_byte(
    replay: type[Replay], document: int, fate: int, every: int
) -> None:
    """WH-1: the same facts give the same snapshot and the same records, stored and restored on the way or not."""
    text = Author(document).document()
    lived = Fate(replay(text), fate)
    lived.live()
    again = replay(text).feed(lived.facts)
    assert again.text == lived.replay.text
    assert again.all_records == lived.replay.all_records
    stored = replay(text).feed(lived.facts, every)
    assert stored.text == lived.replay.text
    assert stored.all_records == lived.replay.all_records


def test_a_late_result_changes_nothing(replay: type[Replay], kernel_document: Callable[..., dict[str, Any]]) -> None:
    """WH-2: the result of an attempt that nobody waits for is recorded as ignored, and that is all."""
    machine = replay(kernel_document({"id": "a", "type": "task", "config": {"handler": "t"}}))
    machine.apply(Begin(1000))
    machine.apply(Succeeded("a", 2, 1, 2, "other attempt"))
    machine.apply(Succeeded("nobody", 1, 1, 2))
    assert [record.status for record in machine.all_records] == ["", "IGNORED", "IGNORED"]
    machine.apply(Succeeded("a", 1, 1, 2, "right"))
    machine.apply(Succeeded("a", 1, 1, 3, "again"))
    assert machine.machine.state.status == "COMPLETED"
    assert machine.machine.state.frames[""].outs == {"a": "right"}
