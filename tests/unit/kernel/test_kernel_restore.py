"""A machine restored from its snapshot goes on exactly as the one that lived on: same state, same order, same effects."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING, Any

import pytest

from reactory.kernel.context import Context
from reactory.kernel.effects import Effect, RunStep
from reactory.kernel.facts import Begin, Control, ErrorInfo, Fact, Failed, Interrupted, Succeeded, Tick
from reactory.kernel.machine import Machine
from reactory.kernel.snapshot import decode_state, encode_state
from reactory.kernel.timers import next_timer

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.unit.kernel.conftest import Replay

Step = dict[str, Any]
PROGRAMS = 300
FACTS = 50
ONCE = {"maxAttempts": 1}


class Author:
    """Writes documents that are full of trouble: short timeouts, suspending containers, wrong mappings, early joins."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        self._number = 0

    def document(self) -> dict[str, Any]:
        more: list[dict[str, Any]] = [{}, {}, {}, {"metadata": {"timeout": 500}}]
        outputs = {"o": {"type": "integer", "source": self.random.choice(["q", "q", "variables.nope"])}}
        return {
            "nameSpace": "test",
            "name": "Trouble",
            "version": "1.0.0",
            "variables": {"q": 0},
            "outputs": outputs,
            "steps": self.steps(0),
        } | self.random.choice(more)

    def steps(self, depth: int) -> list[Step]:
        steps = [self.step(depth) for _ in range(self.random.choice([1, 2, 3] if depth else [2, 3, 4]))]
        if len(steps) > 1 and self.random.random() < 0.35:
            self._as_graph(steps)
        return steps

    def _as_graph(self, steps: list[Step]) -> None:
        ids = [step["id"] for step in steps]
        for number, step in enumerate(steps):
            alone = number == 0 or self.random.random() < 0.5
            step["dependsOn"] = [] if alone else [self.random.choice(ids[:number])]
        rules: list[dict[str, Any]] = [{"strategy": "any"}, {"timeout": 30}, {"strategy": "n_of", "count": 2}]
        steps.append({"id": self._id(), "type": "join", "config": self.random.choice(rules), "dependsOn": ids})
        steps.append(self._task())

    def step(self, depth: int) -> Step:
        kinds = ["task"] * 4 + ["delay", "set_variable"]
        kinds += ["condition", "for_each", "while", "parallel"] * 2 if depth < 3 else []
        kind = self.random.choice([*kinds, "end"] if self.random.random() < 0.1 else kinds)
        if kind in ("task", "end"):
            return self._task() if kind == "task" else {"id": self._id(), "type": kind}
        step: Step = {"id": self._id(), "type": kind, "config": self._config(kind, depth + 1)}
        if kind not in ("delay", "set_variable"):
            step |= self._policy() | self._maybe(0.3, timeout=self.random.choice([20, 50, 200]))
        return step

    def _task(self) -> Step:
        wrong = self._maybe(0.1, outputs={"q": self.random.choice(["1", "variables.nope"])})
        retry = self.random.choice([ONCE, ONCE, {"maxAttempts": 2, "initialDelay": 10}])
        return {"id": self._id(), "type": "task", "config": {"handler": "t"}, "retryPolicy": retry} | (
            wrong | self._policy() | self._maybe(0.15, execution="at_most_once")
        )

    def _config(self, kind: str, depth: int) -> dict[str, Any]:
        count = {"action": "set", "key": "q", "value": "${q + 1}"}
        match kind:
            case "delay":
                return {"duration": self.random.choice([0, 10, 40])}
            case "set_variable":
                return count
            case "condition":
                return {"condition": "q < 2", "thenSteps": self.steps(depth), "elseSteps": self.steps(depth)}
            case "for_each":
                return {"items": "[1, 2, 3]", "maxConcurrency": self.random.choice([1, 2, 5])} | {
                    "steps": self.steps(depth)
                }
            case "while":
                again = {"id": self._id(), "type": "set_variable", "config": count}
                return {"condition": "q < 4", "maxIterations": 3, "steps": [*self.steps(depth), again]}
            case _:
                branches = [{"name": f"b{number}", "steps": self.steps(depth)} for number in range(3)]
                joins: list[dict[str, Any]] = [{"strategy": "any"}, {"strategy": "n_of", "count": 2}, {"timeout": 30}]
                limits = self._maybe(0.3, failFast=True) | self._maybe(0.3, maxConcurrency=1)
                return {"branches": branches} | limits | self._maybe(0.5, join=self.random.choice(joins))

    def _policy(self) -> dict[str, Any]:
        policy = self.random.choice(["retry", "suspend", "suspend", "terminate"])
        return self._maybe(0.15, continueOnError=True) | self._maybe(0.4, errorPolicy=policy)

    def _maybe(self, chance: float, **entry: Any) -> dict[str, Any]:
        return entry if self.random.random() < chance else {}

    def _id(self) -> str:
        self._number += 1
        return f"s{self._number}"


class Twins:
    """One machine that lives on, and before every fact another one made of its snapshot, which is told the same."""

    def __init__(self, replay: Replay) -> None:
        self._replay = replay

    @property
    def machine(self) -> Machine:
        return self._replay.machine

    def tell(self, fact: Fact) -> None:
        before = encode_state(self.machine.state)
        self.machine.effects.clear()
        effects = self._told(self.machine, fact)
        other = Machine(self._replay.program, decode_state(before), Context(self._replay.context.instance_id, {}))
        assert self._told(other, fact) == effects, fact
        assert encode_state(other.state) == self._replay.text, fact
        live = self.machine.state.live
        in_line = [path for path in self.machine.queue if path in live and live[path].phase]
        assert in_line == [path for path, node in live.items() if node.phase], fact

    @staticmethod
    def _told(machine: Machine, fact: Fact) -> list[Effect]:
        drain_all(machine)
        machine.apply(fact)
        drain_all(machine)
        return [*machine.effects]


def drain_all(machine: Machine) -> None:
    for _ in range(1000):
        if machine.drain(7):
            return
    raise AssertionError(f"it is never through: {machine.state}")


class Fate:
    """What may happen to an instance next, by chance."""

    def __init__(self, machine: Machine, random: Random) -> None:
        self._machine = machine
        self._random = random
        self._asked = 0
        self.now = 0

    def next(self) -> Fact | None:
        """None when nothing more can happen."""
        state = self._machine.state
        running = [p for p, n in state.live.items() if n.status == "RUNNING" and n.attempt and not n.phase]
        self.now += self._random.choice([0, 1, 5, 15])
        timer = next_timer(state)
        choices: list[Callable[[], Fact]] = []
        if running:
            path = self._random.choice(running)
            attempt = state.live[path].attempt
            choices += [lambda: Succeeded(path, attempt, self.now, self.now, {"v": 1})] * 4
            choices += [lambda: Failed(path, attempt, ErrorInfo("E", "by chance"), self.now, self.now)] * 2
        if timer is not None:
            choices += [lambda: self._tick(timer)] * 3
        asks: dict[str, list[str]] = {"RUNNING": ["pause"], "PAUSED": ["resume"] * 2, "FAILED": ["retry"]}
        choices += [lambda: self._ask(self._random.choice(asks[state.status]))] * len(asks.get(state.status, []))
        if state.status in ("RUNNING", "PAUSED") and self._random.random() < 0.15:
            choices.append(lambda: Interrupted(self.now))
        return self._random.choice(choices)() if choices else None

    def _tick(self, timer: int) -> Fact:
        self.now = max(self.now, timer)
        return Tick(self.now)

    def _ask(self, action: Any) -> Fact:
        self._asked += 1
        return Control(f"c{self._asked}", action, self.now)


def live(replay: type[Replay], seed: int) -> None:
    author = Author(seed)
    twins = Twins(replay(author.document()))
    fate = Fate(twins.machine, author.random)
    fact: Fact | None = Begin(0)
    for _ in range(FACTS):
        if fact is None:
            return
        twins.tell(fact)
        fact = fate.next()


@pytest.mark.parametrize("part", range(5))
def test_a_restored_machine_is_the_one_that_was_stored(replay: type[Replay], part: int) -> None:
    """WH-1: whatever happened before, a machine that was stored and restored comes to the same state, byte for byte,
    and asks for the same, as the one that lived on; and nothing stands in line that a restored one would not find.
    """
    for seed in range(part, PROGRAMS, 5):
        try:
            live(replay, seed)
        except AssertionError as error:
            raise AssertionError(f"program {seed}: {error}") from error


def test_what_was_held_when_its_container_timed_out_keeps_its_place(replay: type[Replay]) -> None:
    """WH-1, WH-17: a step that a pause held back, and whose container then times out into a suspension, is begun once by
    the next resume, in the same order by a restored machine.
    """
    first, second, third = ({"id": name, "type": "task", "config": {"handler": "t"}} for name in "abc")
    branches = [{"name": "x", "steps": [third]}, {"name": "y", "steps": [first, second]}]
    box = {"id": "p", "type": "parallel", "config": {"branches": branches}, "timeout": 20, "errorPolicy": "suspend"}
    twins = Twins(replay({"nameSpace": "test", "name": "Held", "version": "1.0.0", "steps": [box]}))
    facts: list[Fact] = [Begin(0), Control("1", "pause", 5), Succeeded("p/a", 1, 0, 6), Control("2", "resume", 50)]
    for fact in facts:
        twins.tell(fact)
    twins.tell(Tick(65))
    assert twins.machine.state.status == "PAUSED"
    twins.tell(Control("3", "resume", 100))
    assert [effect.path for effect in twins.machine.effects if isinstance(effect, RunStep)] == ["p/c", "p/b"]
    assert not twins.machine.queue
