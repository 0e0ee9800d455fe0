"""A document as Python source that builds the same document again.

Each step is written with the method of its type where that says exactly what the document says, else with ``flow.step``,
and what that cannot say either as plain data with ``flow.raw``. The same holds for the document around them.
"""

from __future__ import annotations

import keyword
import re
from collections.abc import Iterator, Mapping
from typing import Any

from reactory.definition.authoring import blocks
from reactory.definition.authoring.pythonforms import CALLS, OPTIONS, TIMES_IN_CONFIG
from reactory.definition.authoring.pythontext import (
    INDENT,
    TAKEN,
    call_source,
    identifier,
    snake_case,
    text_source,
    value_source,
)
from reactory.definition.steptree import DEFAULT_INDEX, DEFAULT_ITEM

_CHAIN = re.compile(r"([A-Za-z_]\w*)((?:\.[A-Za-z_]\w*)*)\Z", re.ASCII)
_STEP = re.compile(r"steps\.([A-Za-z_]\w*)\.outputs((?:\.[A-Za-z_]\w*)*)\Z", re.ASCII)
_METHODS = frozenset(
    name for kind in vars(blocks).values() if isinstance(kind, type) for name in vars(kind) if not name.startswith("_")
)
_ARGUMENTS = {
    "nameSpace": None,
    "name": None,
    "steps": None,
    "version": "version",
    "description": "description",
    "author": "author",
    "tags": "tags",
    "metadata": "metadata",
    "inputs": "inputs",
    "variables": "variables",
    "outputs": "outputs",
}


def python_source(document: Mapping[str, Any]) -> str:
    """The source. Its last statement binds the Workflow to the name of the function."""
    data = dict(document)
    if not _is_plain(data):
        name = identifier(str(data.get("name", "")), set())
        return f"from reactory.authoring import Workflow\n\n{name} = Workflow.from_document({value_source(data, 0)})\n"
    writer = _Writer(data)
    body = writer.steps(data["steps"], 1) or [f"{INDENT}pass"]
    given = [f"{word}={value_source(data[key], 1)}" for key, word in _ARGUMENTS.items() if word and key in data]
    call = call_source("workflow", [text_source(f"{data['nameSpace']}.{data['name']}"), *given], 0)
    names = ["Flow", *(["cel"] if writer.uses_cel else []), "workflow"]
    name = identifier(snake_case(data["name"]), set())
    lines = [
        f"from reactory.authoring import {', '.join(names)}",
        "",
        "",
        f"@{call}",
        f"def {name}(flow: Flow) -> None:",
    ]
    return "\n".join([*lines, *body]) + "\n"


def _is_plain(data: dict[str, Any]) -> bool:
    """Whether ``@workflow`` can say all of it."""
    texts = ("nameSpace", "name", "version", "description", "author")
    wanted = {"tags": list, "metadata": dict, "inputs": dict, "variables": dict, "outputs": dict, "steps": list}
    return (
        data.keys() <= _ARGUMENTS.keys()
        and {"nameSpace", "name", "version", "steps"} <= data.keys()
        and all(isinstance(data[key], str) for key in texts if key in data)
        and all(isinstance(data[key], kind) for key, kind in wanted.items() if key in data)
        and "." not in data["name"]
        and all(isinstance(value, dict) for key in ("inputs", "outputs") for value in data.get(key, {}).values())
        and all(isinstance(step, dict) for step in data["steps"])
    )


class _Writer:
    def __init__(self, data: dict[str, Any]) -> None:
        self._mentioned = set(_step_ids(data["steps"]))
        self._variables: dict[str, str] = {}
        """Step id → the name that holds its reference."""
        self._loops: list[str] = []
        self._used: set[str] = set(TAKEN)
        self.uses_cel = False

    # --- steps ---------------------------------------------------------------------------------------------------

    def steps(self, steps: list[Any], depth: int) -> list[str]:
        return [line for step in steps for line in self._step(step, depth)]

    def _body(self, head: str, steps: list[Any], depth: int) -> list[str]:
        """A ``with`` and what stands under it."""
        return [f"{INDENT * depth}with {head}:", *(self.steps(steps, depth + 1) or [f"{INDENT * (depth + 1)}pass"])]

    def _step(self, step: dict[str, Any], depth: int) -> list[str]:
        if not _is_sayable(step):
            return self._bound(step, f"flow.raw({value_source(step, depth)})", depth)
        lines = self._block(step, depth)
        if lines is None:
            lines = self._bound(step, self._leaf(step, depth), depth)
        if "compensateWith" in step:
            lines += self._body(f"flow.compensation({text_source(step['id'])})", step["compensateWith"], depth)
        return lines

    def _bound(self, step: dict[str, Any], call: str, depth: int) -> list[str]:
        """The call as a statement, its reference kept where a later step speaks of it."""
        name = self._name(step)
        return [f"{INDENT * depth}{name} = {call}" if name else f"{INDENT * depth}{call}"]

    def _name(self, step: dict[str, Any], *, always: bool = False) -> str | None:
        step_id = step.get("id")
        if not isinstance(step_id, str) or not (always or step_id in self._mentioned):
            return None
        name = identifier(step_id, self._used)
        self._used.add(name)
        if step.get("type") != "end":
            self._variables[step_id] = name
        return name

    def _leaf(self, step: dict[str, Any], depth: int) -> str:
        kind, config = step["type"], step.get("config")
        said = self._said(kind, config, depth)
        if kind == "task" and isinstance(config, dict) and isinstance(config.get("handler"), str) and config["handler"]:
            rest = {key: value for key, value in config.items() if key != "handler"}
            said = (
                "task",
                [text_source(config["handler"]), *([f"config={self._data(rest, depth + 1)}"] if rest else [])],
            )
        if said is None or (kind in TIMES_IN_CONFIG and "timeout" in step) or (kind != "task" and "inputs" in step):
            more = [] if config is None else [f"config={self._data(config, depth + 1)}"]
            said = ("step", [text_source(kind), *more])
        inputs = [f"inputs={self._data(step['inputs'], depth + 1)}"] if "inputs" in step else []
        return call_source(f"flow.{said[0]}", [*said[1], *inputs, *self._options(step, depth)], depth)

    def _said(self, kind: str, config: Any, depth: int) -> tuple[str, list[str]] | None:
        """The method and the arguments that give this config; None where there are none."""
        if kind == "set_variable" and isinstance(config, dict):
            return self._variable(config, depth)
        if kind == "delay" and isinstance(config, dict):
            return self._delay(config, depth)
        form = CALLS.get(kind)
        if form is None or not isinstance(config, dict | None):
            return None
        values = config or {}
        if (config == {}) or None in values.values() or not values.keys() <= form.words.keys():
            return None
        arguments = []
        for key, word in form.words.items():
            if key in values:
                text = self._expression(values[key]) if key in form.expressions else self._data(values[key], depth + 1)
                if key in form.times and not _is_milliseconds(values[key]):
                    return None
                arguments.append(f"{word}={text}" if word else text)
            elif not word:
                return None
        return form.method, arguments

    def _variable(self, config: dict[str, Any], depth: int) -> tuple[str, list[str]] | None:
        if not isinstance(config.get("key"), str):
            return None
        match config.get("action"):
            case "set" if config.keys() == {"action", "key", "value"}:
                return "set_variable", [text_source(config["key"]), self._data(config["value"], depth + 1)]
            case "get" | "delete" as action if config.keys() == {"action", "key"}:
                return f"{action}_variable", [text_source(config["key"])]
        return None

    def _delay(self, config: dict[str, Any], depth: int) -> tuple[str, list[str]] | None:
        if not config.keys() <= {"duration", "durationText", "until", "reason"} or not _is_duration(config):
            return None
        if None in config.values() or not isinstance(config.get("until", ""), str):
            return None
        lengths = [text_source(config[key]) for key in ("duration", "durationText") if key in config]
        return "delay", [
            *lengths,
            *(f"{key}={self._data(config[key], depth + 1)}" for key in ("until", "reason") if key in config),
        ]

    # --- steps with steps inside -------------------------------------------------------------------------------------

    def _block(self, step: dict[str, Any], depth: int) -> list[str] | None:
        """None where the step is no container, or says what no ``with`` can say."""
        config = step.get("config")
        if not isinstance(config, dict) or None in config.values():
            return None
        match step["type"]:
            case "condition" if config.keys() <= {"condition", "thenSteps", "elseSteps"} and "condition" in config:
                return self._condition(step, config, depth)
            case "switch" if config.keys() <= {"value", "cases", "default"} and "value" in config:
                return self._switch(step, config, depth)
            case "parallel" if config.keys() <= {"branches", "join", "maxConcurrency", "failFast"}:
                return self._parallel(step, config, depth)
            case "for_each" if "items" in config and "steps" in config:
                return self._for_each(step, config, depth)
            case "while" if config.keys() <= {"condition", "maxIterations", "steps"} and "condition" in config:
                given = [self._condition_text(config["condition"]), *_words(config, maxIterations="max_iterations")]
                return self._simple("while_", step, given, depth)
            case "recur" if config.keys() == {"interval", "until", "steps"}:
                given = [self._data(config["interval"], depth), f"until={self._condition_text(config['until'])}"]
                return self._simple("recur", step, given, depth)
            case "schedule" if config.keys() in ({"duration", "steps"}, {"durationText", "steps"}) and _is_duration(
                config
            ):
                duration = config.get("durationText", config.get("duration"))
                return self._simple("schedule", step, [text_source(duration)], depth)
            case "saga" if config.keys() <= {"steps", "compensate"}:
                return self._saga(step, config, depth)
        return None

    def _opened(self, method: str, step: dict[str, Any], given: list[str], depth: int) -> str:
        return call_source(f"flow.{method}", [*given, *self._options(step, depth)], depth)

    def _simple(self, method: str, step: dict[str, Any], given: list[str], depth: int) -> list[str] | None:
        if not _are_steps(step["config"].get("steps")):
            return None
        call, name = self._opened(method, step, given, depth), self._name(step)
        return self._body(f"{call} as {name}" if name else call, step["config"]["steps"], depth)

    def _condition(self, step: dict[str, Any], config: dict[str, Any], depth: int) -> list[str] | None:
        if not all(_are_steps(config[key]) for key in ("thenSteps", "elseSteps") if key in config):
            return None
        call = self._opened("condition", step, [self._condition_text(config["condition"])], depth)
        name = self._name(step, always="elseSteps" in config)
        if "thenSteps" in config:
            lines = self._body(f"{call} as {name}" if name else call, config["thenSteps"], depth)
        else:
            lines = [f"{INDENT * depth}{f'{name} = ' if name else ''}{call}"]
        if "elseSteps" in config:
            lines += self._body(f"{name}.otherwise()", config["elseSteps"], depth)
        return lines

    def _switch(self, step: dict[str, Any], config: dict[str, Any], depth: int) -> list[str] | None:
        cases = config.get("cases", [{"when": None, "steps": []}])
        if not _are_entries(cases, "when") or not _are_steps(config.get("default", [])):
            return None
        call = self._opened("switch", step, [self._expression(config["value"])], depth)
        name = self._name(step, always=True)
        lines = [f"{INDENT * depth}with {call} as {name}:"]
        for case in config.get("cases", ()):
            lines += self._body(f"{name}.case({self._data(case['when'], depth + 1)})", case["steps"], depth + 1)
        if "default" in config:
            lines += self._body(f"{name}.otherwise()", config["default"], depth + 1)
        return lines if len(lines) > 1 else None

    def _parallel(self, step: dict[str, Any], config: dict[str, Any], depth: int) -> list[str] | None:
        branches = config.get("branches")
        if not branches or not _are_entries(branches, "name"):
            return None
        given = _words(config, join="join", maxConcurrency="max_concurrency", failFast="fail_fast")
        call, name = self._opened("parallel", step, given, depth), self._name(step, always=True)
        lines = [f"{INDENT * depth}with {call} as {name}:"]
        for branch in branches:
            lines += self._body(f"{name}.branch({text_source(branch['name'])})", branch["steps"], depth + 1)
        return lines

    def _for_each(self, step: dict[str, Any], config: dict[str, Any], depth: int) -> list[str] | None:
        words = {
            "itemVariable": "item",
            "indexVariable": "index",
            "maxConcurrency": "max_concurrency",
            "distributed": "distributed",
        }
        names = [config.get("itemVariable", DEFAULT_ITEM), config.get("indexVariable", DEFAULT_INDEX)]
        inner = bool(self._loops)
        named = {"itemVariable", "indexVariable"} <= config.keys() or not inner
        if not config.keys() <= {*words, "items", "steps"} or not _are_steps(config["steps"]) or not named:
            return None
        if not all(isinstance(name, str) and name for name in names) or _has_hole(config["items"]):
            return None
        items = config["items"]
        given = [
            self._data(items, depth) if isinstance(items, list) else self._condition_text(items),
            *_words(config, **words),
        ]
        call, name = self._opened("for_each", step, given, depth), self._name(step)
        lines = [f"{INDENT * depth}{name} = {call}"] if name else []
        item = identifier(names[0], self._used)
        self._loops.append(names[0] if item == names[0] else "")
        used = {item} - self._used
        self._used |= used
        lines += self._body(f"{name or call} as {item}", config["steps"], depth)
        self._used -= used
        self._loops.pop()
        return lines

    def _saga(self, step: dict[str, Any], config: dict[str, Any], depth: int) -> list[str] | None:
        if not _are_steps(config.get("steps")) or not _are_steps(config.get("compensate", [])):
            return None
        name = self._name(step, always="compensate" in config)
        call = self._opened("saga", step, [], depth)
        lines = self._body(f"{call} as {name}" if name else call, config["steps"], depth)
        if "compensate" in config:
            lines += self._body(f"{name}.compensation()", config["compensate"], depth)
        return lines

    # --- values --------------------------------------------------------------------------------------------------

    def _options(self, step: dict[str, Any], depth: int) -> list[str]:
        given = [f"id={text_source(step['id'])}"]
        for key, word in OPTIONS.items():
            if key not in step:
                continue
            value = step[key]
            if key == "condition":
                text = self._condition_text(value)
            elif key == "outputs":
                text = (
                    "{"
                    + ", ".join(f"{text_source(name)}: {self._expression(item)}" for name, item in value.items())
                    + "}"
                )
            else:
                text = value_source(value, depth + 1)
            given.append(f"{word}={text}")
        return given

    def _condition_text(self, value: Any) -> str:
        """An expression where a text is one."""
        chain = self._chain(value) if isinstance(value, str) else None
        return chain or text_source(value)

    def _expression(self, value: Any) -> str:
        """An expression where a text would be a text."""
        if not isinstance(value, str):
            return text_source(value)
        if (chain := self._chain(value)) is not None:
            return chain
        self.uses_cel = True
        return f"cel({text_source(value)})"

    def _data(self, value: Any, depth: int) -> str:
        """Data with templates in them: a text that is one reference becomes the reference."""
        return value_source(value, depth, self._template)

    def _template(self, text: str) -> str | None:
        return self._chain(text[2:-1]) if text.startswith("${") and text.endswith("}") else None

    def _chain(self, text: str) -> str | None:
        """A reference as the attributes that it is made of, where the names of Python allow it."""
        if found := _STEP.match(text):
            root, path = self._variables.get(found.group(1)), found.group(2)
        elif found := _CHAIN.match(text):
            root, path = self._root(found.group(1)), found.group(2)
        else:
            return None
        parts = path.split(".")[1:]
        if root is None or any(
            p.startswith("_") or keyword.iskeyword(p) or p in _METHODS or p in _WORDS for p in parts
        ):
            return None
        return f"{root}{path}"

    def _root(self, name: str) -> str | None:
        if self._loops and name == self._loops[-1]:
            return name
        return f"flow.{name}" if name in ("input", "variables", "env", "workflow") and name not in self._loops else None


_WORDS = frozenset({"true", "false", "null", "undefined", "in"})


def _is_sayable(step: dict[str, Any]) -> bool:
    """Whether a call can say all of the step, what its type is configured with aside."""
    if not isinstance(step.get("id"), str) or not step["id"] or not isinstance(step.get("type"), str):
        return False
    if not step.keys() <= {"id", "type", "config", "inputs", "compensateWith", *OPTIONS} or None in step.values():
        return False
    return (
        isinstance(step.get("config", {}), dict)
        and isinstance(step.get("inputs", {}), dict)
        and isinstance(step.get("name", ""), str)
        and isinstance(step.get("condition", ""), str | bool | int | float)
        and _is_ids(step.get("dependsOn", ""))
        and isinstance(step.get("outputs", {}), dict)
        and all(isinstance(value, str | bool | int | float) for value in step.get("outputs", {}).values())
        and _is_milliseconds(step.get("timeout", 0))
        and isinstance(step.get("retryPolicy", {}), dict | str)
        and _are_steps(step.get("compensateWith", []))
    )


def _is_ids(value: Any) -> bool:
    return isinstance(value, str) or (isinstance(value, list) and all(isinstance(item, str) for item in value))


def _is_milliseconds(value: Any) -> bool:
    return isinstance(value, int | float) or _has_hole(value)


def _is_duration(config: dict[str, Any]) -> bool:
    """One length of time, of the kind that its field has."""
    if {"duration", "durationText"} <= config.keys():
        return False
    text, number = config.get("durationText", ""), config.get("duration", 0)
    return isinstance(text, str) and isinstance(number, int | float)


def _has_hole(value: Any) -> bool:
    if isinstance(value, list | dict):
        return any(_has_hole(item) for item in (value.values() if isinstance(value, dict) else value))
    return isinstance(value, str) and "${" in value


def _are_steps(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(step, dict) for step in value)


def _are_entries(value: Any, key: str) -> bool:
    """Cases, or branches."""
    return (
        isinstance(value, list)
        and bool(value)
        and all(
            isinstance(entry, dict) and entry.keys() == {key, "steps"} and _are_steps(entry["steps"]) for entry in value
        )
    )


def _words(config: Mapping[str, Any], **words: str) -> list[str]:
    return [f"{word}={text_source(config[key])}" for key, word in words.items() if key in config]


def _step_ids(value: Any) -> Iterator[str]:
    """The ids that references may be made of."""
    if isinstance(value, str):
        yield from re.findall(r"steps\.([A-Za-z_]\w*)\.outputs", value)
    elif isinstance(value, list | dict):
        for item in value.values() if isinstance(value, dict) else value:
            yield from _step_ids(item)
