"""An instance being watched without a terminal: one line per change, in the order in which the changes happened.

What has ended comes from the history, which has that order; what is going on comes from the view. Of a long loop only
the first changes are told one by one, and every failure; then one line says how far the loop is.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from reactory.cli.progress import Progress, Step

MAX_TOLD = 100
"""Changes inside of one loop that are told one by one."""


class Lines:
    """Call ``new`` after each look."""

    def __init__(self) -> None:
        self._instance = ""
        self._told: dict[str, tuple[str, int]] = {}
        self._inside: Counter[str] = Counter()
        self._left_out: Counter[str] = Counter()
        self._progress: dict[str, str] = {}

    def new(self, progress: Progress) -> Iterator[str]:
        """What has not been told yet: the instance first when it is new, last when its status has changed."""
        if not self._instance:
            yield from self._first(progress)
        for change in progress.changes:
            yield from self._begun_around(progress, change.path)
            yield from self._step(change)
        ended = {change.path: change.status for change in progress.changes}
        for step in progress.live():
            if step.status != "PENDING" and (progress.finished or _holds(step, ended.get(step.path))):
                yield from self._step(step)
        yield from self._loops(progress)
        yield from self._instance_status(progress)

    def _first(self, progress: Progress) -> Iterator[str]:
        instance = progress.instance
        self._instance = "" if progress.finished else progress.status
        name = f"instance {instance['instanceId']}  {instance['workflowId']}@{instance['version']}"
        yield f"{name}  {self._instance}".rstrip()

    def _instance_status(self, progress: Progress) -> Iterator[str]:
        """Why a finished instance has not completed is told by the command itself, when the watching is over."""
        if progress.status != self._instance:
            self._instance = progress.status
            reason = "" if progress.finished else (progress.instance.get("reason") or {}).get("message", "")
            yield f"instance {progress.instance['instanceId']}  {progress.status}  {reason}".rstrip()

    def _begun_around(self, progress: Progress, path: str) -> Iterator[str]:
        """The containers that a change is in, as far as they go on: they began before it."""
        for position, letter in enumerate(path):
            container = progress.steps.get(path[:position]) if letter in "/[" else None
            if container and container.status == "RUNNING" and container.path not in self._told:
                yield from self._step(container)

    def _step(self, step: Step) -> Iterator[str]:
        known = (step.status, step.attempt)
        told = self._told.get(step.path)
        if told == known or (told and told[0] == step.status and not step.attempt):
            return
        self._told[step.path] = known
        loop = loop_of(step.path)
        self._inside[loop] += 1
        if loop and self._inside[loop] > MAX_TOLD and step.status != "FAILED":
            self._left_out[loop] += 1
            return
        yield f"{step.path}  {step.status}{step.detail()}"

    def _loops(self, progress: Progress) -> Iterator[str]:
        """How far the loops are of which something is left out; at their end, how much that was."""
        for loop, count in list(self._left_out.items()):
            step = progress.steps.get(loop)
            if step is not None and step.status == "RUNNING":
                line = f"{loop}  {step.note}, {count} changes inside not shown"
            else:
                line = f"{loop}  {count} changes inside not shown"
                del self._left_out[loop]
            if self._progress.get(loop) != line:
                self._progress[loop] = line
                yield line


def _holds(step: Step, ended: str | None) -> bool:
    """The view is older than the history that was fetched after it: what has ended since is not going on again, but
    what has failed may be waiting for its next attempt.
    """
    return ended is None or (ended == "FAILED" and step.status == "SLEEPING")


def loop_of(path: str) -> str:
    """The outermost loop that an execution is in: ``each`` for ``each[3]/inner``."""
    return path.partition("[")[0] if "[" in path else ""
