"""Recorded histories: the facts of a whole instance and the state that they led to, replayed on every change.

A file in ``golden/`` holds a document, its input, the facts in order and the final state. It is what an instance that
began under an older version of the kernel has in its journal, so a file that is there is never changed: a kernel that
comes to another state than the file says would break instances that are under way.

To record one for a new construct, add its document to ``DOCUMENTS`` and run::

    REACTORY_RECORD_GOLDEN=1 pytest tests/unit/kernel/test_golden.py

which writes the files that do not exist yet and leaves the others alone. Look at it, then commit it.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from reactory.kernel.facts import (
    Answered,
    ChildEnded,
    Control,
    ErrorInfo,
    EventArrived,
    Fact,
    Interrupted,
    Tick,
)
from reactory.kernel.rules import BEFORE_STRATEGIES, CURRENT, Rules

if TYPE_CHECKING:
    from tests.unit.kernel.conftest import Player, Replay

FOLDER = Path(__file__).parent / "golden"


class Golden(msgspec.Struct, forbid_unknown_fields=True):
    document: dict[str, Any]
    input: dict[str, Any]
    facts: list[Fact]
    state: dict[str, Any]
    edition: int = BEFORE_STRATEGIES
    """That of the retry rules which the instance was started under."""


def task(step_id: str, fails: int = 0, holds: int = 0, category: str = "", **more: Any) -> dict[str, Any]:
    told = {"fails": fails, "holds": holds, "category": category}
    inputs = {"id": step_id, **{name: value for name, value in told.items() if value}}
    return {"id": step_id, "type": "task", "config": {"handler": "t"}, "inputs": inputs} | more


def node(step_id: str, kind: str, **config: Any) -> dict[str, Any]:
    return {"id": step_id, "type": kind, "config": config}


def flow(name: str, *steps: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"nameSpace": "golden", "name": name, "version": "1.0.0", "steps": list(steps)} | more


RETRY = {"retryPolicy": {"maxAttempts": 2, "initialDelay": 1000}}

DOCUMENTS: dict[str, dict[str, Any]] = {
    "order": flow(
        "Order",
        task("check", outputs={"checked": "steps.check.id"}),
        node("each", "for_each", items="input.lines", maxConcurrency=2, steps=[task("reserve", fails=1), task("note")]),
        node("nap", "delay", durationText="1m"),
        node(
            "poll",
            "while",
            condition="n < 3",
            steps=[node("add", "set_variable", action="set", key="n", value="${n + 1}"), task("ask")],
        ),
        node("choose", "condition", condition="n == 3", thenSteps=[task("yes")], elseSteps=[task("no")]),
        node(
            "pick",
            "switch",
            value="input.kind",
            cases=[{"when": "a", "steps": [task("in_a")]}],
            default=[task("other")],
        ),
        metadata=RETRY,
        variables={"n": 0, "checked": ""},
        inputs={"lines": {"type": "array"}, "kind": {"type": "string"}},
        outputs={"n": {"type": "integer", "source": "n"}, "lines": {"type": "array", "source": "steps.each.results"}},
    ),
    "graph": flow(
        "Graph",
        task("a", dependsOn=[]),
        task("b", fails=9, dependsOn=[], continueOnError=True),
        node("slow", "delay", duration=60_000) | {"dependsOn": ["a"]},
        node("first", "join", strategy="any") | {"dependsOn": ["slow", "b"]},
        node(
            "both",
            "parallel",
            failFast=True,
            branches=[
                {"name": "x", "steps": [task("bx", fails=2)]},
                {"name": "y", "steps": [node("by", "delay", duration=9000), task("bz")]},
            ],
        ),
        node("say", "log", message="bx: ${steps.bx.id}"),
        metadata=RETRY,
    ),
    "waits": flow(
        "Waits",
        node("paid", "wait_event", eventName="paid", eventKey="input.id", timeout=90_000, outputVariable="payment"),
        node("late", "wait_event", eventName="late", timeout=1000, onTimeout="continue"),
        node("tell", "emit_event", eventName="told", eventKey="'k'", data={"sum": "${payment.sum}"}),
        node("ask", "user_activity", activityType="approval", assignee="ann", escalation={"after": 500, "assignee": "bob"}),
        node("print", "activity", activityName="print", parameters={"n": 1})
        | {"retryPolicy": {"maxAttempts": 2, "initialDelay": 1000, "jitter": False}},
        node("call", "invoke_workflow", workflowId="golden.Child", input={"n": 2}, waitForCompletion=True),
        node("left", "invoke_workflow", workflowId="golden.Child"),
        outputs={"action": {"type": "string", "source": "steps.ask.outputs.action"}},
    ),
    "saga": flow(
        "Saga",
        node(
            "trip",
            "saga",
            steps=[
                task("flight", compensateWith=[task("no_flight")]),
                node("rooms", "for_each", items="input.rooms", maxConcurrency=1, steps=[
                    task("room", compensateWith=[task("no_room", fails=1)]),
                ]),
                task("car", fails=9, compensateWith=[task("no_car")]),
            ],
            compensate=[task("sorry")],
        )
        | {"retryPolicy": {"maxAttempts": 2, "initialDelay": 1000, "jitter": False}},
        task("alone", fails=9, errorPolicy="compensate", compensateWith=[task("not_alone")]),
        task("after"),
        metadata=RETRY,
    ),
    "strategies": flow(
        "Strategies",
        task("net", fails=2, category="network"),
        task("slow", fails=2, category="timeout", timeout=1000),
        task("denied", fails=1, category="permission"),
        task("busy", fails=1, category="resource"),
        task("odd", fails=1, category="unknown"),
        task("wrong", fails=1, category="validation", continueOnError=True),
        task("named", fails=3, retryPolicy={"policy": "NETWORK", "jitter": False, "maxAttempts": 4}),
        task("turn", fails=1, holds=2, rateLimit={"key": "r-${workflow.tenant}", "limit": 1, "per": "1s"}),
        task("bank", fails=1, holds=1, circuitBreaker=True),
        node("each", "for_each", items=[1, 2], steps=[task("one", holds=1, concurrency={"key": "c", "limit": 1})]),
        metadata={},
    ),
    "later": flow(
        "Later",
        node("remind", "schedule", durationText="1h", steps=[task("reminder")]),
        node("poll", "recur", interval=1000, until="n >= 2", steps=[
            node("count", "set_variable", action="set", key="n", value="${n + 1}"),
        ]),
        node("spread", "for_each", items=[1, 2, 3], distributed={"batchSize": 2}, steps=[task("one")]),
        task("end"),
        variables={"n": 0},
    ),
}  # fmt: skip
INPUTS: dict[str, dict[str, Any]] = {
    "order": {"lines": ["p", "q", "r"], "kind": "b"},
    "waits": {"id": "o1"},
    "saga": {"rooms": ["x", "y"]},
}


def from_outside(played: Player) -> bool:
    """Answer, as the world would, what the first wait asks for; whether there was one."""
    state = played.machine.state
    now = state.now + 7
    for path, live in state.live.items():
        for child in live.children.values():
            played.tell(
                ChildEnded(child, "COMPLETED", now, {"results": [path, path][: 2 if live.cursor < 2 else 1]}, number=2)
            )
            return True
        if live.wait is None or path == "late":
            continue
        match live.wait.kind:
            case "event":
                played.tell(EventArrived("other", "paid", "o2", now, now, {}))
                played.tell(EventArrived("e1", "paid", "o1", now, now, {"sum": 5}))
            case "user":
                played.tell(Tick(state.now + 500))
                played.tell(Answered(live.wait.id, now, {"action": "approve"}, by="bob"))
            case "activity" if live.attempt == 1:
                played.tell(Answered(live.wait.id, now, error=ErrorInfo("PrintError", "no paper")))
            case "activity":
                played.tell(Answered(live.wait.id, now, {"pages": 1}))
            case "child":
                played.tell(ChildEnded(live.wait.id, "COMPLETED", now, {"n": 4}, number=2))
        return True
    return False


def record(name: str, player: type[Player]) -> None:
    """Run the document, with an interruption and the requests of an operator on the way."""
    played = player(DOCUMENTS[name], INPUTS.get(name, {})).play(0 if name in ("waits", "later") else 3)
    played.tell(Control("c1", "pause", played.machine.state.now + 1, by="ann"))
    played.tell(Interrupted(played.machine.state.now + 1))
    played.tell(Control("c2", "resume", played.machine.state.now + 1, by="ann"))
    rewound = name != "later"
    while played.machine.state.status == "RUNNING":
        if not rewound and "end" in played.machine.state.frames[""].stat:
            rewound = True
            played.tell(Control("c4", "rewind", played.machine.state.now + 1, step="poll"))
        elif not from_outside(played):
            played.play(1)
    if played.machine.state.status == "FAILED":
        played.tell(Control("c3", "retry", played.machine.state.now + 1, by="ann"))
        played.play()
    golden = Golden(DOCUMENTS[name], INPUTS.get(name, {}), played.facts, msgspec.json.decode(played.text), CURRENT)
    text = msgspec.json.format(msgspec.json.encode(golden), indent=1)
    (FOLDER / f"{name}.json").write_bytes(text + b"\n")


@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_document_has_its_recording(name: str, player: type[Player]) -> None:
    """A golden history exists for each document; recording is asked for, never done by the way."""
    if os.environ.get("REACTORY_RECORD_GOLDEN") and not (FOLDER / f"{name}.json").exists():
        record(name, player)
    assert (FOLDER / f"{name}.json").exists()


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.json")), ids=lambda path: path.stem)
@pytest.mark.parametrize("every", [0, 1, 3])
def test_a_recorded_history_leads_to_the_recorded_state(path: Path, every: int, replay: type[Replay]) -> None:
    """WH-1, WH-18: the facts of an older kernel lead to the same state, also when it is stored on the way."""
    golden = msgspec.json.decode(path.read_bytes(), type=Golden)
    replayed = replay(golden.document, golden.input, Rules(golden.edition)).feed(golden.facts, every)
    assert msgspec.json.decode(replayed.text) == golden.state
    assert golden.state["status"] == "COMPLETED"
