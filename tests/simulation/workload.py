"""What is run: random documents from the whole language beside hand-written ones, and steps whose fate is the seed's.

What a step does depends on the seed, its path and its attempt alone: it takes as long, fails and returns as before
wherever and however often it runs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any
from zlib import crc32

import msgspec

Document = dict[str, Any]
HANDLERS = ("sim.do", "sim.sync")
OUTWARD = ("wait", "wait", "emit", "activity", "user")
"""Leaves that have to do with others."""

SHARED = ("paid", "k")
"""The name of the event that every wait of a document that is not calm asks for, and one of its keys."""

CHILD, LOOSE = "Child", "Loose"
"""The workflows that others start: one is waited for, the other is left alone."""

FATES = ("", "", "", "network", "timeout", "permission", "resource", "system", "unknown", "validation")
"""Categories of what bodies raise."""

GUARDS: Sequence[Document] = (
    {"concurrency": {"key": "c", "limit": 1}},
    {"concurrency": {"key": "c", "limit": 2}},
    {"rateLimit": {"key": "r", "limit": 2, "per": "3s"}},
    {"circuitBreaker": {"key": "b", "failureThreshold": 2, "recoveryTime": "2s", "halfOpenMaxAttempts": 1}},
)

AGAIN: Document = {"maxAttempts": 2, "initialDelay": 100, "jitter": False}
_DURATIONS = (0.0, 0.0, 0.001, 0.02, 0.3, 2.0, 8.0)


@dataclass(frozen=True, slots=True)
class Workload:
    """``documents`` are registered, ``starts`` are (seconds, index of the document) of the instances.

    ``deterministic``: its outcome does not depend on how long anything takes or on what runs side by side, so it can
    be compared with that of an undisturbed run. ``patience_s`` is how long an undisturbed run may take. ``events`` are
    (name, key) of what is waited for, ``asks``: something in it is to be done by people or workers outside.
    """

    seed: int
    documents: Sequence[Document]
    starts: Sequence[tuple[float, int]]
    deterministic: bool
    patience_s: float = 600.0
    events: Sequence[tuple[str, str]] = ()
    asks: bool = False

    def seconds(self, path: str, attempt: int) -> float:
        """How long a body takes."""
        return _DURATIONS[crc32(f"{self.seed}/{path}/{attempt}".encode()) % len(_DURATIONS)]


class FateError(Exception):
    """What a body raises: of a category, as an error of a step's own says it."""

    def __init__(self, message: str, category: str) -> None:
        super().__init__(message)
        self.category = category


def perform(  # noqa: PLR0917 - which execution it is, and its inputs
    path: str, attempt: int, generation: int, value: Any = None, fails: int = 0, rounds: int = 0, category: str = ""
) -> Document:
    """What a body comes to; raises FateError in its first ``fails`` attempts, and in its first ``rounds`` generations.

    Its result says of which execution it is.
    """
    if attempt <= fails or generation < rounds:
        raise FateError(f"{path} fails", category or "unknown")
    return {"value": value, "path": path, "generation": generation}


def payload(name: str, key: str) -> Document:
    """What every event of that name and key carries, so that it does not matter which of them comes first."""
    return {"name": name, "key": key}


@dataclass(slots=True)
class Author:
    """Writes a random document. In the manner ``calm`` nothing in it is a race. ``outward``: it has to do with others;
    ``children`` are the workflows that it may start. ``events`` are (name, key) of what it waits for, ``asks``: people or
    workers are asked for something. ``crowded``: inside of a for_each.
    """

    random: Random
    calm: bool
    outward: bool = False
    children: Sequence[str] = ()
    events: list[tuple[str, str]] = field(default_factory=list)
    asks: bool = False
    name: str = ""
    number: int = 0
    size: int = 0
    crowded: int = 0
    seconds: float = 60.0
    counters: list[str] = field(default_factory=list)

    def document(self, name: str) -> Document:
        self.name = name
        steps = self.steps(self.random.choice((0, 1, 1, 2)), most=4)
        metadata: Document = {}
        if self.random.random() < 0.7:  # else each category has its own strategy
            metadata["retryPolicy"] = AGAIN | {"initialDelay": self.random.choice((100, 3_000))}
        if not self.calm:
            metadata |= self.pick({}, {}, {}, {"timeout": 60_000})
            metadata |= self.pick({}, {}, {}, {"errorPolicy": "suspend"}, {"errorPolicy": "terminate"})
        named = [step for step in steps if step["type"] == "task" and "condition" not in step]
        outputs = {
            step["id"]: {"type": "object", "source": f"steps.{step['id']}.outputs"}
            for step in named
            if step.get("enabled", True) and not step.get("continueOnError")
        }
        return {
            "nameSpace": "sim",
            "name": name,
            "version": "1.0.0",
            "metadata": metadata,
            "variables": {"n": 1} | dict.fromkeys(self.counters, 0),
            "steps": steps,
            "outputs": outputs if self.random.random() < 0.7 else {},
        }

    def pick(self, *choices: Document) -> Document:
        return self.random.choice(choices)

    def steps(self, depth: int, most: int = 3) -> list[Document]:
        steps: list[Document] = []
        for _ in range(self.random.randint(1, most)):
            step = self.step(depth)
            if steps and self.random.random() < 0.3:
                earlier = [other["id"] for other in steps]
                step["dependsOn"] = self.random.sample(earlier, self.random.randint(0, len(earlier)))
            steps.append(step)
        if len(steps) > 1 and self.random.random() < 0.25:
            config: Document = {"strategy": "all"}
            if not self.calm:
                config = self.pick({"strategy": "all"}, {"strategy": "any"}, {"strategy": "n_of", "count": 2})
                config |= self.pick({}, {}, {"timeout": 30_000})
            steps.append(self.new("join", config) | {"dependsOn": [step["id"] for step in steps]})
        return steps

    def new(self, kind: str, config: Document | None = None) -> Document:
        self.number += 1
        step: Document = {"id": f"{kind}{self.number}", "type": kind}
        return step if config is None else step | {"config": config}

    def step(self, depth: int) -> Document:
        self.size += 1
        leaves = ("task", "task", "task", "task", "flaky", "broken", "once", "variable", "delay", "log", "skipped")
        containers: tuple[str, ...] = ("condition", "switch", "parallel", "for_each", "while")
        wild = ("end", "hopeless", "timeout", "suspended", "cached")
        kinds = [*leaves, *(wild if not self.calm and self.random.random() < 0.3 else ())]
        if self.outward:
            containers += ("saga", "saga", "spread", "schedule", "recur")
            kinds += [*OUTWARD, *OUTWARD, *(("invoke", "invoke") if self.children else ())]
        if depth and self.size < 14:
            # items side by side that count in one variable would race
            kinds += [one for one in containers if one != "while" or not (self.calm and self.crowded)] * 2
        kind = self.random.choice(kinds)
        if kind in containers:
            step = self.container(kind, depth - 1)
            if not self.calm:
                step |= self.pick({}, {}, {"timeout": 30_000}, {"errorPolicy": "terminate"})
            return step
        return self.leaf(kind)

    def leaf(self, kind: str) -> Document:
        match kind:
            case "variable":
                step = self.new("set_variable")
                return step | {"config": {"action": "set", "key": step["id"], "value": f"{step['id']}${{n}}"}}
            case "delay":
                ms = self.random.choice((0, 500, 5_000, 45_000, 300_000, 1_200_000))
                self.seconds += ms / 1000
                return self.new("delay", {"duration": ms})
            case "log":
                return self.new("log", {"message": "n is ${n}", "level": "debug"})
            case "end":
                return self.new("end")
            case "wait" | "emit" | "activity" | "user" | "invoke":
                return self.outside(kind)
            case _:
                return self.task(kind)

    # --- what has to do with others -------------------------------------------------------------------------------

    def outside(self, kind: str) -> Document:
        self.seconds += 60.0
        match kind:
            case "wait":
                return self.wait()
            case "emit":
                name, key = self.event() if self.random.random() < 0.5 else self.random.choice([*self.events, SHARED])
                config = {"eventName": name, "eventKey": f"'{key}'", "data": payload(name, key)}
                return self.new("emit_event", config)
            case "activity":
                self.asks = True
                config = {"activityName": "print", "parameters": {"n": "${n}"}} | self.pick({}, {"heartbeat": 4_000})
                return self.new("activity", config | self.limit())
            case "user":
                self.asks = True
                config = {"activityType": "approval", "assignee": "ann", **self.limit()}
                if not self.calm:
                    config |= self.pick({}, {"escalation": {"after": 5_000, "assignee": "bob"}})
                return self.new("user_activity", config)
            case _:
                return self.invoke()

    def limit(self) -> Document:
        return {} if self.calm else self.pick({}, {}, {"timeout": 20_000})

    def event(self) -> tuple[str, str]:
        """In a calm document every step has an event of its own."""
        event = (f"{self.name}-{self.number + 1}", "k") if self.calm else (SHARED[0], self.random.choice(("k", "l")))
        if event not in self.events:
            self.events.append(event)
        return event

    def wait(self) -> Document:
        name, key = self.event()
        config: Document = {"eventName": name, "eventKey": f"'{key}'"} | self.limit()
        if not self.calm:
            config |= self.pick({}, {"onTimeout": "continue"})
            if self.random.random() < 0.2:
                del config["eventKey"]
        return self.new("wait_event", config)

    def invoke(self) -> Document:
        child = self.random.choice(self.children)
        self.seconds += 300.0
        config = {"workflowId": f"sim.{child}@1.0.0", "waitForCompletion": child != LOOSE} | self.limit()
        again = {} if self.calm or child == LOOSE else self.pick({}, {"retryPolicy": AGAIN})
        return self.new("invoke_workflow", config) | again

    def undoable(self, *kinds: str) -> Document:
        """A step with something that undoes it."""
        step = self.leaf(self.random.choice(kinds))
        undo = self.task(self.random.choice(("task", "task", "flaky")))
        undo.pop("outputs", None)
        return step | {"compensateWith": [undo | {"id": f"undo_{step['id']}"}]}

    def saga(self, depth: int) -> Document:
        random = self.random
        steps = [self.undoable("task", "flaky") for _ in range(random.randint(1, 3))]
        if depth:
            inner: list[Document] = [self.saga(0)] if random.random() < 0.5 else []
            inner += self.steps(0, 2) if not self.calm else [self.leaf("wait")]
            steps[1:1] = inner
        self.number += 1
        fate = random.random()
        if fate < 0.6:
            broken = self.undoable("hopeless")
            broken["inputs"] |= (
                {"fails": 99} if fate < 0.3 or self.calm else {"fails": 0, "rounds": random.choice((1, 2))}
            )
            steps.append(broken)
        config: Document = {"steps": steps} | self.pick({}, {"compensate": [self.task("task")]})
        return self.new("saga", config) | self.pick({}, {"retryPolicy": AGAIN})

    def task(self, kind: str) -> Document:
        handler = self.random.choice(("sim.do", "sim.do", "sim.do", "sim.sync"))
        step = self.new("task", {"handler": handler})
        value: Any = self.random.choice(("x", "${n}", "y" * 300))
        inputs: Document = {"value": value}
        self.seconds += 30.0
        match kind:
            case "flaky":
                inputs["fails"] = 1
            case "broken":
                inputs["fails"] = 99
                step["continueOnError"] = True
            case "hopeless":
                inputs["fails"] = self.random.choice((2, 4))
            case "suspended":
                inputs["fails"] = 2
                step["errorPolicy"] = "suspend"
            case "timeout":
                step["timeout"] = 1_000
            case "once":
                step["execution"] = "at_most_once"
            case "cached":
                step["cache"] = {"key": "${n}", "ttl": 60_000}
            case "skipped":
                step |= self.pick({"condition": "n > 1000"}, {"enabled": False})
            case _:
                step |= self.pick({}, {}, {"outputs": {f"v{self.number}": f"steps.{step['id']}.outputs.value"}})
        if "fails" in inputs:
            inputs["category"] = self.random.choice(FATES)
            self.seconds += 90.0
        if self.random.random() < 0.2:
            self.seconds += 120.0
            for guard in self.random.sample(GUARDS, self.random.choice((1, 1, 2))):
                step |= guard
        return step | {"inputs": inputs}

    def container(self, kind: str, depth: int) -> Document:
        random = self.random
        if kind == "saga":
            return self.saga(depth)
        step = self.new("for_each" if kind == "spread" else kind)
        name = step["id"]
        match kind:
            case "condition":
                config: Document = {
                    "condition": random.choice(("n == 1", "n == 2")),
                    "thenSteps": self.steps(depth),
                    "elseSteps": self.steps(depth, 2),
                }
            case "switch":
                cases = [{"when": when, "steps": self.steps(depth, 2)} for when in (1, 2)]
                config = {"value": "n", "cases": cases[: random.randint(1, 2)]}
            case "parallel":
                branches = [{"name": f"b{n}", "steps": self.steps(depth, 2)} for n in range(random.randint(1, 3))]
                config = {"branches": branches} | self.pick({}, {"maxConcurrency": 1}, {"maxConcurrency": 2})
                if not self.calm:
                    config |= self.pick({}, {"failFast": True})
                    some: Document = {"join": {"strategy": "n_of", "count": 2}}
                    config |= self.pick({}, {"join": "any"}, some) if len(branches) > 1 else {}
            case "for_each":
                items = list(range(random.choice((0, 1, 3))))
                self.crowded += 1
                known = len(self.counters)
                config = {"items": items, "steps": self.steps(depth, 2)}
                self.crowded -= 1
                config |= self.pick({}, {"maxConcurrency": 1}, {"maxConcurrency": 2})
                if self.calm and len(self.counters) > known:
                    config["maxConcurrency"] = 1  # the items share the counters of the loops inside
            case "spread":
                config = {"items": list(range(random.choice((0, 1, 3)))), "steps": self.steps(0, 2)}
                config["distributed"] = {"batchSize": random.choice((1, 2))} | self.pick({}, {"maxConcurrency": 1})
            case "schedule":
                config = {"duration": random.choice((500, 30_000)), "steps": self.steps(depth, 2)}
            case _:
                self.counters.append(name)
                again = self.new("set_variable")
                again["config"] = {"action": "set", "key": name, "value": f"${{{name} + 1}}"}
                config = {"steps": [*self.steps(depth, 2), again]}
                config |= (
                    {"condition": f"{name} < 2"} if kind == "while" else {"interval": 900, "until": f"{name} >= 2"}
                )
        return step | {"config": config}


def random_workload(seed: int, random: Random) -> Workload:
    if random.random() < 0.1:
        return _written_by_hand(seed, random)
    calm, outward = random.random() < 0.5, random.random() < 0.6
    children = (CHILD, LOOSE) if outward and random.random() < 0.5 else ()
    written = [Author(random, calm, outward, children) for _ in range(random.choice((1, 1, 2)))]
    documents = [author.document(f"Flow{number}") for number, author in enumerate(written)]
    for name in children:
        author = Author(random, calm, outward)
        documents.append(author.document(name))
        written.append(author)
    count = random.choice((1, 1, 2, 3, 4))
    together = random.random() < 0.5
    flows = len(documents) - len(children)
    starts = [(0.0 if together else random.uniform(0, 5.0), random.randrange(flows)) for _ in range(count)]
    if outward and not calm:
        documents += [newer(document) for document in documents[:flows]]
    events = [event for author in written for event in author.events]
    asks = any(author.asks for author in written)
    patience = 600.0 + sum(author.seconds for author in written) * 20
    return Workload(seed, documents, starts, calm, patience, events, asks)


def _written_by_hand(seed: int, random: Random) -> Workload:
    """One or two of the flows that show one construct each."""
    from tests.simulation.flows import FLOWS

    flows = random.sample(FLOWS, random.choice((1, 1, 2)))
    documents = [document for flow in flows for document in flow.documents]
    roots = [number for number, document in enumerate(documents) if document["name"] in {flow.name for flow in flows}]
    starts = [(random.uniform(0, 5.0), random.choice(roots)) for _ in range(random.choice((1, 2, 3)))]
    events = [event for flow in flows for event in flow.events]
    return Workload(seed, documents, starts, all(flow.deterministic for flow in flows), 3_600.0, events, asks=True)


def newer(document: Document) -> Document:
    """A version that running instances can be migrated to: one more step at the end."""
    added = {"id": "added", "type": "task", "config": {"handler": "sim.do"}, "inputs": {"value": "new"}}
    return document | {"version": "2.0.0", "steps": [*document["steps"], added]}


def text_of(document: Document) -> str:
    return msgspec.json.encode(document).decode()
