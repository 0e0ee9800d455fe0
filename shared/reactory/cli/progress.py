"""What is known of an instance's steps while it is being watched: the view as it is now, and the times from its history.

The view says what every step is doing; the history says when the finished ones began and how long they took. Each look
fetches only the part of the history that is new.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from reactory.cli.client import segment

if TYPE_CHECKING:
    from reactory.cli.client import Client

FINISHED = frozenset({"COMPLETED", "FAILED", "CANCELLED", "CLEANING_UP"})
_PAGE = 500
_MAX_STEPS = 200
"""Executions inside of loops that are kept on show; the earliest finished go first."""


@dataclass(slots=True)
class Step:
    """One execution. ``duration`` is milliseconds of the last attempt."""

    path: str
    type: str
    status: str
    attempt: int = 0
    duration: int | None = None
    note: str = ""

    def detail(self) -> str:
        """How long, which attempt, and what else: as it stands behind the status."""
        attempt = f"attempt {self.attempt}" if self.attempt > 1 else ""
        parts = [part for part in (duration_text(self.duration), attempt, self.note) if part]
        return f"  {', '.join(parts)}" if parts else ""


@dataclass(slots=True)
class Progress:
    """Call ``look`` again and again. ``changes`` is what the last look found in the history, in its order."""

    instance: dict[str, Any] = field(default_factory=dict)
    steps: dict[str, Step] = field(default_factory=dict)
    changes: list[Step] = field(default_factory=list)
    hidden: int = 0
    _after: int = -1

    @property
    def status(self) -> str:
        return str(self.instance.get("status", ""))

    @property
    def finished(self) -> bool:
        return self.status in FINISHED

    def look(self, client: Client, instance_id: str) -> None:
        """The instance first: so a finished instance's history is complete."""
        path = f"/workflow/instance/{segment(instance_id)}"
        self.instance = client.get(path)
        self.changes = []
        for entry in self._new_entries(client, f"{path}/history"):
            self._learn(entry)
        self._show_live()
        self._say_for_what()
        self._forget()

    def live(self) -> Iterator[Step]:
        """The steps of the view, in its order: containers before what is in them."""
        for shown in self.instance["steps"]:
            if (step := self.steps.get(shown["path"])) is not None:
                yield step

    def _new_entries(self, client: Client, path: str) -> Iterator[dict[str, Any]]:
        while True:
            page = client.get(path, {"after": self._after, "limit": _PAGE})
            for entry in page["history"]:
                self._after = entry["seq"]
                yield entry
            if page["nextAfter"] is None:
                return

    def _learn(self, entry: dict[str, Any]) -> None:
        path, status = entry.get("path"), entry.get("status")
        if not path or not status or status == "IGNORED":
            return
        known = self.steps.get(path)
        error = entry.get("error") or {}
        self.steps[path] = Step(
            path=path,
            type=entry.get("type") or (known.type if known else ""),
            status=status,
            attempt=entry.get("attempt") or (known.attempt if known else 0),
            duration=entry.get("durationMs") if "durationMs" in entry else (known.duration if known else None),
            note=error.get("message", ""),
        )
        self.changes.append(replace(self.steps[path]))

    def _show_live(self) -> None:
        """What the view says holds now; the order of the document's own steps is the document's."""
        ordered: dict[str, Step] = {}
        for shown in self.instance["steps"]:
            known = self.steps.pop(shown["path"], None)
            step = known or Step(path=shown["path"], type=shown["type"], status=shown["status"])
            step.status = shown["status"]
            step.attempt = max(step.attempt, shown.get("attempt", 0))
            step.note = _note(shown) or (step.note if step.status == "FAILED" else "")
            ordered[step.path] = step
        self.steps = ordered | self.steps

    def _say_for_what(self) -> None:
        """The history says that a step has begun to wait, the view for what."""
        for change in self.changes:
            step = self.steps.get(change.path)
            if change.status == "WAITING" and step is not None and step.status == "WAITING":
                change.note = step.note

    def _forget(self) -> None:
        """A loop may have any number of rounds; a screen has not."""
        inner = [path for path, step in self.steps.items() if "/" in path and step.status in FINISHED | {"SKIPPED"}]
        for path in inner[: max(0, len(self.steps) - _MAX_STEPS)]:
            del self.steps[path]
            self.hidden += 1


def _note(shown: dict[str, Any]) -> str:
    if progress := shown.get("progress"):
        return f"{progress['begun'] - progress['running']} of {progress['total']} done"
    if waiting := shown.get("waitingFor"):
        return f"for {waiting}"
    if due := shown.get("due"):
        return f"until {due}"
    error = shown.get("error") or {}
    return str(error.get("message", ""))


def duration_text(milliseconds: int | None) -> str:
    if milliseconds is None:
        return ""
    return f"{milliseconds} ms" if milliseconds < 1000 else f"{milliseconds / 1000:.1f} s"
