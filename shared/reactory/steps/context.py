"""What a running step may know about the attempt that runs it."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable, Mapping, MutableMapping
from threading import Event
from typing import Any

import msgspec

_LOGGER = logging.getLogger("reactory.step")


class StepLog(logging.LoggerAdapter[logging.Logger]):
    """A logger that adds the attempt's identity to every record, beside the ``extra`` of the call (OB-4)."""

    def process(self, msg: Any, kwargs: MutableMapping[str, Any]) -> tuple[Any, MutableMapping[str, Any]]:
        kwargs["extra"] = {**(kwargs.get("extra") or {}), **(self.extra or {})}
        return msg, kwargs


class StepContext(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """One attempt of one step. A step gets it by annotating a parameter: ``def charge(amount: int, ctx: StepContext)``.

    ``path`` names the execution (``lines[3]/reserve``), ``attempt`` counts from 1, ``config`` is the step's rendered
    ``config``. ``cancelled`` is set when the attempt has timed out or the instance was cancelled: a step that runs
    long on a thread asks it now and then and stops. ``deadline`` is in seconds of ``monotonic``; None is no limit.
    ``refresh_credentials``: the last attempt failed for want of permission, and this is the one more that such an error
    gets (EH-5): fetch the credentials anew before using them.
    """

    instance_id: str
    workflow_id: str
    version: str
    path: str
    step_id: str
    attempt: int = 1
    generation: int = 0
    tenant: str = "default"
    config: Mapping[str, Any] = {}
    cancelled: Event = msgspec.field(default_factory=Event)
    deadline: float | None = None
    monotonic: Callable[[], float] = time.monotonic
    refresh_credentials: bool = False

    @property
    def idempotency_key(self) -> str:
        """The same for every attempt of this step of this instance (WH-19): hand it to whoever must act only once. A step
        that is run anew after it was undone, or after a rewind, has another one.
        """
        again = f"~{self.generation}" if self.generation else ""
        return f"{self.instance_id}/{self.path}{again}"

    def remaining(self) -> float:
        """Seconds until this attempt times out: never negative, infinite without a timeout."""
        if self.deadline is None:
            return math.inf
        return max(0.0, self.deadline - self.monotonic())

    @property
    def log(self) -> StepLog:
        """A logger bound to the instance, the step and the attempt."""
        identity = {
            "instance_id": self.instance_id,
            "workflow_id": self.workflow_id,
            "workflow_version": self.version,
            "step_id": self.step_id,
            "step_path": self.path,
            "attempt": self.attempt,
            "tenant": self.tenant,
        }
        return StepLog(_LOGGER, identity)
