"""The steps of the benchmarks. ``BENCH_EFFECTS`` names the file in which the noted ones leave what they did."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.effects import STACK, VARIABLE, Effect, append, read
from reactory import RetryableStepError, StepContext, step

_BLOCKED_SECONDS = 600.0


@step("bench.add")
def add(n: int) -> dict[str, int]:
    """As little as a step can do."""
    return {"n": n + 1}


@step("bench.noted")
def noted(n: int, work: int, ctx: StepContext) -> dict[str, int]:
    """Takes ``work`` milliseconds."""
    with _noted(ctx):
        time.sleep(work / 1000)
        return {"n": n + 1}


@step("bench.many")
def many(count: int) -> dict[str, list[int]]:
    """Something to spread."""
    return {"items": list(range(count))}


@step("bench.broken")
def broken(work: int, ctx: StepContext) -> None:
    """Never succeeds."""
    with _noted(ctx):
        time.sleep(work / 1000)
        raise RetryableStepError("fails on purpose")


@step("bench.flaky")
def flaky(n: int, work: int, ctx: StepContext) -> dict[str, int]:
    """Fails at the first attempt."""
    with _noted(ctx):
        time.sleep(work / 1000)
        if ctx.attempt == 1:
            raise RetryableStepError("the first attempt fails on purpose")
        return {"n": n + 10}


@step("bench.block")
def block(n: int, ctx: StepContext) -> dict[str, int]:
    """Never comes back from the first execution."""
    began = any(effect.key == ctx.idempotency_key for effect in read(_file()))
    with _noted(ctx):
        if not began:
            time.sleep(_BLOCKED_SECONDS)
        return {"n": n + 1}


@contextmanager
def _noted(ctx: StepContext) -> Iterator[None]:
    def note(phase: str) -> None:
        stack = os.environ.get(STACK, "")
        append(_file(), Effect(ctx.idempotency_key, ctx.attempt, os.getpid(), phase, time.time_ns(), stack))

    note("begin")
    try:
        yield
    finally:
        note("end")


def _file() -> Path:
    return Path(os.environ[VARIABLE])
