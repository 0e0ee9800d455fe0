"""EventBridge rules that fire by time: once right after the start, then at their rate."""

from __future__ import annotations

import math
import re
import threading
import time
import uuid
from collections.abc import Callable
from typing import Any

from reactory.exceptions import StartupError
from reactory.local.lambda_context import ACCOUNT, REGION
from reactory.local.process import Outcome
from reactory.topology import FunctionSpec

_UNITS = {"minute": 60.0, "hour": 3600.0, "day": 86400.0}
_RATE = re.compile(r"rate\((\d+) (minute|hour|day)s?\)")


def rate_seconds(rule: str) -> float:
    """Seconds between two firings of ``rate(1 minute)`` and the like."""
    match = _RATE.fullmatch(rule)
    if match is None:
        raise StartupError(
            f"The local stack does not know the rule {rule!r}; it fires those of the form rate(5 minutes)."
        )
    return int(match[1]) * _UNITS[match[2]]


def to_event(rule: str, now: float) -> dict[str, Any]:
    """The event of a scheduled rule. ``now`` is seconds since the epoch."""
    return {
        "version": "0",
        "id": str(uuid.uuid4()),
        "detail-type": "Scheduled Event",
        "source": "aws.events",
        "account": ACCOUNT,
        "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now)),
        "region": REGION,
        "resources": [f"arn:aws:events:{REGION}:{ACCOUNT}:rule/{rule}"],
        "detail": {},
    }


class RuleClock:
    """Fires one function's rule. A firing that is still running when the next is due swallows it."""

    def __init__(self, function: FunctionSpec, invoke: Callable[[object], Outcome]) -> None:
        assert function.rule is not None
        self._function = function
        self._every = rate_seconds(function.rule)
        self._invoke = invoke
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._loop, name=f"rule-{function.name}", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        self._closing.set()

    def join(self) -> None:
        if self._thread.is_alive():
            self._thread.join()

    def fire(self) -> Outcome:
        """Invoke the function now."""
        return self._invoke(to_event(self._function.name, time.time()))

    def _loop(self) -> None:
        due = time.monotonic()
        while not self._closing.wait(max(0.0, due - time.monotonic())):
            self.fire()
            due += self._every * max(1, math.ceil((time.monotonic() - due) / self._every))
