"""Steps of the tests' own module: each does one small thing that a test can recognise."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from reactory import PermanentStepError, StepContext, step


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
def hold(begun: str, gate: str) -> dict[str, Any]:
    """Tell that the step runs, then wait until somebody opens the gate: two named pipes."""
    if begun:
        Path(begun).write_text("begun", encoding="ascii")
        return {"said": Path(gate).read_text(encoding="ascii")}
    return {"said": ""}


@step("plant.refuse")
def refuse(fixed: str) -> dict[str, Any]:
    """Fails until the file is there: a fault that an operator repairs."""
    if not Path(fixed).exists():
        raise PermanentStepError(f"{fixed} is missing: create it, then retry")
    return {"ok": True}
