"""A host for the kernel alone: carries its effects out at once, in a time of its own, and notes every fact."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import msgspec
import pytest

from reactory.definition.compile import load_program
from reactory.definition.program import Program
from reactory.kernel.context import Context
from reactory.kernel.effects import Load, RunStep
from reactory.kernel.facts import Begin, ErrorInfo, Fact, Failed, Held, Succeeded, Tick
from reactory.kernel.machine import Machine
from reactory.kernel.records import Record
from reactory.kernel.rules import RULES, Rules
from reactory.kernel.snapshot import decode_state, encode_state
from reactory.kernel.state import State
from reactory.kernel.timers import next_timer

INSTANCE = "instance-1"


def program_of(document: dict[str, Any]) -> Program:
    return load_program(msgspec.json.encode(document))


def drained(machine: Machine) -> None:
    """Carry on until nothing is left to do. Values are never out of line here."""
    while not machine.drain(7):
        assert not any(isinstance(effect, Load) for effect in machine.effects)


class Replay:
    """Facts applied to a fresh machine; with ``every`` the machine is stored and restored after so many of them."""

    def __init__(self, document: dict[str, Any], data: Any = None, rules: Rules = RULES) -> None:
        self.program = program_of(document)
        self.context = Context(INSTANCE, data or {}, rules=rules)
        self.machine = Machine(self.program, State(), self.context)
        self.records: list[Record] = []

    def apply(self, fact: Fact) -> None:
        self.machine.apply(fact)
        drained(self.machine)

    def store_and_restore(self) -> None:
        """What a settle and the next claim do."""
        self.records += self.machine.records
        state = decode_state(encode_state(self.machine.state))
        self.machine = Machine(self.program, state, Context(INSTANCE, self.context.input, rules=self.context.rules))

    def feed(self, facts: Iterable[Fact], every: int = 0) -> Replay:
        for number, fact in enumerate(facts, 1):
            self.apply(fact)
            if every and number % every == 0:
                self.store_and_restore()
        return self

    @property
    def text(self) -> str:
        return encode_state(self.machine.state)

    @property
    def all_records(self) -> list[Record]:
        return self.records + self.machine.records


class Player(Replay):
    """Runs an instance. A step's result is its inputs; a step fails as often as its input ``fails`` says, with an
    error of the ``category``, and each attempt is held as often as ``holds`` says.
    """

    def __init__(self, document: dict[str, Any], data: Any = None) -> None:
        super().__init__(document, data)
        self.facts: list[Fact] = []

    def tell(self, fact: Fact) -> None:
        self.facts.append(fact)
        self.apply(fact)

    def play(self, rounds: int | None = None) -> Player:
        """So many rounds, or until nothing is left to do, timers included."""
        if not self.facts:
            self.tell(Begin(1000))
        for _ in range(2000 if rounds is None else rounds):
            effects, self.machine.effects = self.machine.effects, []
            running = [effect for effect in effects if isinstance(effect, RunStep)]
            for effect in running:
                self.tell(self._perform(effect))
            if running or self.machine.effects:
                continue
            due = next_timer(self.machine.state)
            if due is None:
                return self
            self.tell(Tick(due))
        assert rounds is not None, "it does not come to an end"
        return self

    def _perform(self, effect: RunStep) -> Fact:
        now = self.machine.state.now + 3
        given = effect.input or {}
        if effect.holds < given.get("holds", 0):
            kind, key = next(iter(effect.keys.items()))
            return Held(effect.path, effect.attempt, now, now + 500, kind, key, effect.generation)  # type: ignore[arg-type]
        if effect.attempt <= given.get("fails", 0):
            error = ErrorInfo("TestError", "as told", category=given.get("category", "unknown"))
            return Failed(effect.path, effect.attempt, error, now - 3, now, effect.generation)
        return Succeeded(effect.path, effect.attempt, now - 3, now, given, effect.generation)


@pytest.fixture(scope="session")
def player() -> type[Player]:
    return Player


@pytest.fixture(scope="session")
def replay() -> type[Replay]:
    return Replay


@pytest.fixture(scope="session")
def kernel_document() -> Callable[..., dict[str, Any]]:
    """A document with these steps."""

    def make(*steps: dict[str, Any], **more: Any) -> dict[str, Any]:
        return {"nameSpace": "test", "name": "Kernel", "version": "1.0.0", "steps": list(steps)} | more

    return make
