"""Throughput: 1,000 five-step instances, worked off by worker processes through the real handler."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import ExitStack
from statistics import median

import msgspec

from benchmarks.context import Bench
from benchmarks.engine import Engine
from benchmarks.processor import Machine, process_seconds
from benchmarks.report import Figure, Result
from benchmarks.worker_process import WorkerProcess, run_events, sqs_events

STEPS = 5
BATCHES = (50, 10)
"""SQS hands a function ten messages at once, more only where it may wait for them."""

_WARM = 10


class Run(msgspec.Struct, frozen=True):
    """One run. The shares are of one processor: 1.0 is a processor fully used."""

    batch: int
    instances: int
    create_seconds: float
    work_seconds: float
    worker_share: float
    mongod_share: float
    others_share: float
    stolen_share: float

    @property
    def steps_per_second(self) -> float:
        return self.instances * STEPS / self.work_seconds

    @property
    def with_creation(self) -> float:
        return self.instances * STEPS / (self.work_seconds + self.create_seconds)


def run(bench: Bench) -> Result:
    instances, repeats = (40, 1) if bench.quick else (1000, 5)
    engine = Engine(bench.settings("throughput"))
    with ExitStack() as stack:
        workers = [stack.enter_context(WorkerProcess(bench.environ("throughput"))) for _ in range(bench.workers)]
        _warm(engine, workers)
        # the batch sizes take turns, so that a noisy minute does not fall on one of them alone
        runs = [measure(bench, engine, workers, instances, batch) for _ in range(repeats) for batch in BATCHES]
    figures = [figure for batch in BATCHES for figure in _figures(batch, [one for one in runs if one.batch == batch])]
    return Result("throughput", figures, {"workers": bench.workers, "runs": msgspec.to_builtins(runs)})


def measure(bench: Bench, engine: Engine, workers: Sequence[WorkerProcess], instances: int, batch: int) -> Run:
    """Create the instances, then have them worked off, and see that each has the right result."""
    began = time.monotonic()
    ids = engine.start("bench.Five", [{"n": n} for n in range(instances)])
    created = time.monotonic() - began
    shares = [sqs_events(ids[number :: len(workers)], batch) for number in range(len(workers))]
    machine, mongod = Machine.now(), process_seconds(bench.mongod_pid or 0) if bench.mongod_pid else 0.0
    futures = [worker.submit(run_events, events) for worker, events in zip(workers, shares, strict=True)]
    spans = [future.result() for future in futures]
    wall = max(span.ended for span in spans) - min(span.began for span in spans)
    after = Machine.now()
    mongod = process_seconds(bench.mongod_pid) - mongod if bench.mongod_pid else 0.0
    ours = sum(span.processor for span in spans)
    _verify(engine, ids)
    return Run(
        batch=batch,
        instances=instances,
        create_seconds=created,
        work_seconds=wall,
        worker_share=ours / wall,
        mongod_share=mongod / wall,
        others_share=max(0.0, after.busy - machine.busy - ours - mongod) / wall,
        stolen_share=(after.stolen - machine.stolen) / wall,
    )


def _warm(engine: Engine, workers: Sequence[WorkerProcess]) -> None:
    """A container that has worked before: imports, connection and compiled definition are another benchmark's."""
    for worker in workers:
        worker.call(run_events, sqs_events(engine.start("bench.Five", [{"n": n} for n in range(_WARM)]), _WARM))


def _verify(engine: Engine, ids: Sequence[str]) -> None:
    found = engine.instances(ids)
    for n, instance_id in enumerate(ids):
        instance = found[instance_id]
        outputs = engine.outputs(instance) if instance.status == "COMPLETED" else None
        if outputs != {"n": n + STEPS}:
            raise AssertionError(f"instance {instance_id} is {instance.status} with {outputs}, not {n + STEPS}")


def _figures(batch: int, runs: Sequence[Run]) -> list[Figure]:
    rates = [one.steps_per_second for one in runs]
    aim = "5,000" if batch == max(BATCHES) else ""
    note = f"median of {len(runs)}, {min(rates):,.0f} to {max(rates):,.0f}"
    shares = ", ".join(
        f"{name} {median(getattr(one, field) for one in runs):.2f}"
        for name, field in (
            ("workers", "worker_share"),
            ("mongod", "mongod_share"),
            ("other processes", "others_share"),
            ("stolen", "stolen_share"),
        )
    )
    return [
        Figure(f"steps in batches of {batch}", median(rates), "steps/s", aim, note),
        Figure(f"with creation, batches of {batch}", median(one.with_creation for one in runs), "steps/s", "", shares),
    ]
