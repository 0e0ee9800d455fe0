"""``Run``: one instance of a workflow under test."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reactory.kernel.facts import ControlAction
from reactory.ports.store import InstanceQuery

if TYPE_CHECKING:
    from reactory.testing.tester import WorkflowTester

_OVER = frozenset({"COMPLETED", "FAILED", "CANCELLED"})
_MAX_ROUNDS = 10_000
_MAX_CHILDREN = 1000


class NotFinishedError(AssertionError):
    """The run waits for something that no passing of time brings about; the message says for what."""


class Run:
    """What became of it so far. Nothing moves unless the tester, or a method here, moves it."""

    def __init__(self, tester: WorkflowTester, instance_id: str) -> None:
        self._tester = tester
        self.id = instance_id

    def __repr__(self) -> str:
        return f"<Run {self.id} {self.status}>"

    # --- seeing --------------------------------------------------------------------------------------------------

    @property
    def view(self) -> dict[str, Any]:
        """Everything, as ``GET /workflow/instance/{id}`` answers it."""
        return self._tester.engine.see(self.id)

    @property
    def status(self) -> str:
        return str(self.view["status"])

    @property
    def reason(self) -> dict[str, Any] | None:
        """Why it failed, was paused or cancelled: ``code``, ``message``, ``stepId``."""
        found: dict[str, Any] | None = self.view["reason"]
        return found

    @property
    def outputs(self) -> Any:
        """The outputs of a COMPLETED run; AssertionError with the reason for any other."""
        seen = self.view
        assert seen["status"] == "COMPLETED", f"the run is {_state(seen)}"
        return seen["outputs"]

    @property
    def variables(self) -> dict[str, Any]:
        found: dict[str, Any] = self.view["variables"]
        return found

    @property
    def steps(self) -> dict[str, str]:
        """Path → status of every step that is known of."""
        seen = {entry["path"]: entry["status"] for entry in self.history if "path" in entry and "status" in entry}
        return seen | {shown["path"]: shown["status"] for shown in self.view["steps"]}

    @property
    def history(self) -> list[dict[str, Any]]:
        """Every event in order, as ``GET /workflow/instance/{id}/history`` answers it."""
        return self._tester.engine.history(self.id)

    @property
    def children(self) -> list[Run]:
        """The runs that this one has started, the oldest first."""
        query = InstanceQuery(parent=self.id, sort="createdAt", limit=_MAX_CHILDREN)
        return [Run(self._tester, child.id) for child in self._tester.engine.instances.list(query).instances]

    # --- going on ------------------------------------------------------------------------------------------------

    def run_to_completion(self) -> Run:
        """Let time pass from timer to timer until the run is over, whatever it took: days take milliseconds.

        Raises NotFinishedError when it waits for something else than time.
        """
        for _ in range(_MAX_ROUNDS):
            if self.status in _OVER:
                return self
            if not self._tester.to_next_timer():
                raise NotFinishedError(f"{self._name()} did not end: it is {_state(self.view)}. {self._advice()}")
        raise NotFinishedError(f"{self._name()} did not end in {_MAX_ROUNDS} timers: it is {_state(self.view)}")

    def pause(self, reason: str = "") -> Run:
        return self._control("pause", reason)

    def resume(self) -> Run:
        return self._control("resume", "")

    def cancel(self, reason: str = "") -> Run:
        return self._control("cancel", reason)

    def retry(self) -> Run:
        """Take a failed run up again at what failed."""
        return self._control("retry", "")

    def _control(self, action: ControlAction, reason: str) -> Run:
        self._tester.engine.runner.control.control(self.id, action, reason=reason, caller="test")
        self._tester.work()
        return self

    def _name(self) -> str:
        return f"{self.view['workflowId']}@{self.view['version']}"

    def _advice(self) -> str:
        seen = self.view
        if seen["status"] == "PAUSED":
            return "Call run.resume()."
        advice = dict.fromkeys(_advice(wait) for wait in seen["waits"])
        return f"Bring about what it waits for, then go on: {', '.join(advice)}." if advice else ""


def _advice(wait: dict[str, Any]) -> str:
    match wait["kind"]:
        case "event":
            return f"reactory.publish({wait['name']!r}, {wait['key'] or ''!r}, data)"
        case "user":
            return f"reactory.complete_task({wait['path']!r}, action)"
        case "activity":
            return f"reactory.complete_activity({wait['path']!r}, result)"
        case _:
            return f"what its child {wait['id']} waits for: see run.children"


def _state(seen: dict[str, Any]) -> str:
    """The status, and what it is due to."""
    reason = seen["reason"] or {}
    parts = [seen["status"], *(f"{key} {reason[key]!r}" for key in ("code", "message", "stepId") if reason.get(key))]
    open_steps = [_open(shown) for shown in seen["steps"] if shown["status"] in _OPEN]
    return "; ".join([", ".join(parts), *open_steps])


_OPEN = frozenset({"RUNNING", "SLEEPING", "WAITING", "FAILED", "PENDING"})


def _open(shown: dict[str, Any]) -> str:
    what = f" for {shown['waitingFor']}" if "waitingFor" in shown else ""
    return f"{shown['path']} {shown['status']}{what}"
