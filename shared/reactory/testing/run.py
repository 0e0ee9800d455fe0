"""``Run``: one instance of a workflow under test."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reactory.kernel.facts import ControlAction

if TYPE_CHECKING:
    from reactory.testing.tester import WorkflowTester

_OVER = frozenset({"COMPLETED", "FAILED", "CANCELLED"})
_MAX_ROUNDS = 10_000


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
        return "Bring about what it waits for, then go on: an event with reactory.publish(name, key, data)."


def _state(seen: dict[str, Any]) -> str:
    """The status, and what it is due to."""
    reason = seen["reason"] or {}
    parts = [seen["status"], *(f"{key} {reason[key]!r}" for key in ("code", "message", "stepId") if reason.get(key))]
    waits = [_wait(wait) for wait in seen["waits"]]
    open_steps = [f"{shown['path']} {shown['status']}" for shown in seen["steps"] if shown["status"] in _OPEN]
    return "; ".join([", ".join(parts), *waits, *open_steps])


_OPEN = frozenset({"RUNNING", "SLEEPING", "WAITING", "FAILED", "PENDING"})


def _wait(wait: Any) -> str:
    key = f" with the key {wait.key!r}" if getattr(wait, "key", None) else ""
    return f"waiting for {wait.name!r}{key}"
