"""A document that says in comments what it starts with, what happens while it waits, and what it ends with."""

from __future__ import annotations

import json
import re
from typing import Any

from reactory.definition.document import load_document
from reactory.definition.duration import parse_duration
from reactory.ports.tasks import TaskQuery
from tests.unit.engine.conftest import Engine


class Example:
    """``# start with: {…}``, ``# then: VERB …`` in the order in which it happens, ``# ends with: {…}``: JSON all of them.

    The verbs: ``publish NAME KEY DATA``, ``answer STEP ACTION DATA``, ``complete ACTIVITY RESULT``,
    ``fail ACTIVITY MESSAGE``, ``skip TIME``.
    """

    def __init__(self, text: str) -> None:
        data = load_document(text).data
        self.text = text
        self.id = f"{data['nameSpace']}.{data['name']}"
        self.input = self._comment("start with") or {}
        self.outputs = self._comment("ends with")
        self.happenings: list[tuple[str, str]] = re.findall(r"^# then: (\w+) (.*)$", text, re.MULTILINE)
        self.invoked: list[str] = re.findall(r"workflowId: \"?([\w-]+\.[\w-]+)", text)

    def _comment(self, name: str) -> Any:
        found = re.search(rf"^# {name}: (.*)$", self.text, re.MULTILINE)
        return None if found is None else json.loads(found.group(1))

    def run(self, engine: Engine) -> str:
        """Start what is registered as this, and let happen what happens, until it is idle; the instance's id."""
        instance = engine.start(self.id, self.input)
        engine.work()
        for verb, rest in self.happenings:
            _happen(engine, verb, rest)
            engine.work()
        engine.until_idle(instance)
        return instance


def _happen(engine: Engine, verb: str, rest: str) -> None:
    first, _, more = rest.partition(" ")
    second, _, data = more.partition(" ")
    match verb:
        case "publish":
            engine.runner.events.publish(first, second, json.loads(data))
        case "answer":
            tasks = engine.runner.tasks.search(TaskQuery(kind="user")).tasks
            (task,) = (found for found in tasks if found.path == first)
            engine.runner.tasks.complete(task.task_id, second, json.loads(data))
        case "complete":
            engine.runner.activities.complete(_take(engine, first), json.loads(more))
        case "fail":
            engine.runner.activities.fail(_take(engine, first), {"message": more})
        case "skip":
            engine.advance(parse_duration(rest))
        case _:
            raise AssertionError(f"nobody knows how to {verb}")


def _take(engine: Engine, activity: str) -> str:
    (taken,) = engine.runner.activities.take(activity, "worker").activities
    return taken.token
