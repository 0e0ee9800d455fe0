"""Flows written by hand, each small, and each around one construct: for the sweep, and among the random ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from reactory.host.services import Limits
from tests.simulation.workload import AGAIN, CHILD, Document, Workload, payload

WAIT = ("paid", "k")


@dataclass(frozen=True, slots=True)
class Flow:
    """``limits`` are such that short as it is, the flow meets them. ``children`` are documents that it starts, ``events``
    what it waits for. ``deterministic`` as in ``Workload``.
    """

    name: str
    steps: Sequence[Document]
    limits: Limits = field(default_factory=Limits)
    children: Sequence[Document] = ()
    events: Sequence[tuple[str, str]] = ()
    deterministic: bool = True

    @property
    def documents(self) -> list[Document]:
        return [_document(self.name, self.steps), *self.children]

    def workload(self) -> Workload:
        return Workload(
            0, self.documents, [(0.0, 0)], self.deterministic, patience_s=3_600.0, events=self.events, asks=True
        )


def _document(name: str, steps: Sequence[Document]) -> Document:
    return {
        "nameSpace": "sim",
        "name": name,
        "version": "1.0.0",
        "metadata": {"retryPolicy": AGAIN},
        "variables": {"n": 1},
        "steps": list(steps),
    }


def _do(name: str, fails: int = 0, **more: Any) -> Document:
    inputs = {"value": name, "fails": fails}
    return {"id": name, "type": "task", "config": {"handler": "sim.do"}, "inputs": inputs} | more


def _node(name: str, kind: str, **config: Any) -> Document:
    return {"id": name, "type": kind, "config": config}


def _branch(name: str, *steps: Document) -> Document:
    return {"name": name, "steps": list(steps)}


def _undoable(name: str, fails: int = 0) -> Document:
    return _do(name, fails) | {"compensateWith": [_do(f"undo_{name}")]}


def _wait(name: str, **more: Any) -> Document:
    return _node(name, "wait_event", eventName=WAIT[0], eventKey=f"'{WAIT[1]}'", **more)


_EMIT = _node("emit", "emit_event", eventName=WAIT[0], eventKey=f"'{WAIT[1]}'", data=payload(*WAIT))

LINE = Flow(
    "Line",
    [
        _do("a"),
        _do("b", fails=1),
        _node("nap", "delay", duration=500),
        _do("c", continueOnError=True, fails=9),
    ],
)
FORK = Flow(
    "Fork",
    [_node("fork", "parallel", branches=[_branch("x", _do("a"), _do("b")), _branch("y", _do("c"))]), _do("d")],
    Limits(tail_records=2, inline_limit=60),
)
LOOP = Flow(
    "Loop",
    [_node("each", "for_each", items=[1, 2, 3], steps=[_do("a")])],
    Limits(journal_facts=1, tail_records=4),
)
WAITS = Flow("Waits", [_do("a"), _wait("w1"), _wait("w2"), _do("b")], events=[WAIT])
"""Two waits for the same: the second needs an event of its own."""

SELF = Flow("Self", [_EMIT, _do("a"), _wait("w")], events=[WAIT])
"""Its own event came before it waits, unless another did."""

TASKS = Flow(
    "Tasks",
    [
        _node("act", "activity", activityName="print", parameters={"n": "${n}"}, heartbeat=4_000),
        _node("ask", "user_activity", activityType="approval", assignee="ann"),
        _do("a"),
    ],
)
FAMILY = Flow(
    "Family",
    [_node("call", "invoke_workflow", workflowId=f"sim.{CHILD}Small@1.0.0", waitForCompletion=True), _do("a")],
    children=[_document(f"{CHILD}Small", [_do("c"), _do("d", fails=1)])],
)
SPREAD = Flow(
    "Spread",
    [_node("each", "for_each", items=[1, 2, 3], steps=[_do("a")], distributed={"batchSize": 2}), _do("b")],
)
SAGA = Flow(
    "Saga",
    [_node("s", "saga", steps=[_undoable("a"), _undoable("b"), _undoable("c", fails=9)]), _do("d")],
)
AGAIN_SAGA = Flow(
    "SagaAgain",
    [
        _node("s", "saga", steps=[_undoable("a"), _node("in", "saga", steps=[_undoable("b")]), _undoable("c", fails=9)])
        | {"retryPolicy": AGAIN},
        _do("d"),
    ],
)
LATER = Flow(
    "Later",
    [
        _node("later", "schedule", duration=700, steps=[_do("a")]),
        _node(
            "again",
            "recur",
            interval=400,
            until="n >= 3",
            steps=[
                _do("b"),
                {
                    "id": "count",
                    "type": "set_variable",
                    "config": {"action": "set", "key": "n", "value": "${n + 1}"},
                },
            ],
        ),
    ],
)
LATE = Flow(
    "Late",
    [
        _wait("w", timeout=3_000, onTimeout="continue"),
        _node("act", "activity", activityName="print", timeout=6_000) | {"continueOnError": True},
        _do("a"),
    ],
    events=[WAIT],
    deterministic=False,
)

_TURN: Document = {"rateLimit": {"key": "turns", "limit": 1, "per": "2s"}}
HELD = Flow(
    "Held",
    [
        _do("a", **_TURN, concurrency={"key": "one", "limit": 1}),
        _do("b", fails=1, **_TURN, circuitBreaker={"failureThreshold": 1, "recoveryTime": "1s", "successThreshold": 1}),
    ],
)
"""Each waits for its turn, the second for its own breaker too; neither spends an attempt on it."""

_BROKEN = {"id": "b", "type": "task", "config": {"handler": "sim.do"}, "inputs": {"value": "b", "rounds": 1}}
MENDED = Flow(
    "Mended",
    [
        _node(
            "both",
            "parallel",
            branches=[_branch("x", _do("a"), _BROKEN), _branch("y", _node("nap", "delay", duration=60_000), _do("c"))],
        ),
        _do("d"),
    ],
)
"""One branch fails and the other goes on: it is up to an operator whether the instance does, who has a minute for it."""

FLOWS = (LINE, FORK, LOOP, WAITS, SELF, TASKS, FAMILY, SPREAD, SAGA, AGAIN_SAGA, LATER, LATE, HELD, MENDED)
