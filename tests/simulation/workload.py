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
_DURATIONS = (0.0, 0.0, 0.001, 0.02, 0.3, 2.0, 8.0)


@dataclass(frozen=True, slots=True)
class Workload:
    """``documents`` are registered, ``starts`` are (seconds, index of the document) of the instances.

    ``deterministic``: its outcome does not depend on how long anything takes or on what runs side by side, so it can
    be compared with that of an undisturbed run. ``patience_s`` is how long an undisturbed run may take.
    """

    seed: int
    documents: Sequence[Document]
    starts: Sequence[tuple[float, int]]
    deterministic: bool
    patience_s: float = 600.0

    def seconds(self, path: str, attempt: int) -> float:
        """How long a body takes."""
        return _DURATIONS[crc32(f"{self.seed}/{path}/{attempt}".encode()) % len(_DURATIONS)]


def perform(path: str, attempt: int, value: Any = None, fails: int = 0) -> Document:
    """What a body comes to; raises ValueError in its first ``fails`` attempts."""
    if attempt <= fails:
        raise ValueError(f"{path} fails {fails} times")
    return {"value": value, "path": path}


@dataclass(slots=True)
class Author:
    """Writes a random document. In the manner ``calm`` nothing in it is a race. ``crowded``: inside of a for_each."""

    random: Random
    calm: bool
    number: int = 0
    size: int = 0
    crowded: int = 0
    seconds: float = 60.0
    counters: list[str] = field(default_factory=list)

    def document(self, name: str) -> Document:
        steps = self.steps(self.random.choice((0, 1, 1, 2)), most=4)
        metadata: Document = {
            "retryPolicy": {"maxAttempts": 2, "initialDelay": self.random.choice((100, 3_000)), "jitter": False}
        }
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
        containers = ("condition", "switch", "parallel", "for_each", "while")
        wild = ("end", "hopeless", "timeout", "suspended")
        kinds = [*leaves, *(wild if not self.calm and self.random.random() < 0.3 else ())]
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
            case _:
                return self.task(kind)

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
            case "skipped":
                step |= self.pick({"condition": "n > 1000"}, {"enabled": False})
            case _:
                step |= self.pick({}, {}, {"outputs": {f"v{self.number}": f"steps.{step['id']}.outputs.value"}})
        return step | {"inputs": inputs}

    def container(self, kind: str, depth: int) -> Document:
        random = self.random
        step = self.new(kind)
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
                config = {"items": items, "steps": self.steps(depth, 2)}
                self.crowded -= 1
                config |= self.pick({}, {"maxConcurrency": 1}, {"maxConcurrency": 2})
            case _:
                self.counters.append(name)
                again = self.new("set_variable")
                again["config"] = {"action": "set", "key": name, "value": f"${{{name} + 1}}"}
                config = {"condition": f"{name} < 2", "steps": [*self.steps(depth, 2), again]}
        return step | {"config": config}


def random_workload(seed: int, random: Random) -> Workload:
    calm = random.random() < 0.5
    written = [Author(random, calm) for _ in range(random.choice((1, 1, 2)))]
    documents = [author.document(f"Flow{number}") for number, author in enumerate(written)]
    count = random.choice((1, 1, 2, 3, 4))
    together = random.random() < 0.5
    starts = [(0.0 if together else random.uniform(0, 5.0), random.randrange(len(documents))) for _ in range(count)]
    return Workload(seed, documents, starts, calm, 600.0 + sum(author.seconds for author in written) * 20)


def text_of(document: Document) -> str:
    return msgspec.json.encode(document).decode()
