"""Documents as programs: what each step becomes, what it inherits, and in which order steps run."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from typing import Any

import pytest

from reactory.definition.compile import compile_document, load_program
from reactory.definition.document import load_document
from reactory.definition.fingerprint import fingerprint
from reactory.definition.policy import RetryPolicy
from reactory.definition.program import (
    Block,
    ConditionConfig,
    CustomConfig,
    DelayConfig,
    ForEachConfig,
    JoinConfig,
    JoinRule,
    LogConfig,
    Node,
    ParallelConfig,
    Program,
    SetVariableConfig,
    SwitchConfig,
    TaskConfig,
    WhileConfig,
)
from reactory.exceptions import InvalidDefinitionError

HEAD = "nameSpace: acme-orders\nname: Fulfil\nversion: 1.0.0\n"


class Names:
    """A scope of plain values."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        self._values = values

    def lookup(self, root: str) -> Any:
        return self._values[root]


def program(body: str, handlers: set[str] | None = None) -> Program:
    return load_program(HEAD + textwrap.dedent(body), handlers)


def node(step: str, handlers: set[str] | None = None) -> Node:
    return program(f"steps:\n  - {step}\n", handlers).root.nodes[0]


def test_identity() -> None:
    """WR-4: a program knows its id and reference."""
    compiled = program("steps: [{id: a, type: start}]")
    assert (compiled.id, compiled.reference) == ("acme-orders.Fulfil", "acme-orders.Fulfil@1.0.0")


@pytest.mark.parametrize(
    ("depends", "before", "after"),
    [
        (["", "", ""], ((), (0,), (1,)), ((1,), (2,), ())),
        (["", "dependsOn: []", "dependsOn: [a, b]"], ((), (), (0, 1)), ((2,), (2,), ())),
        (["", "dependsOn: a", "dependsOn: a"], ((), (0,), (0,)), ((1, 2), (), ())),
        (["", "dependsOn: [a, a]", ""], ((), (0,), (1,)), ((1,), (2,), ())),
        (["dependsOn: b", "dependsOn: c", "dependsOn: []"], ((1,), (2,), ()), ((), (0,), (1,))),
    ],
)
def test_order(depends: list[str], before: Any, after: Any) -> None:
    """YF-5: a step follows the one above it, unless it says what it depends on."""
    steps = "\n".join(f"  - {{id: {name}, type: start, {more}}}" for name, more in zip("abc", depends, strict=True))
    root = program(f"steps:\n{steps}\n").root
    assert (root.predecessors, root.successors) == (before, after)


def test_defaults_of_a_step() -> None:
    """YF-6: what a step does not say is the default, or not declared."""
    plain = node("{id: a, type: start}")
    assert (plain.enabled, plain.continue_on_error, plain.execution) == (True, False, "at_least_once")
    assert (plain.retry, plain.timeout, plain.error_policy, plain.condition, plain.inputs) == (None,) * 5
    assert (plain.outputs, plain.compensate_with) == ((), None)
    assert node("{id: a, type: start, enabled: , timeout: , retryPolicy: , config: , dependsOn: }") == plain


def test_fields_of_a_step() -> None:
    """YF-6: what a step says is in its node."""
    full = node(
        "{id: a, type: start, name: A, enabled: false, continueOnError: true, timeout: 5, errorPolicy: suspend,"
        " execution: at_most_once, condition: input.x > 1, inputs: {x: '${input.x}'}, outputs: {y: input.x + 1, z: 2},"
        " retryPolicy: {maxAttempts: 2, backoffStrategy: fixed, initialDelay: 0, maxDelay: 9, multiplier: 3,"
        " jitter: false, retryOnErrors: [network]}, compensateWith: [{id: b, type: end}]}"
    )
    assert (full.name, full.enabled, full.continue_on_error, full.timeout) == ("A", False, True, 5)
    assert (full.error_policy, full.execution) == ("suspend", "at_most_once")
    assert full.retry == RetryPolicy(2, "fixed", 0, 9, 3.0, jitter=False, retry_on_errors=("network",))
    scope = Names({"input": {"x": 2}})
    assert full.condition is not None
    assert full.condition.evaluate(scope) is True
    assert full.inputs is not None
    assert full.inputs.render(scope) == {"x": 2}
    assert [(name, source.evaluate(scope)) for name, source in full.outputs] == [("y", 3), ("z", 2)]
    assert full.compensate_with is not None
    assert full.compensate_with.nodes[0].id == "b"


def inner(compiled: Node) -> Block:
    assert isinstance(compiled.config, WhileConfig)
    return compiled.config.body


def test_what_steps_inherit() -> None:
    """YF-6, WH-14: the retry policy comes from the workflow, the error policy from the nearest; timeouts are one's own.
    What undoes a step has no error policy but its own."""
    root = program(
        """\
        metadata: {timeout: 9, errorPolicy: suspend, retryPolicy: {maxAttempts: 7}}
        steps:
          - id: plain
            type: start
          - id: outer
            type: while
            timeout: 5
            errorPolicy: terminate
            retryPolicy: {maxAttempts: 2}
            compensateWith: [{id: undo, type: start}]
            config:
              condition: false
              steps:
                - {id: child, type: start}
                - {id: own, type: start, timeout: 1, errorPolicy: compensate, retryPolicy: {maxAttempts: 1}}
        """
    ).root
    plain, outer = root.nodes
    child, own = inner(outer).nodes
    assert outer.compensate_with is not None
    undo = outer.compensate_with.nodes[0]
    attempts = [
        n.retry.max_attempts if isinstance(n.retry, RetryPolicy) else None for n in (plain, outer, child, own, undo)
    ]
    assert attempts == [7, 2, 7, 1, 7]
    assert [n.timeout for n in (plain, outer, child, own, undo)] == [None, 5, None, 1, None]
    policies = [n.error_policy for n in (plain, outer, child, own, undo)]
    assert policies == ["suspend", "terminate", "terminate", "compensate", None]


def test_workflow_fields() -> None:
    """YF-9: inputs, outputs, variables, time and priority of the workflow are in the program."""
    compiled = program(
        """\
        metadata: {timeout: 9000, priority: Critical}
        inputs: {n: {type: integer, default: 3, validation: {minimum: 1, maximum: }, description: N}}
        outputs: {twice: {type: integer, source: "${input.n * 2}", description: D}}
        variables: {list: [1], text: "${not.touched}"}
        steps: [{id: a, type: start}]
        """
    )
    assert (compiled.timeout, compiled.priority) == (9000, 4)
    (spec,) = compiled.inputs
    assert (spec.name, spec.type, spec.has_default, spec.default, spec.validation) == (
        "n",
        "integer",
        True,
        3,
        {"minimum": 1},
    )
    (output,) = compiled.outputs
    assert (output.name, output.type, output.source.evaluate(Names({"input": {"n": 4}}))) == ("twice", "integer", 8)
    assert compiled.variables == {"list": [1], "text": "${not.touched}"}


@pytest.mark.parametrize(("priority", "number"), [("", 2), ("1", 1), ("4", 4), ("LOW", 1), ("normal", 2), ("High", 3)])
def test_priorities(priority: str, number: int) -> None:
    """LC-9: a priority is a number or its name in any case, NORMAL by default."""
    assert program(f"metadata: {{priority: {priority}}}\nsteps: [{{id: a, type: start}}]").priority == number


def test_tasks_and_handlers() -> None:
    """WH-5: a task has its handler and the rest of its config; the program knows all that it may call."""
    compiled = program(
        """\
        steps:
          - {id: a, type: task, config: {handler: pay, currency: "${input.c}"}}
          - id: w
            type: while
            config: {condition: false, steps: [{id: b, type: task, config: {handler: ship}}]}
            compensateWith: [{id: c, type: task, config: {handler: undo}}]
        """
    )
    config = compiled.root.nodes[0].config
    assert isinstance(config, TaskConfig)
    assert (config.handler, config.config.render(Names({"input": {"c": "EUR"}}))) == ("pay", {"currency": "EUR"})
    assert compiled.handlers == {"pay", "ship", "undo"}


@pytest.mark.parametrize(
    ("handlers", "chosen"),
    [(set(), None), ({"Pack it"}, "Pack it"), ({"pack"}, "pack"), ({"pack", "Pack it"}, "Pack it")],
)
def test_custom_steps_run_a_registered_step_of_their_name(handlers: set[str], chosen: str | None) -> None:
    """YF-4: a custom step echoes its config unless a Python step is registered under its name, or else its id."""
    compiled = program("steps: [{id: pack, name: Pack it, type: custom, config: {box: '${input.box}'}}]", handlers)
    config = compiled.root.nodes[0].config
    assert isinstance(config, CustomConfig)
    assert config.handler == chosen
    assert compiled.handlers == ({chosen} if chosen else frozenset())
    assert config.config.render(Names({"input": {"box": 7}})) == {"box": 7}


def test_log() -> None:
    """YF-4: a log step has its message, level and data."""
    config = node("{id: a, type: log, config: {message: 'n=${input.n}', data: {n: '${input.n}'}}}").config
    assert isinstance(config, LogConfig)
    scope = Names({"input": {"n": 3}})
    assert (config.message.render(scope), config.level, config.data.render(scope)) == ("n=3", "info", {"n": 3})


@pytest.mark.parametrize(
    ("source", "path"),
    [
        ("step_output", "pay-it.outputs.items.0.id"),
        ("step_output", "steps.pay-it.outputs.items[0].id"),
        ("step_output", "pay-it.outputs.items[0].id"),
        ("input", "items.0.id"),
        ("input", "input.items.0.id"),
        ("input", "inputs.items.0.id"),
        ("env", "items.0.id"),
    ],
)
def test_sources_of_variables(source: str, path: str) -> None:
    """YF-4: set_variable takes its value from where its source says, along its path."""
    steps = f"""\
        steps:
          - {{id: pay-it, type: start}}
          - {{id: a, type: set_variable, config: {{action: set, key: k, source: {source}, sourcePath: "{path}"}}}}
        """
    config = program(steps).root.nodes[1].config
    assert isinstance(config, SetVariableConfig)
    assert config.source_path is not None
    data = {"items": [{"id": "x"}]}
    scope = Names({"steps": {"pay-it": {"outputs": data}}, "input": data, "inputs": data, "env": data})
    assert config.source_path.evaluate(scope) == "x"


def test_literal_variables() -> None:
    """YF-4: a literal may have holes, and so may the key."""
    config = node(
        "{id: a, type: set_variable, config: {action: set, key: 'k${input.n}', value: ['${input.n}']}}"
    ).config
    assert isinstance(config, SetVariableConfig)
    scope = Names({"input": {"n": 3}})
    assert (config.action, config.source, config.source_path) == ("set", "literal", None)
    assert (config.key.render(scope), config.value.render(scope)) == ("k3", [3])


@pytest.mark.parametrize("written", ["input.n > 2", "${input.n > 2}", "  ${ input.n > 2 }  "])
def test_expressions_may_be_wrapped(written: str) -> None:
    """YF-3: a field that is an expression holds it bare; one single `${…}` around it is accepted."""
    config = node(
        f"{{id: a, type: condition, config: {{condition: '{written}', thenSteps: [{{id: b, type: end}}], elseSteps: []}}}}"
    ).config
    assert isinstance(config, ConditionConfig)
    assert config.condition.evaluate(Names({"input": {"n": 3}})) is True
    assert config.then is not None
    assert config.otherwise is None


def test_switch() -> None:
    """YF-4: a switch has its value, its cases in order, and its default."""
    config = node(
        "{id: a, type: switch, config: {value: input.k, cases: [{when: 1, steps: [{id: b, type: end}]},"
        " {when: '${input.n}', steps: []}], default: [{id: c, type: end}]}}"
    ).config
    assert isinstance(config, SwitchConfig)
    scope = Names({"input": {"k": "x", "n": "y"}})
    assert config.value.evaluate(scope) == "x"
    assert [case.when.render(scope) for case in config.cases] == [1, "y"]
    assert [len(case.body.nodes) for case in config.cases] == [1, 0]
    assert config.default is not None


@pytest.mark.parametrize(
    ("join", "rule"),
    [
        ("", JoinRule()),
        ("any", JoinRule("any")),
        ("{strategy: any, timeout: 5}", JoinRule("any", timeout=5)),
        ("{strategy: n_of, count: 1}", JoinRule("n_of", count=1)),
    ],
)
def test_parallel(join: str, rule: JoinRule) -> None:
    """YF-8: a parallel has its branches, its limit and its join."""
    config = node(
        f"{{id: a, type: parallel, config: {{maxConcurrency: 2, failFast: true, join: {join},"
        " branches: [{name: x, steps: [{id: b, type: end}]}, {name: y, steps: [{id: c, type: end}]}]}}"
    ).config
    assert isinstance(config, ParallelConfig)
    assert [branch.name for branch in config.branches] == ["x", "y"]
    assert (config.max_concurrency, config.fail_fast, config.join) == (2, True, rule)


def test_join_step() -> None:
    """YF-8: a join waits for the steps that it depends on."""
    root = program(
        """\
        steps:
          - {id: a, type: start}
          - {id: b, type: start, dependsOn: []}
          - {id: j, type: join, dependsOn: [a, b], config: {strategy: n_of, count: 1, timeout: 7}}
        """
    ).root
    assert root.nodes[2].config == JoinConfig(JoinRule("n_of", 1, 7))
    assert root.predecessors[2] == (0, 1)


@pytest.mark.parametrize(
    ("items", "value"), [("input.list", [7]), ("${input.list}", [7]), ("[1, {a: x}, null]", [1, {"a": "x"}, None])]
)
def test_for_each(items: str, value: list[Any]) -> None:
    """YF-8: a loop over items has the names of its variables and its limit; the items may be a plain list."""
    written = items if items.startswith("[") else f"'{items}'"
    config = node(f"{{id: a, type: for_each, config: {{items: {written}, steps: [{{id: b, type: end}}]}}}}").config
    assert isinstance(config, ForEachConfig)
    assert config.items.evaluate(Names({"input": {"list": [7]}})) == value
    assert (config.item_variable, config.index_variable, config.max_concurrency) == ("item", "index", None)


def test_while() -> None:
    """YF-8: a loop on a condition ends after 1,000 rounds unless it says otherwise."""
    config = node("{id: a, type: while, config: {condition: 'true', steps: [{id: b, type: end}]}}").config
    assert isinstance(config, WhileConfig)
    assert config.max_iterations == 1000


def test_delay() -> None:
    """YF-7: a delay holds the one way in which it was told."""
    config = node("{id: a, type: delay, config: {durationText: '${input.n}h', reason: rest}}").config
    assert isinstance(config, DelayConfig)
    assert (config.duration, config.until) == (None, None)
    assert config.duration_text is not None
    assert config.duration_text.render(Names({"input": {"n": 2}})) == "2h"


def test_a_document_with_errors_is_refused_with_all_of_them() -> None:
    """YF-1: loading raises once, with every problem and the place of the first."""
    with pytest.raises(InvalidDefinitionError) as caught:
        program("steps:\n  - {id: a, type: nope}\n  - {id: a, type: task}\n", {"x"})
    assert [p.code for p in caught.value.problems] == ["UNKNOWN_STEP_TYPE", "MISSING_FIELD", "DUPLICATE_STEP_ID"]
    assert "steps[0].type, line 5" in caught.value.message
    assert "2 more" in caught.value.message


def test_warnings_keep_nobody_from_running() -> None:
    """YF-1: only errors refuse a document."""
    assert load_program("nameSpace: Acme\nname: A\nversion: 1.0.0\nsteps: [{id: a, type: start}]").name == "A"


def fingerprint_of(text: str) -> str:
    return fingerprint(load_document(text).data)


def test_the_fingerprint_is_of_the_content() -> None:
    """WR-3: the notation, the order of keys, comments and aliases make no other fingerprint."""
    yaml_text = (
        HEAD + "# comment\nvariables: {a: &x [1, 2.5], b: *x}\nsteps: [{id: a, type: log, config: {message: 'é'}}]"
    )
    json_text = (
        '{"steps": [{"config": {"message": "\\u00e9"}, "type": "log", "id": "a"}], "variables": {"b": [1, 2.5],'
        ' "a": [1, 2.5]}, "version": "1.0.0", "name": "Fulfil", "nameSpace": "acme-orders"}'
    )
    assert fingerprint_of(yaml_text) == fingerprint_of(json_text)
    assert compile_document(load_document(json_text).data).fingerprint == fingerprint_of(yaml_text)
    assert len(fingerprint_of(yaml_text)) == 64


def test_the_designer_is_no_content() -> None:
    """FW-1, WR-3: where boxes stand on a canvas changes no fingerprint, at any depth; an input of that name does."""
    body = "steps:\n  - id: w\n    type: while\n{0}    config:\n      condition: false\n      steps: [{{id: b, type: custom{1}}}]\n"
    plain = fingerprint_of(HEAD + body.format("", ""))
    assert fingerprint_of(HEAD + body.format("    designer: {x: 1}\n", ", designer: 5")) == plain
    assert fingerprint_of(HEAD + "metadata: {designer: 1}\n" + body.format("", "")) == fingerprint_of(
        HEAD + "metadata: {}\n" + body.format("", "")
    )
    assert fingerprint_of(HEAD + body.format("", ", config: {designer: 1}")) != plain
    assert fingerprint_of(HEAD + body.format("", ", description: x")) != plain
