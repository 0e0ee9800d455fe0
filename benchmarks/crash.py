"""The crash proof: worker processes are killed with SIGKILL at random moments while instances run.

What must hold: every instance completes with the result that it would have had undisturbed; no step whose success was
recorded begins again, nor one whose successor has begun; what was recorded is never changed. The database is read
after every kill, so that a record that were lost later on would be missed, and the steps' own notes tell what ran.
"""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import msgspec

from benchmarks import proof
from benchmarks.context import Bench
from benchmarks.effects import Follower, read
from benchmarks.engine import Engine
from benchmarks.judgement import begun_again, begun_out_of_order
from benchmarks.proof import proof_stack, wait_until
from benchmarks.recorded import Attempt, recorded
from benchmarks.report import Figure, Result
from reactory.local.stack import LocalStack
from reactory.settings import Settings

SWEEP_EVERY = 1.0
"""Seconds. The minute rule, fired more often: a proof has no minutes to lose."""

_MORE = 10
_SHOWN = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """``work_ms`` is how long each step takes; ``lease_ms`` how long a killed worker's instances stand still.

    Should all ``instances`` be through before all ``kills`` were done, a few more are started, so that no kill is idle.
    """

    instances: int = 200
    kills: int = 50
    seed: int = 1
    workers: int = 3
    work_ms: int = 60
    lease_ms: int = 2000
    heartbeat_ms: int = 300
    deadline: float = 300.0


class Outcome(msgspec.Struct, frozen=True):
    """``violations`` is what must not be. ``interrupted`` counts executions that a kill ended."""

    plan: dict[str, float]
    kills: int
    started: int
    completed: int
    executions: int
    interrupted: int
    seconds: float
    violations: list[str]


def run(bench: Bench) -> Result:
    plan = Plan(instances=20, kills=3) if bench.quick else Plan()
    settings = bench.settings("crash")
    outcome = prove(plan, settings.mongodb_uri, settings.database, bench.scratch / "crash.effects")
    figures = [
        Figure("workers killed", outcome.kills, "", f"{plan.kills}", f"seed {plan.seed}, {outcome.seconds:.0f} s"),
        Figure("instances completed", outcome.completed, "", f"{outcome.started}"),
        Figure("executions of steps", outcome.executions, "", "", f"{outcome.interrupted} ended by a kill"),
        Figure("violations", len(outcome.violations), "", "0", "finished steps begun again, results that differ"),
    ]
    passed = not outcome.violations and outcome.completed == outcome.started
    return Result("crash", figures, msgspec.to_builtins(outcome), outcome.violations[:_SHOWN], passed)


def prove(plan: Plan, uri: str, database: str, effects: Path) -> Outcome:
    """Run the plan on a database of its own; ``effects`` is the file for the steps' notes."""
    environ = {"REACTORY_LEASE_MS": str(plan.lease_ms), "REACTORY_HEARTBEAT_MS": str(plan.heartbeat_ms)}
    with proof_stack(uri, database, effects, workers=plan.workers, environ=environ) as stack:
        settings = Settings(mongodb_uri=uri, database=database, aws="memory")
        engine = Engine(settings, stack.queue)
        began = time.monotonic()
        killing = _Killing(plan, stack, engine, Follower(effects))
        killing.start(plan.instances)
        killing.run()
        killing.finish()
        seconds = time.monotonic() - began
    happened = read(effects)
    violations = [
        *begun_again(killing.seen.values(), happened),
        *begun_out_of_order(happened),
        *killing.changed,
        *_wrong_results(engine, killing.ids),
    ]
    phases = [effect.phase for effect in happened]
    return Outcome(
        plan={name: getattr(plan, name) for name in plan.__slots__},
        kills=killing.kills,
        started=len(killing.ids),
        completed=engine.statuses()["COMPLETED"],
        executions=phases.count("begin"),
        interrupted=phases.count("begin") - phases.count("end"),
        seconds=seconds,
        violations=violations,
    )


class _Killing:
    """The killer, and the witness who reads the database after every kill."""

    def __init__(self, plan: Plan, stack: LocalStack, engine: Engine, effects: Follower) -> None:
        self._plan = plan
        self._stack = stack
        self._engine = engine
        self._effects = effects
        self._random = random.Random(plan.seed)
        self._begun = 0
        self._workers: set[int] = set()
        self._deadline = time.monotonic() + plan.deadline
        self._swept = 0.0
        self.ids: list[str] = []
        self.kills = 0
        self.seen: dict[tuple[str, int], Attempt] = {}
        self.changed: list[str] = []

    def start(self, count: int) -> None:
        """Start that many instances more."""
        first = len(self.ids)
        inputs = [{"n": n, "work": self._plan.work_ms} for n in range(first, first + count)]
        self.ids += self._engine.start(proof.WORKFLOW, inputs)

    def run(self) -> None:
        """Kill at random points of the progress, all of which come before the end."""
        least = int(self._plan.instances * proof.EXECUTIONS * 0.9)
        for moment in sorted(self._random.choices(range(1, least), k=self._plan.kills)):
            self._wait(partial(self._has_begun, moment), f"the begin of step execution {moment}")
            self._pause()
            self._wait(self._kill, "a worker to be killed")
            self.witness()

    def finish(self) -> None:
        """Until nothing is left to do; what is unfinished at the deadline is found by the checks."""
        self._wait(self._all_done, "the end of all instances", every=0.1)
        self.witness()

    def witness(self) -> None:
        """Note what is durable now, and whether something that was durable before has changed."""
        for attempt in recorded(self._engine):
            first = self.seen.setdefault((attempt.key, attempt.attempt), attempt)
            if not first.is_same(attempt):
                self.changed.append(f"{first} was recorded, and later {attempt}")

    def _wait(self, condition: Callable[[], bool], what: str, every: float = 0.003) -> None:
        def look() -> bool:
            self._follow()
            return condition()

        wait_until(look, self._deadline - time.monotonic(), what, every)

    def _all_done(self) -> bool:
        return not self._engine.statuses().keys() & {"PENDING", "RUNNING"}

    def _has_begun(self, count: int) -> bool:
        return self._begun >= count

    def _follow(self) -> None:
        for effect in self._effects.more():
            if effect.phase == "begin":
                self._begun += 1
                self._workers.add(effect.pid)
        if time.monotonic() - self._swept > SWEEP_EVERY:
            self._stack.invoke("host-sweeper", {})
            if self.kills < self._plan.kills and self._all_done():
                self.start(_MORE)
            self._swept = time.monotonic()

    def _pause(self) -> None:
        """Not always right after a step has begun: also while results are written, or nothing happens."""
        time.sleep(self._random.uniform(0, 0.05))

    def _kill(self) -> bool:
        """Kill one of the workers that have run steps already; the others are still starting."""
        living = [pid for pid in self._stack.pids() if pid in self._workers]
        if not living:
            return False
        victim = self._random.choice(sorted(living))
        os.kill(victim, signal.SIGKILL)
        self._workers.remove(victim)
        self.kills += 1
        return True


def _wrong_results(engine: Engine, ids: Sequence[str]) -> list[str]:
    found = engine.instances(ids)
    wrong = []
    for n, instance_id in enumerate(ids):
        instance = found[instance_id]
        if instance.status != "COMPLETED":
            wrong.append(f"{instance_id} is {instance.status}: {instance.reason}")
        elif (outputs := engine.outputs(instance)) != proof.expected(n):
            wrong.append(f"{instance_id} gave {outputs}, not {proof.expected(n)}")
    return wrong
