"""Steps of the tests' own module: each does one small thing that a test can recognise."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

from reactory import PermanentStepError, StepContext, step

LOOK_AGAIN = 0.01


@step("plant.greet")
def greet(name: str, times: int, ctx: StepContext) -> dict[str, Any]:
    return {"text": " ".join(["Hello", name] * times), "key": ctx.idempotency_key}


@step("plant.grow")
def grow(text: str, size: int) -> dict[str, Any]:
    """Something of about ``size`` bytes."""
    return {"text": (text * (size // len(text) + 1))[:size]}


@step("plant.measure")
def measure(text: str) -> dict[str, Any]:
    return {"length": len(text)}


@step("plant.hold")
def hold(folder: str, ctx: StepContext) -> dict[str, Any]:
    """Tell that the attempt runs, by a file ``begun-<process id>``, then wait until there is a file ``gate``."""
    Path(folder, f"begun-{os.getpid()}").touch()
    while not Path(folder, "gate").exists():
        if ctx.cancelled.wait(LOOK_AGAIN):
            raise PermanentStepError("nobody waits for this attempt any more")
    return {"pid": os.getpid()}


@step("plant.terminate")
def terminate() -> dict[str, Any]:
    """The process is told to end while the step runs, as Lambda does before it takes a container away."""
    os.kill(os.getpid(), signal.SIGTERM)
    return {"told": True}


@step("plant.refuse")
def refuse(fixed: str) -> dict[str, Any]:
    """Fails until the file is there: a fault that an operator repairs."""
    if not Path(fixed).exists():
        raise PermanentStepError(f"{fixed} is missing: create it, then retry")
    return {"ok": True}
