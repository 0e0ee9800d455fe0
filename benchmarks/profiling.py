"""Where a worker's time goes: one process, every thread of it under the profiler, while it works off instances."""

from __future__ import annotations

import cProfile
import io
import pstats
import threading
import time
from collections import defaultdict
from collections.abc import Sequence
from functools import partial
from typing import Any

import msgspec

from benchmarks.context import Bench
from benchmarks.engine import Engine
from benchmarks.processor import process_seconds, thread_seconds
from benchmarks.report import Figure, Result
from benchmarks.throughput import STEPS
from benchmarks.worker_process import Event, Span, WorkerProcess, run_events, sqs_events

TOP = 25
BATCH = 50
_WARM = 50


class Usage(msgspec.Struct, frozen=True):
    """``threads``: processor seconds by kind of thread. ``table``: the profile, without it None."""

    span: Span
    threads: dict[str, float]
    table: list[str] = []


def run(bench: Bench) -> Result:
    instances = 40 if bench.quick else 1000
    engine = Engine(bench.settings("profile"))
    plain, mongod = _work(bench, engine, instances, profiled=False)
    profiled, _ = _work(bench, engine, instances, profiled=True)
    wall = plain.span.ended - plain.span.began
    threads = ", ".join(f"{kind} {seconds / wall:.2f}" for kind, seconds in plain.threads.items())
    figures = [
        Figure("one worker", instances * STEPS / wall, "steps/s", "", f"batches of {BATCH}"),
        Figure("its share of a processor", plain.span.processor / wall, "", "", threads),
        Figure("mongod's share", mongod / wall, "", "", "user and system"),
        Figure("worker per step", plain.span.processor / instances / STEPS * 1e6, "µs"),
        Figure("mongod per step", mongod / instances / STEPS * 1e6, "µs"),
    ]
    lines = [
        f"processor time of the worker's functions by own time, all threads (profiled: {_slower(plain, profiled):.1f} times slower)"
    ]
    return Result("profile", figures, {"threads": plain.threads}, [*lines, *profiled.table])


def _slower(plain: Usage, profiled: Usage) -> float:
    return (profiled.span.ended - profiled.span.began) / (plain.span.ended - plain.span.began)


def _work(bench: Bench, engine: Engine, instances: int, *, profiled: bool) -> tuple[Usage, float]:
    """What the worker used, and mongod's processor seconds meanwhile."""
    warm, ids = (engine.start("bench.Five", [{"n": n} for n in range(count)]) for count in (_WARM, instances))
    with WorkerProcess(bench.environ("profile")) as worker:
        if profiled:
            worker.call(watch_threads)
        worker.call(run_events, sqs_events(warm, BATCH))
        before = process_seconds(bench.mongod_pid) if bench.mongod_pid else 0.0
        usage = worker.call(use, sqs_events(ids, BATCH), profiled)
        return usage, process_seconds(bench.mongod_pid) - before if bench.mongod_pid else 0.0


_profiles: list[cProfile.Profile] = []
"""Of the threads of the worker's process."""


def watch_threads() -> None:
    """In the worker's process: every thread that begins from now on gets a profile of its own."""

    def begin(*_: Any) -> None:
        profile = _profile()
        _profiles.append(profile)
        profile.enable()

    threading.setprofile(begin)


def _profile() -> cProfile.Profile:
    """Of this thread, by the processor time of this thread, whoever asks in the end."""
    clock = time.pthread_getcpuclockid(threading.get_ident())
    return cProfile.Profile(partial(time.clock_gettime, clock))


def use(events: Sequence[Event], profiled: bool) -> Usage:
    """In the worker's process: work, and tell what was used."""
    before = _threads()
    if not profiled:
        span = run_events(events)
        return Usage(span, {kind: seconds - before.get(kind, 0.0) for kind, seconds in _threads().items()})
    own = _profile()
    own.enable()
    span = run_events(events)
    own.disable()
    return Usage(span, {}, _table([own, *_profiles]))


def _threads() -> dict[str, float]:
    """Processor seconds so far of the loop, the store's threads and the steps' threads together."""
    used: dict[str, float] = defaultdict(float)
    for thread in threading.enumerate():
        if thread.native_id is not None:
            kind = thread.name.removeprefix("reactory-").partition("_")[0]
            used["loop" if thread is threading.main_thread() else kind] += thread_seconds(thread.native_id)
    return dict(used)


def _table(profiles: Sequence[cProfile.Profile]) -> list[str]:
    told = io.StringIO()
    statistics = pstats.Stats(profiles[0], stream=told)
    for profile in profiles[1:]:
        statistics.add(profile)
    statistics.strip_dirs().sort_stats("tottime").print_stats(TOP)
    return [line for line in told.getvalue().splitlines() if line.strip()]
