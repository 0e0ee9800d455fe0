"""``python -m benchmarks.chaos [--minutes N] [--seed N]``: load, while mongod and workers are killed with SIGKILL at random.

What must hold: every instance ends with the result that it would have had undisturbed, children included; no step whose
success was recorded begins again; what was recorded is never changed.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.context import MODULE
from benchmarks.effects import read
from benchmarks.engine import Engine
from benchmarks.judgement import begun_again
from benchmarks.proof import proof_stack
from benchmarks.recorded import Attempt, recorded
from reactory.exceptions import ReactoryError
from reactory.local.mongod import Mongod, MongodOptions, start_mongod
from reactory.local.stack import LocalStack
from reactory.settings import Settings

WORKFLOW = "bench.Chaos"
WORKERS = 3
LEASE_MS = 3000
AT_ONCE = 60
"""Instances that are under way at any time."""

PAUSE = (0.5, 4.0)
"""Seconds between two kills, from and to."""

MONGOD_SHARE = 0.25
"""How many of the kills are mongod's."""

QUIET_SECONDS = 180.0
"""How long after the last kill everything has to have ended."""

_SHOWN = 20


@dataclass
class Story:
    """What has happened so far."""

    ids: list[str] = field(default_factory=list)
    workers_killed: int = 0
    mongods_killed: int = 0
    seen: dict[tuple[str, int], Attempt] = field(default_factory=dict)
    changed: list[str] = field(default_factory=list)


def main(arguments: Sequence[str] | None = None) -> int:
    """0 when nothing was lost and nothing ran twice that was recorded."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.chaos", description=__doc__)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="reactory-chaos-", ignore_cleanup_errors=True) as scratch:
        chaos = Chaos(Path(scratch), asked.seed)
        violations = chaos.run(asked.minutes * 60)
    story = chaos.story
    sys.stdout.write(
        f"{len(story.ids)} instances with a child each, {story.workers_killed} workers and {story.mongods_killed} times mongod "
        f"killed in {asked.minutes:g} min; {len(story.seen)} recorded attempts, {chaos.executions} executions, "
        f"{chaos.interrupted} ended by a kill\n"
    )
    for violation in violations[:_SHOWN]:
        sys.stdout.write(f"VIOLATION: {violation}\n")
    sys.stdout.write(f"{len(violations)} violations\n")
    return 1 if violations else 0


class Chaos:
    def __init__(self, scratch: Path, seed: int) -> None:
        self._scratch = scratch
        self._random = random.Random(seed)
        self._effects = scratch / "chaos.effects"
        self._options = MongodOptions(scratch / "mongod", cache_gb=1.0)
        self._published: set[str] = set()
        self._swept = 0.0
        self.story = Story()
        self.executions = self.interrupted = 0

    def run(self, seconds: float) -> list[str]:
        mongod = start_mongod(self._options)
        self._options = MongodOptions(self._options.data, port=mongod.port, cache_gb=1.0)
        environ = {"REACTORY_LEASE_MS": str(LEASE_MS), "REACTORY_HEARTBEAT_MS": "500"}
        try:
            with proof_stack(mongod.uri, "chaos", self._effects, workers=WORKERS, environ=environ) as stack:
                settings = Settings(mongodb_uri=mongod.uri, database="chaos", aws="memory", modules=[str(MODULE)])
                engine = Engine(settings, stack.queue)
                mongod = self._disturb(stack, engine, mongod, seconds)
                self._calm(stack, engine)
                return self._judge(engine)
        finally:
            mongod.kill()

    def _disturb(self, stack: LocalStack, engine: Engine, mongod: Mongod, seconds: float) -> Mongod:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            pause = time.monotonic() + self._random.uniform(*PAUSE)
            while time.monotonic() < pause:
                self._tend(stack, engine)
                time.sleep(0.05)
            if self._random.random() < MONGOD_SHARE:
                mongod.kill()
                self.story.mongods_killed += 1
                time.sleep(self._random.uniform(0, 1))
                mongod = start_mongod(self._options)
            else:
                self._kill_worker(stack)
            self._witness(engine)
        return mongod

    def _kill_worker(self, stack: LocalStack) -> None:
        living = sorted(stack.pids())
        if living:
            with suppress(ProcessLookupError):
                os.kill(self._random.choice(living), signal.SIGKILL)
                self.story.workers_killed += 1

    def _tend(self, stack: LocalStack, engine: Engine) -> None:
        """Keep the load up, publish what is waited for, and let the minute rule fire more often than once a minute."""
        with suppress(ReactoryError):
            open_ones = sum(engine.statuses()[status] for status in ("PENDING", "RUNNING"))
            if open_ones < AT_ONCE:
                self._start(engine, 10)
            self._publish(engine)
        if time.monotonic() - self._swept > 1:
            stack.invoke("host-sweeper", {})
            self._swept = time.monotonic()

    def _start(self, engine: Engine, count: int) -> None:
        for n in range(len(self.story.ids), len(self.story.ids) + count):
            started = engine.runner.start.start_workflow(
                WORKFLOW, None, {"n": n, "work": 20}, idempotency_key=f"chaos-{n}"
            )
            self.story.ids.append(started.instance.id)

    def _publish(self, engine: Engine) -> None:
        """Each event some time after its instance began, under a key, so that it may be tried again."""
        for n in range(len(self.story.ids)):
            key = f"k{n}"
            if key in self._published or self._random.random() < 0.7:
                continue
            engine.runner.events.publish("chaos", key, {"n": n}, idempotency_key=f"chaos-{n}")
            self._published.add(key)

    def _calm(self, stack: LocalStack, engine: Engine) -> None:
        """No more kills: everything has to end."""
        end = time.monotonic() + QUIET_SECONDS
        while time.monotonic() < end:
            with suppress(ReactoryError):
                self._publish(engine)
                if not engine.statuses().keys() & {"PENDING", "RUNNING"}:
                    break
            if time.monotonic() - self._swept > 1:
                stack.invoke("host-sweeper", {})
                self._swept = time.monotonic()
            time.sleep(0.1)
        self._witness(engine)

    def _witness(self, engine: Engine) -> None:
        """Note what is durable now, and whether something that was durable before has changed."""
        for attempt in recorded(engine):
            first = self.story.seen.setdefault((attempt.key, attempt.attempt), attempt)
            if not first.is_same(attempt):
                self.story.changed.append(f"{first} was recorded, and later {attempt}")

    def _judge(self, engine: Engine) -> list[str]:
        happened = read(self._effects)
        phases = [effect.phase for effect in happened]
        self.executions = phases.count("begin")
        self.interrupted = self.executions - phases.count("end")
        wrong = list(begun_again(self.story.seen.values(), happened)) + self.story.changed
        found = engine.instances(self.story.ids)
        for n, instance_id in enumerate(self.story.ids):
            instance = found.get(instance_id)
            if instance is None or instance.status != "COMPLETED":
                what = "gone" if instance is None else f"{instance.status}: {instance.reason}"
                wrong.append(f"{instance_id} (n={n}) is {what}")
            elif (outputs := engine.outputs(instance)) != expected(n):
                wrong.append(f"{instance_id} gave {outputs}, not {expected(n)}")
        counts = engine.statuses()
        if counts["COMPLETED"] != 2 * len(self.story.ids):
            wrong.append(f"{len(self.story.ids)} instances with a child each, but there are {dict(counts)}")
        left = engine.database["instances"].count_documents(
            {"$or": [{"inbox.0": {"$exists": True}}, {"outbox.0": {"$exists": True}}, {"waits": {"$exists": True}}]}
        )
        return wrong + ([f"{left} instances have something left in inbox, outbox or waits"] if left else [])


def expected(n: int) -> dict[str, Any]:
    """The outputs of an instance that was started with ``n``."""
    return {"n": n + 2, "items": [2, 3, 4], "child": n + 2, "undone": True}


if __name__ == "__main__":
    sys.exit(main())
