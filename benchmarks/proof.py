"""What a crash proof runs: instances of ``bench.Proof`` on a local stack, every result known beforehand."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from benchmarks.context import MODULE
from benchmarks.effects import STACK, VARIABLE
from reactory.local.options import DevOptions
from reactory.local.output import Quiet
from reactory.local.stack import LocalStack

WORKFLOW = "bench.Proof"
EXECUTIONS = 10
"""Executions of steps that an undisturbed instance needs."""

BEFORE: dict[str, tuple[str, ...]] = {
    "first": (),
    "item": ("first",),
    "l1": ("first", "item"),
    "l2": ("first", "item", "l1"),
    "r1": ("first", "item"),
    "flaky": ("first", "item", "l1", "l2", "r1"),
    "last": ("first", "item", "l1", "l2", "r1", "flaky"),
}
"""Step → the steps that have to be through before it begins."""


def expected(n: int) -> dict[str, Any]:
    """The outputs of an instance that was started with ``n``."""
    items = [n + 1, n * 2, n * 3]
    return {
        "n": n + 11,
        "items": [{"n": item + 1} for item in items],
        "both": {"left": {"n": n + 2}, "right": {"n": n + 101}},
    }


def proof_stack(
    uri: str,
    database: str,
    effects: Path,
    *,
    name: str = "",
    workers: int = 2,
    environ: Mapping[str, str] | None = None,
) -> LocalStack:
    """A local stack whose steps note what they do in ``effects``, under the stack's ``name``."""
    options = DevOptions(
        port=0,
        modules=(MODULE,),
        mongodb_uri=uri,
        database=database,
        workers=workers,
        reload=False,
        environ={
            VARIABLE: str(effects),
            STACK: name,
            "REACTORY_LOG_LEVEL": "ERROR",
            # containers are started again and again: let them find their bytecode, but leave none in the tree
            "PYTHONDONTWRITEBYTECODE": "",
            "PYTHONPYCACHEPREFIX": str(effects.parent / "bytecode"),
            **(environ or {}),
        },
    )
    return LocalStack(options, output=Quiet())


def wait_until(condition: Callable[[], bool], seconds: float, what: str, every: float = 0.01) -> None:
    """Look until it is so. Raises TimeoutError that says ``what`` did not happen."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what} did not happen within {seconds:.0f} s")
        time.sleep(every)
