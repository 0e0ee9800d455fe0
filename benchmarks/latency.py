"""Latency: one five-step instance at a time, from its start to COMPLETED, runner and worker in one process."""

from __future__ import annotations

import time
from statistics import median

from benchmarks.context import Bench
from benchmarks.engine import Engine
from benchmarks.report import Figure, Result
from benchmarks.worker_process import WorkerProcess, invoke, sqs_events

_WARM = 20


def run(bench: Bench) -> Result:
    samples = 10 if bench.quick else 300
    Engine(bench.settings("latency"))
    with WorkerProcess(bench.environ("latency")) as process:
        took = sorted(process.call(sample, samples))
    figures = [
        Figure("five steps, p50", median(took), "ms", "15", f"{samples} instances, one at a time"),
        Figure("five steps, p99", took[int(len(took) * 0.99) - 1], "ms", "", f"longest {took[-1]:.1f} ms"),
    ]
    return Result("latency", figures, {"milliseconds": [round(one, 3) for one in took]})


def sample(count: int) -> list[float]:
    """In the worker's process: milliseconds from ``start_workflow`` to the end of the pass that completed it."""
    from functions.runner.wiring import runner

    took: list[float] = []
    for n in range(count + _WARM):
        began = time.perf_counter()
        started = runner().start.start_workflow("bench.Five", None, {"n": n})
        invoke(sqs_events([started.instance.id], 1)[0])
        took.append((time.perf_counter() - began) * 1000)
        instance = runner().services.instances.get(started.instance.id)
        if instance is None or instance.status != "COMPLETED":
            raise AssertionError(f"instance {started.instance.id} did not complete in one pass")
    return took[_WARM:]
