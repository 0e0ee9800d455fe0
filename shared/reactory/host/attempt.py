"""One attempt of one step: the handler found, called, timed, and its result or error made into a fact."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from reactory.exceptions import StepError, StepTimeoutError, UnknownHandlerError
from reactory.host.guards import Passage
from reactory.host.services import Services
from reactory.host.threads import StepThreads
from reactory.kernel.effects import RunStep
from reactory.kernel.facts import Failed, Succeeded
from reactory.kernel.severity import level_of, severity_of
from reactory.steps.context import StepContext
from reactory.steps.errors import describe_error
from reactory.steps.function import StepFunction
from reactory.steps.values import to_json_value

_LOG = logging.getLogger("reactory.step")
_LEVELS = {"error": logging.ERROR, "warning": logging.WARNING, "info": logging.INFO}

Outcome = Succeeded | Failed
Report = Callable[["Attempt", Outcome], None]


class Attempt:
    """A running attempt, of at most ``limit`` ms. ``report`` is called once, on the loop, with the fact; never after ``cancel``.
    ``passage`` is what its guards gave it.
    """

    __slots__ = (
        "_given_up",
        "_limit",
        "_running",
        "_services",
        "_started",
        "_task",
        "_thread",
        "_timer",
        "context",
        "effect",
        "over",
        "passage",
        "report",
    )

    def __init__(self, services: Services, effect: RunStep, context: StepContext, limit: int, report: Report) -> None:
        self._services = services
        self.effect = effect
        self.context = context
        self._limit = limit
        self.report = report
        self.passage: Passage | None = None
        self.over = False
        self._running = self._given_up = False
        self._started = services.clock.now()
        self._task: asyncio.Task[None] | None = None
        self._thread: StepThreads | None = None
        self._timer: asyncio.TimerHandle | None = None

    def start(self, loop: asyncio.AbstractEventLoop, threads: StepThreads, inputs: Mapping[str, Any]) -> None:
        """Begin to run. A handler that does not exist, or arguments that do not fit, fail on the next turn."""
        function = self._services.steps.get(self.effect.handler)
        if function is None:
            loop.call_soon(self._finish, self._failure(_unknown(self.effect.handler)))
            return
        limit = self._limit
        if function.is_async:
            self._task = loop.create_task(self._await(function, inputs, limit))
            return
        self._thread = threads

        def started() -> None:
            if not self.over:
                self._running = True
                self._timer = loop.call_later(limit / 1000, self._timed_out, limit)

        threads.submit(loop, lambda: self._call(function, inputs), self._returned, started)

    def cancel(self) -> None:
        """Nobody waits for it any more: an async step is cancelled, a sync one is told and left to end by itself."""
        if not self.over:
            self._stop()
            if self._task is not None:
                self._task.cancel()

    def _stop(self) -> None:
        self.over = True
        self.context.cancelled.set()
        if self._timer is not None:
            self._timer.cancel()
        if self._thread is not None and self._running:
            self._thread.give_up()
            self._given_up = True

    def _call(self, function: StepFunction, inputs: Mapping[str, Any]) -> Outcome:
        """On a thread."""
        if self.over:  # cancelled while it stood in line
            return self._failure(StepTimeoutError("cancelled before it began"))
        try:
            return self._success(function.function(**function.arguments(inputs, self.context)))
        except BaseException as error:  # noqa: BLE001 - whatever user code raises, sys.exit too, fails the attempt
            return self._failure(error)

    async def _await(self, function: StepFunction, inputs: Mapping[str, Any], limit: int) -> None:
        try:
            async with asyncio.timeout(limit / 1000) as scope:
                value = await function.function(**function.arguments(inputs, self.context))
            outcome: Outcome = self._success(value)
        except TimeoutError as error:
            outcome = self._failure(_too_late(self.effect, limit) if scope.expired() else error)
        except asyncio.CancelledError as error:
            if self.over:
                raise
            outcome = self._failure(error)
        except BaseException as error:
            if isinstance(error, GeneratorExit) and self._is_thrown_away():
                raise
            outcome = self._failure(error)
        self._finish(outcome)

    def _is_thrown_away(self) -> bool:
        """Whether nobody runs the coroutine any more and it is only closed, with its loop."""
        try:
            return asyncio.current_task() is not self._task
        except RuntimeError:
            return True

    def _returned(self, outcome: Outcome) -> None:
        """A thread is through, perhaps long after anybody waited for it."""
        if self._thread is not None:
            if self._given_up:
                self._thread.taken_back()
            else:
                self._thread.finished()
        self._finish(outcome)

    def _timed_out(self, limit: int) -> None:
        if not self.over:
            self._stop()
            self.report(self, self._failure(_too_late(self.effect, limit)))

    def _finish(self, outcome: Outcome) -> None:
        if self.over:
            return
        self.over = True
        if self._timer is not None:
            self._timer.cancel()
        self.report(self, outcome)

    def _success(self, value: Any) -> Succeeded:
        effect = self.effect
        result = to_json_value(value, effect.handler)
        now = self._services.clock.now()
        return Succeeded(effect.path, effect.attempt, self._started, now, result, effect.generation)

    def _failure(self, error: BaseException) -> Failed:
        effect = self.effect
        now = self._services.clock.now()
        info = describe_error(error, now)
        trace = error if error.__traceback__ is not None and not isinstance(error, StepError) else None
        extra: dict[str, Any] = {
            "instance_id": self.context.instance_id,
            "step_path": effect.path,
            "attempt": effect.attempt,
        }
        extra |= {"category": info.category, "severity": severity_of(info.category)}
        text = "attempt %s of step '%s' failed: %s: %s"
        level = _LEVELS[level_of(info.category)]
        _LOG.log(level, text, effect.attempt, effect.path, info.type, info.message, exc_info=trace, extra=extra)
        return Failed(effect.path, effect.attempt, info, self._started, now, effect.generation)


def _unknown(handler: str) -> UnknownHandlerError:
    return UnknownHandlerError(
        f"no step '{handler}' is registered in this worker: deploy the module that defines it, then retry the instance"
    )


def _too_late(effect: RunStep, limit: int) -> StepTimeoutError:
    return StepTimeoutError(f"attempt {effect.attempt} of '{effect.path}' took longer than its timeout of {limit} ms")


def too_large(value: Any, limit: int) -> bytes | None:
    """The value's JSON if it is larger than ``limit`` bytes and has to go out of line."""
    encoded = msgspec.json.encode(value)
    return encoded if len(encoded) > limit else None
