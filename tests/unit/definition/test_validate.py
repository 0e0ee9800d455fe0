"""Every code of a document's problems, with its path and line (YF-1)."""

from __future__ import annotations

import textwrap
from typing import Any

import pytest

from reactory.definition.document import load_document
from reactory.definition.problem import Problem
from reactory.definition.validate import errors, validate

HEAD = "nameSpace: acme-orders\nname: Fulfil\nversion: 1.0.0\n"


def problems_of(body: str, *, head: str = HEAD, handlers: set[str] | None = None) -> list[Problem]:
    return validate(load_document(head + textwrap.dedent(body)), handlers=handlers)


def found(body: str, *, head: str = HEAD, handlers: set[str] | None = None) -> list[tuple[str, str, int | None]]:
    """Codes, paths, and lines counted from the end of the head."""
    lines = head.count("\n")
    return [
        (p.code, p.path, p.line - lines if p.line else None) for p in problems_of(body, head=head, handlers=handlers)
    ]


def only(body: str, **kwargs: Any) -> Problem:
    (problem,) = problems_of(body, **kwargs)
    return problem


STEP = "steps: [{id: a, type: start}]\n"

EVERYTHING = """\
description: All that a document may say in this version.
author: Team Orders
tags: [orders, demo]
metadata:
  timeout: 60000
  retryPolicy: {maxAttempts: 5, backoffStrategy: fixed, initialDelay: 0, maxDelay: 100, multiplier: 1.5, jitter: false, retryOnErrors: [network]}
  errorPolicy: suspend
  priority: high
  concurrency: 5
  security: {requiresAuthentication: true, permissions: ["workflow:execute"], roles: [operator]}
  designer: {zoom: 2}
inputs:
  order: {type: object, required: true, description: The order}
  limit: {type: integer, default: "10", validation: {minimum: 1, maximum: 100}}
  mail: {type: string, validation: {pattern: "@", minLength: 3, maxLength: 100, enum: ["a@b"]}}
outputs:
  total: {type: number, source: variables.total, description: The sum}
  state: {type: string, source: steps.pay.outputs.state}
variables: {total: 0}
steps:
  - {id: begin, type: start, config: }
  - id: pay
    type: task
    name: Pay
    description: Takes the money
    enabled: true
    continueOnError: true
    timeout: 5000
    retryPolicy: {maxAttempts: 1}
    errorPolicy: terminate
    execution: at_most_once
    inputs: {amount: "${input.order.total}", note: "limit ${input.limit}", fixed: [1, {a: true}]}
    outputs: {paid: steps.pay.outputs.amount, done: true}
    condition: input.order.total > 0
    dependsOn: begin
    compensateWith: [{id: refund, type: task, config: {handler: refund}}]
    config: {handler: pay, currency: EUR}
    designer: {x: 1}
  - {id: free, type: custom, dependsOn: [], config: {what: ever, deep: ["${paid}"]}}
  - {id: both, type: join, dependsOn: [pay, free], config: {strategy: n_of, count: 2, timeout: 1000}}
  - {id: say, type: log, config: {message: "paid ${paid}", level: warn, data: {o: "${input.order}"}}}
  - {id: set, type: set_variable, config: {action: set, key: total, value: "${steps.pay.outputs.amount}"}}
  - {id: take, type: set_variable, config: {action: set, key: state, source: step_output, sourcePath: pay.outputs.state}}
  - {id: get, type: set_variable, config: {action: get, key: total}}
  - id: choose
    type: condition
    config:
      condition: ${variables.total > 100}
      thenSteps: [{id: big, type: log, config: {message: big}}]
      elseSteps: [{id: small, type: log, config: {message: small}}]
  - id: route
    type: switch
    config:
      value: state
      cases: [{when: ok, steps: [{id: ok, type: end}]}, {when: "${input.mail}", steps: []}]
      default: [{id: other, type: start}]
  - id: fork
    type: parallel
    config:
      maxConcurrency: 2
      failFast: true
      join: {strategy: any}
      branches:
        - {name: One by one, steps: [{id: one, type: delay, config: {duration: 5, reason: rest}}]}
        - {name: two, steps: [{id: two, type: delay, config: {durationText: 2h}}]}
        - {name: three, steps: [{id: three, type: delay, config: {until: "2027-01-01T00:00:00Z"}}]}
        - {name: four, steps: [{id: four, type: delay, config: {until: "${input.order.until}"}}]}
  - id: lines
    type: for_each
    config:
      items: input.order.lines
      itemVariable: line
      maxConcurrency: 1
      steps:
        - {id: reserve, type: task, inputs: {line: "${line.sku}", n: "${index}"}, config: {handler: reserve}}
        - id: inner
          type: for_each
          config: {items: [1, 2], indexVariable: j, steps: [{id: deep, type: log, config: {message: "${line} ${item} ${index} ${j}"}}]}
  - id: again
    type: while
    config: {condition: total < 3, maxIterations: 5, steps: [{id: more, type: start}]}
  - {id: finish, type: end}
"""


def test_a_document_with_everything_has_no_problem() -> None:
    """YF-1: what formats.md allows is accepted as it stands."""
    assert problems_of(EVERYTHING, handlers={"pay", "refund", "reserve"}) == []


@pytest.mark.parametrize(
    ("head", "code", "path"),
    [
        ("name: A\nversion: 1.0.0\n", "MISSING_FIELD", "nameSpace"),
        ("nameSpace: acme\nversion: 1.0.0\n", "MISSING_FIELD", "name"),
        ("nameSpace: acme\nname: A\n", "MISSING_FIELD", "version"),
        ("nameSpace: a b\nname: A\nversion: 1.0.0\n", "INVALID_FIELD", "nameSpace"),
        ("nameSpace: acme\nname: 1A\nversion: 1.0.0\n", "INVALID_FIELD", "name"),
        ("nameSpace: acme\nname: 'A\n\n'\nversion: 1.0.0\n", "INVALID_FIELD", "name"),
        ("nameSpace: acme\nname: A\nversion: 1.0\n", "INVALID_VERSION_FORMAT", "version"),
        ("nameSpace: acme\nname: A\nversion: v1.0.0\n", "INVALID_VERSION_FORMAT", "version"),
        ("nameSpace: acme\nname: A\nversion: 1.0.0-rc1\n", "INVALID_VERSION_FORMAT", "version"),
        (HEAD + "tag: x\n", "UNKNOWN_FIELD", "tag"),
        (HEAD + "tags: x\n", "INVALID_FIELD", "tags"),
        (HEAD + "tags: [1]\n", "INVALID_FIELD", "tags[0]"),
        (HEAD + "variables: [1]\n", "INVALID_FIELD", "variables"),
        (HEAD + "metadata: {timeout: 0}\n", "INVALID_TIMEOUT", "metadata.timeout"),
        (HEAD + "metadata: {timeout: 1.5}\n", "INVALID_TIMEOUT", "metadata.timeout"),
        (HEAD + "metadata: {timeout: 5s}\n", "INVALID_TIMEOUT", "metadata.timeout"),
        (HEAD + "metadata: {timeout: true}\n", "INVALID_TIMEOUT", "metadata.timeout"),
        (HEAD + "metadata: {timeout: 99999999999999}\n", "INVALID_TIMEOUT", "metadata.timeout"),
        (HEAD + "metadata: {priority: 5}\n", "INVALID_FIELD", "metadata.priority"),
        (HEAD + "metadata: {priority: urgent}\n", "INVALID_FIELD", "metadata.priority"),
        (HEAD + "metadata: {errorPolicy: ignore}\n", "INVALID_FIELD", "metadata.errorPolicy"),
        (HEAD + "metadata: {concurrency: 0}\n", "INVALID_FIELD", "metadata.concurrency"),
        (HEAD + "metadata: {security: {role: x}}\n", "UNKNOWN_FIELD", "metadata.security.role"),
        (HEAD + "metadata: {retryPolicy: {maxAttempts: 11}}\n", "INVALID_FIELD", "metadata.retryPolicy.maxAttempts"),
        (HEAD + "metadata: {retryPolicy: {maxAttempts: 0}}\n", "INVALID_FIELD", "metadata.retryPolicy.maxAttempts"),
        (HEAD + "metadata: {retryPolicy: {initialDelay: -1}}\n", "INVALID_FIELD", "metadata.retryPolicy.initialDelay"),
        (HEAD + "metadata: {retryPolicy: {multiplier: 0.5}}\n", "INVALID_FIELD", "metadata.retryPolicy.multiplier"),
        (HEAD + "metadata: {retryPolicy: {jitter: 1}}\n", "INVALID_FIELD", "metadata.retryPolicy.jitter"),
        (
            HEAD + "metadata: {retryPolicy: {backoffStrategy: x}}\n",
            "INVALID_FIELD",
            "metadata.retryPolicy.backoffStrategy",
        ),
        (HEAD + "inputs: {x: {type: text}}\n", "INVALID_FIELD", "inputs.x.type"),
        (HEAD + "inputs: {x: {}}\n", "MISSING_FIELD", "inputs.x.type"),
        (
            HEAD + "inputs: {x: {type: string, validation: {minLenght: 1}}}\n",
            "UNKNOWN_FIELD",
            "inputs.x.validation.minLenght",
        ),
        (HEAD + "inputs: {x: {type: string, validation: {enum: []}}}\n", "INVALID_FIELD", "inputs.x.validation.enum"),
        (
            HEAD + "inputs: {x: {type: string, validation: {pattern: '('}}}\n",
            "INVALID_FIELD",
            "inputs.x.validation.pattern",
        ),
        (HEAD + "inputs: {x: {type: integer, default: abc}}\n", "INVALID_FIELD", "inputs.x.default"),
        (HEAD + "outputs: {x: {type: string}}\n", "MISSING_FIELD", "outputs.x.source"),
        (HEAD + "outputs: {x: {type: string, source: ''}}\n", "INVALID_OUTPUT_SOURCE", "outputs.x.source"),
        (
            HEAD + "outputs: {x: {type: string, source: steps.b.outputs.x}}\n",
            "INVALID_OUTPUT_SOURCE",
            "outputs.x.source",
        ),
        (HEAD + "outputs: {x: {type: string, source: nothing}}\n", "INVALID_OUTPUT_SOURCE", "outputs.x.source"),
        (HEAD + "outputs: {x: {type: string, source: 'steps.a.('}}\n", "INVALID_OUTPUT_SOURCE", "outputs.x.source"),
        (HEAD + "on: x\n", "UNKNOWN_FIELD", "on"),
    ],
)
def test_problems_around_the_steps(head: str, code: str, path: str) -> None:
    """YF-1: each field of the workflow has its own problem."""
    problem = only(STEP, head=head)
    assert (problem.code, problem.path, problem.severity) == (code, path, "error")


@pytest.mark.parametrize("steps", ["", "steps: []\n", "steps: {}\n", "steps: x\n", "steps:\n"])
def test_a_workflow_needs_steps(steps: str) -> None:
    """YF-1: a workflow without a step is none."""
    assert only(steps).path == "steps"


@pytest.mark.parametrize(
    ("step", "code", "path"),
    [
        ("{type: start}", "MISSING_FIELD", "id"),
        ("{id: 1a, type: start}", "INVALID_FIELD", "id"),
        ("{id: 'a b', type: start}", "INVALID_FIELD", "id"),
        ("{id: a}", "MISSING_FIELD", "type"),
        ("{id: a, type: [x]}", "INVALID_FIELD", "type"),
        ("{id: a, type: fetch}", "UNKNOWN_STEP_TYPE", "type"),
        ("{id: a, type: soap_call, config: {any: thing}}", "UNKNOWN_STEP_TYPE", "type"),
        ("{id: a, type: start, dependOn: []}", "UNKNOWN_FIELD", "dependOn"),
        ("{id: a, type: start, dependsOn: [1]}", "INVALID_FIELD", "dependsOn"),
        ("{id: a, type: start, enabled: 'yes'}", "INVALID_FIELD", "enabled"),
        ("{id: a, type: start, timeout: 0}", "INVALID_STEP_TIMEOUT", "timeout"),
        ("{id: a, type: start, timeout: 5s}", "INVALID_STEP_TIMEOUT", "timeout"),
        ("{id: a, type: start, errorPolicy: skip}", "INVALID_FIELD", "errorPolicy"),
        ("{id: a, type: start, execution: once}", "INVALID_FIELD", "execution"),
        ("{id: a, type: start, inputs: [1]}", "INVALID_FIELD", "inputs"),
        ("{id: a, type: start, retryPolicy: {maxAttempts: 11}}", "INVALID_FIELD", "retryPolicy.maxAttempts"),
        ("{id: a, type: start, retryPolicy: {attempts: 1}}", "UNKNOWN_FIELD", "retryPolicy.attempts"),
        ("{id: a, type: start, condition: ''}", "INVALID_EXPRESSION", "condition"),
        ("{id: a, type: start, condition: '1 +'}", "INVALID_EXPRESSION", "condition"),
        ("{id: a, type: start, condition: [x]}", "INVALID_EXPRESSION", "condition"),
        ("{id: a, type: start, outputs: {x: '(('}}", "INVALID_EXPRESSION", "outputs.x"),
        ("{id: a, type: start, outputs: {x: {}}}", "INVALID_EXPRESSION", "outputs.x"),
        ("{id: a, type: start, compensateWith: {id: b}}", "INVALID_FIELD", "compensateWith"),
        ("{id: a, type: start, compensateWith: [{id: b, type: nope}]}", "UNKNOWN_STEP_TYPE", "compensateWith[0].type"),
        ("{id: a, type: start, config: {x: 1}}", "UNKNOWN_FIELD", "config.x"),
        ("{id: a, type: start, config: x}", "INVALID_FIELD", "config"),
        ("{id: a, type: task}", "MISSING_FIELD", "config.handler"),
        ("{id: a, type: task, config: {handler: ''}}", "INVALID_FIELD", "config.handler"),
        ("{id: a, type: task, config: {handler: h, x: ['${1 +}']}}", "INVALID_EXPRESSION", "config.x[0]"),
        ("{id: a, type: log, config: {}}", "MISSING_FIELD", "config.message"),
        ("{id: a, type: log, config: {message: x, level: loud}}", "INVALID_FIELD", "config.level"),
        ("{id: a, type: log, config: {message: 'x ${', level: info}}", "INVALID_EXPRESSION", "config.message"),
        ("{id: a, type: set_variable, config: {action: set, key: k}}", "MISSING_FIELD", "config.value"),
        (
            "{id: a, type: set_variable, config: {action: set, key: k, source: input}}",
            "MISSING_FIELD",
            "config.sourcePath",
        ),
        ("{id: a, type: set_variable, config: {action: put, key: k}}", "INVALID_FIELD", "config.action"),
        ("{id: a, type: set_variable, config: {action: get}}", "MISSING_FIELD", "config.key"),
        (
            "{id: a, type: set_variable, config: {action: set, key: k, source: step_output, sourcePath: no.x}}",
            "UNDEFINED_REFERENCE",
            "config.sourcePath",
        ),
        ("{id: a, type: condition, config: {thenSteps: []}}", "MISSING_FIELD", "config.condition"),
        ("{id: a, type: condition, config: {condition: true, then: []}}", "UNKNOWN_FIELD", "config.then"),
        ("{id: a, type: condition, config: {condition: true, thenSteps: {}}}", "INVALID_FIELD", "config.thenSteps"),
        ("{id: a, type: condition, config: {condition: true, elseSteps: [x]}}", "INVALID_FIELD", "config.elseSteps[0]"),
        ("{id: a, type: switch, config: {}}", "MISSING_FIELD", "config.value"),
        ("{id: a, type: switch, config: {value: 1, cases: [{steps: []}]}}", "MISSING_FIELD", "config.cases[0].when"),
        ("{id: a, type: switch, config: {value: 1, cases: [{when: 1}]}}", "MISSING_FIELD", "config.cases[0].steps"),
        (
            "{id: a, type: switch, config: {value: 1, cases: [{when: '${no}', steps: []}]}}",
            "UNDEFINED_REFERENCE",
            "config.cases[0].when",
        ),
        ("{id: a, type: parallel, config: {branches: []}}", "INVALID_FIELD", "config.branches"),
        (
            "{id: a, type: parallel, config: {branches: [{name: x, steps: []}]}}",
            "INVALID_FIELD",
            "config.branches[0].steps",
        ),
        (
            "{id: a, type: parallel, config: {branches: [{name: x/y, steps: [{id: b, type: end}]}]}}",
            "INVALID_FIELD",
            "config.branches[0].name",
        ),
        (
            "{id: a, type: parallel, config: {branches: [{steps: [{id: b, type: end}]}]}}",
            "MISSING_FIELD",
            "config.branches[0].name",
        ),
        (
            "{id: a, type: parallel, config: {branches: [{name: x, steps: [{id: b, type: end}]}, {name: x, steps: [{id: c, type: end}]}]}}",
            "INVALID_FIELD",
            "config.branches[1].name",
        ),
        (
            "{id: a, type: parallel, config: {join: {strategy: n_of, count: 2}, branches: [{name: x, steps: [{id: b, type: end}]}]}}",
            "INVALID_FIELD",
            "config.join.count",
        ),
        (
            "{id: a, type: parallel, config: {join: most, branches: [{name: x, steps: [{id: b, type: end}]}]}}",
            "INVALID_FIELD",
            "config.join.strategy",
        ),
        ("{id: a, type: join, config: {strategy: n_of}}", "MISSING_FIELD", "config.count"),
        ("{id: a, type: join, config: {count: 1}}", "INVALID_FIELD", "config.count"),
        ("{id: a, type: join, config: {timeout: -1}}", "INVALID_STEP_TIMEOUT", "config.timeout"),
        ("{id: a, type: join, config: {strategy: n_of, count: 1}}", "INVALID_FIELD", "config.count"),
        ("{id: a, type: for_each, config: {items: x.y, steps: []}}", "INVALID_FIELD", "config.steps"),
        ("{id: a, type: for_each, config: {steps: [{id: b, type: end}]}}", "MISSING_FIELD", "config.items"),
        (
            "{id: a, type: for_each, config: {items: ['${x}'], steps: [{id: b, type: end}]}}",
            "INVALID_EXPRESSION",
            "config.items",
        ),
        (
            "{id: a, type: for_each, config: {items: [1], itemVariable: a-b, steps: [{id: b, type: end}]}}",
            "INVALID_FIELD",
            "config.itemVariable",
        ),
        (
            "{id: a, type: for_each, config: {items: [1], itemVariable: steps, steps: [{id: b, type: end}]}}",
            "INVALID_FIELD",
            "config.itemVariable",
        ),
        (
            "{id: a, type: for_each, config: {items: [1], itemVariable: index, steps: [{id: b, type: end}]}}",
            "INVALID_FIELD",
            "config.itemVariable",
        ),
        (
            "{id: a, type: for_each, config: {items: [1], maxConcurrency: 0, steps: [{id: b, type: end}]}}",
            "INVALID_FIELD",
            "config.maxConcurrency",
        ),
        (
            "{id: a, type: for_each, config: {items: [1], distributed: {batch: 5}, steps: [{id: b, type: end}]}}",
            "UNKNOWN_FIELD",
            "config.distributed.batch",
        ),
        ("{id: a, type: while, config: {condition: true}}", "MISSING_FIELD", "config.steps"),
        (
            "{id: a, type: while, config: {condition: true, maxIterations: 0, steps: [{id: b, type: end}]}}",
            "INVALID_FIELD",
            "config.maxIterations",
        ),
        ("{id: a, type: delay}", "MISSING_FIELD", "config"),
        ("{id: a, type: delay, config: {duration: 5, durationText: 5s}}", "INVALID_FIELD", "config"),
        ("{id: a, type: delay, config: {duration: -5}}", "INVALID_FIELD", "config.duration"),
        ("{id: a, type: delay, config: {duration: '5s'}}", "INVALID_FIELD", "config.duration"),
        ("{id: a, type: delay, config: {durationText: 5 s}}", "INVALID_FIELD", "config.durationText"),
        ("{id: a, type: delay, config: {durationText: 5}}", "INVALID_FIELD", "config.durationText"),
        ("{id: a, type: delay, config: {durationText: '${no.x}s'}}", "UNDEFINED_REFERENCE", "config.durationText"),
        ("{id: a, type: delay, config: {until: tomorrow}}", "INVALID_FIELD", "config.until"),
    ],
)
def test_problems_of_steps(step: str, code: str, path: str) -> None:
    """YF-1: each field of a step has its own problem, told once, wherever the step stands."""
    inner = f"steps:\n  - id: w\n    type: while\n    config:\n      condition: true\n      steps:\n        - {step}\n"
    for body, prefix, line in ((f"steps:\n  - {step}\n", "steps[0].", 2), (inner, "steps[0].config.steps[0].", 7)):
        assert [p for p in found(body) if p[:2] != ("UNDEFINED_REFERENCE", f"{prefix}config.items")] == [
            (code, prefix + path, line)
        ]


@pytest.mark.parametrize("entry", ["x", "1", "[]", ""])
def test_a_step_is_a_mapping(entry: str) -> None:
    """YF-1: what is no step is told, and the steps beside it are still looked at."""
    assert found(f"steps:\n  - {entry}\n  - {{id: a, type: nope}}\n") == [
        ("INVALID_FIELD", "steps[0]", 2),
        ("UNKNOWN_STEP_TYPE", "steps[1].type", 3),
    ]


def test_all_problems_are_reported_at_once() -> None:
    """YF-1: a document is corrected in one go; the problems come in its order."""
    body = """\
        metadata:
          timeout: soon
        inputs:
          a: {type: strng}
        outputs:
          x: {type: string, source: steps.none.outputs.x}
        x: 1
        steps:
          - id: a
            type: task
            dependsOn: b
            timeout: 0
          - id: a
            type: log
            config: {mesage: hi}
          - id: c
            type: for_each
            config:
              items: lines
              steps:
                - id: d
                  type: delay
                  config: {duration: -1}
                  dependsOn: a
        """
    head = "nameSpace: Acme\nname: A\nversion: '1'\nx: 2\n"
    assert found(body, head=head) == [
        ("NAMESPACE_CONVENTION", "nameSpace", -3),
        ("INVALID_VERSION_FORMAT", "version", -1),
        ("UNKNOWN_FIELD", "x", 0),
        ("INVALID_TIMEOUT", "metadata.timeout", 2),
        ("INVALID_FIELD", "inputs.a.type", 4),
        ("INVALID_OUTPUT_SOURCE", "outputs.x.source", 6),
        ("DUPLICATE_KEY", "x", 7),
        ("MISSING_FIELD", "steps[0].config.handler", 9),
        ("INVALID_DEPENDENCY", "steps[0].dependsOn", 11),
        ("INVALID_STEP_TIMEOUT", "steps[0].timeout", 12),
        ("DUPLICATE_STEP_ID", "steps[1].id", 13),
        ("MISSING_FIELD", "steps[1].config.message", 15),
        ("UNKNOWN_FIELD", "steps[1].config.mesage", 15),
        ("UNDEFINED_REFERENCE", "steps[2].config.items", 19),
        ("INVALID_FIELD", "steps[2].config.steps[0].config.duration", 23),
        ("INVALID_DEPENDENCY", "steps[2].config.steps[0].dependsOn", 24),
    ]


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("steps: [{id: a, type: start, dependOn: []}]", "did you mean dependsOn?"),
        ("steps: [{id: a, type: condition, config: {condition: true, then_steps: []}}]", "did you mean thenSteps?"),
        ("steps: [{id: a, type: log, message: x, config: {message: x}}]", "move it into `config`"),
        ("steps: [{id: a, type: condition, condition: true}]", "move it into it"),
        ("steps: [{id: a, type: swich}]", "did you mean switch?"),
        ("steps: [{id: a, type: zzz}]", "Available are activity, api_call, cli_command, condition"),
        ("steps: [{id: a, type: soap_call}]", "not available in this version"),
        ("steps: [{id: a, type: end, config: {x: 1}}]", "remove it"),
        (
            "steps: [{id: a, type: saga, config: {steps: [{id: f, type: for_each, config: {items: [1], distributed: {}, steps: [{id: b, type: end}]}}]}}]",
            "move the loop out of the saga",
        ),
        ("steps: [{id: a, type: start}, {id: b, type: end, dependsOn: c}]", "known here: a, b"),
        (
            "steps: [{id: a, type: start, condition: input.totl > 1}]\ninputs: {total: {type: number}}",
            "did you mean total?",
        ),
        ("steps: [{id: pay, type: start, condition: steps.pya.success}]", "did you mean pay?"),
        ("steps: [{id: a, type: start, condition: vairables.x}]", "did you mean variables?"),
    ],
)
def test_messages_say_how_to_fix_it(body: str, said: str) -> None:
    """YF-1: a problem comes with what was perhaps meant."""
    assert said in only(body).message


def test_ids_are_unique_in_the_whole_document() -> None:
    """YF-1: nested ids count too, and the problem says where the first one is."""
    body = """\
        steps:
          - id: a
            type: parallel
            compensateWith: [{id: x, type: start}]
            config:
              branches:
                - name: one
                  steps: [{id: b, type: start}, {id: a, type: start}]
                - name: two
                  steps: [{id: b, type: start}]
          - {id: x, type: end}
        """
    problems = problems_of(body)
    assert [(p.code, p.path) for p in problems] == [
        ("DUPLICATE_STEP_ID", "steps[0].config.branches[0].steps[1].id"),
        ("DUPLICATE_STEP_ID", "steps[0].config.branches[1].steps[0].id"),
        ("DUPLICATE_STEP_ID", "steps[1].id"),
    ]
    assert "steps[0].config.branches[0].steps[0]" in problems[1].message


def test_ids_inside_types_of_a_later_version_count() -> None:
    """YF-1: what is inside a step that is not available yet is looked at all the same."""
    body = "steps: [{id: s, type: soap_call, compensateWith: [{id: s, type: nope}]}]"
    assert sorted(p.code for p in problems_of(body)) == ["DUPLICATE_STEP_ID", "UNKNOWN_STEP_TYPE", "UNKNOWN_STEP_TYPE"]


def test_dependencies_are_on_steps_beside() -> None:
    """YF-5: a step waits for steps of its own list only; the problem says where the other one is."""
    body = """\
        steps:
          - {id: a, type: start}
          - id: w
            type: while
            config: {condition: false, steps: [{id: b, type: start, dependsOn: [a]}]}
          - {id: c, type: end, dependsOn: [b, zzz]}
        """
    problems = problems_of(body)
    assert [(p.code, p.path) for p in problems] == [
        ("INVALID_DEPENDENCY", "steps[1].config.steps[0].dependsOn"),
        ("INVALID_DEPENDENCY", "steps[2].dependsOn"),
        ("INVALID_DEPENDENCY", "steps[2].dependsOn"),
    ]
    assert "is at steps[0]" in problems[0].message
    assert "is at steps[1].config.steps[0]" in problems[1].message


@pytest.mark.parametrize(
    ("steps", "arrows"),
    [
        ("[{id: a, type: start, dependsOn: a}]", ["a → a"]),
        ("[{id: a, type: start, dependsOn: [c]}, {id: b, type: start}, {id: c, type: end}]", ["a → b → c → a"]),
        (
            "[{id: a, type: start, dependsOn: b}, {id: b, type: start, dependsOn: a}, {id: c, type: start, dependsOn: c}]",
            ["a → b → a", "c → c"],
        ),
    ],
)
def test_cycles_are_printed(steps: str, arrows: list[str]) -> None:
    """YF-5: steps that wait for each other are a problem that shows the circle; every circle is told."""
    problems = problems_of(f"steps: {steps}")
    assert {p.code for p in problems} == {"CIRCULAR_DEPENDENCY"}
    for problem, said in zip(problems, arrows, strict=True):
        assert problem.path.endswith(".dependsOn")
        turned = said.split(" → ")[:-1]
        assert any(" → ".join([*turned[n:], *turned[:n], turned[n]]) in problem.message for n in range(len(turned)))


def test_a_long_list_is_no_problem() -> None:
    """YF-1: ten thousand steps are validated without recursion."""
    steps = [{"id": f"s{n}", "type": "start"} for n in range(10_000)]
    data = {"nameSpace": "a", "name": "A", "version": "1.0.0", "steps": steps}
    assert validate(data) == []
    steps[0]["dependsOn"] = "s9999"
    assert [p.code for p in validate(data)] == ["CIRCULAR_DEPENDENCY"]


@pytest.mark.parametrize(
    ("inputs", "expression", "code"),
    [
        ("{a: {type: string}}", "input.a == inputs.a", None),
        ("{a: {type: string}}", "input.b == ''", "UNDEFINED_REFERENCE"),
        ("{a: {type: string}}", "inputs.b == ''", "UNDEFINED_REFERENCE"),
        ("{a: {type: string}}", "input == {}", None),
        ("{}", "input.anything.goes", None),
        ("{}", "variables.anything", None),
        ("{}", "env.STAGE == 'x' && workflow.instanceId != ''", None),
        ("{}", "item", "UNDEFINED_REFERENCE"),
        ("{}", "total > 1", None),
        ("{}", "paid", None),
        ("{}", "counted", None),
        ("{}", "nothing", "UNDEFINED_REFERENCE"),
        ("{}", "steps.x.outputs.y.z == 1 && steps.inner-most.success", None),
        ("{}", "steps.y.outputs", "UNDEFINED_REFERENCE"),
        ("{}", "[1, 2].exists(n, n > 1)", None),
        ("{}", "[1, 2].exists(n, n > m)", "UNDEFINED_REFERENCE"),
        ("{a: {type: string}}", "(input.b || 'x') == 'x'", None),
        ("{}", "(nothing || 1) == 1", None),
        ("{}", "(steps.y.outputs.z || 1) == 1", "UNDEFINED_REFERENCE"),
    ],
)
def test_references_lead_somewhere(inputs: str, expression: str, code: str | None) -> None:
    """YF-1, YF-3: roots, steps, declared inputs and variables may be referred to, and nothing else."""
    body = f"""\
        inputs: {inputs}
        variables: {{total: 1}}
        steps:
          - {{id: x, type: start, condition: "{expression}"}}
          - {{id: o, type: start, outputs: {{paid: 'true'}}}}
          - id: w
            type: while
            config:
              condition: false
              steps:
                - {{id: inner-most, type: set_variable, config: {{action: set, key: counted, value: 1}}}}
        """
    assert [(p.code, p.path) for p in errors(problems_of(body))] == ([(code, "steps[0].condition")] if code else [])


def test_a_reference_with_a_default_is_a_warning() -> None:
    """YF-3: what may be absent at run time may lead nowhere, but its author is told."""
    problem = only("steps: [{id: a, type: start, condition: (totl || 1) == 1}]\nvariables: {total: 1}")
    assert (problem.code, problem.severity) == ("UNDEFINED_REFERENCE", "warning")
    assert "did you mean total?" in problem.message


def test_loop_variables_are_known_inside_their_loop_only() -> None:
    """WH-8: item and index exist in the body, with the names that the loop gives them."""
    body = """\
        steps:
          - id: l
            type: for_each
            condition: line > 1
            compensateWith: [{id: u, type: log, config: {message: "${line}"}}]
            config:
              items: "[line]"
              itemVariable: line
              steps: [{id: b, type: log, config: {message: "${line} ${index} ${item}"}}]
          - {id: e, type: log, config: {message: "${line}"}}
        """
    assert sorted(p.path for p in problems_of(body)) == [
        "steps[0].compensateWith[0].config.message",
        "steps[0].condition",
        "steps[0].config.items",
        "steps[0].config.steps[0].config.message",
        "steps[1].config.message",
    ]


def test_computed_variable_names_allow_any_variable() -> None:
    """YF-1: when a name is only known at run time, nothing can be said against a bare name."""
    body = """\
        steps:
          - {id: s, type: set_variable, config: {action: set, key: "v${input.n}", value: 1}}
          - {id: l, type: log, config: {message: "${v1}"}}
        """
    assert problems_of(body) == []


def test_a_required_input_that_nobody_reads_is_a_warning() -> None:
    """YF-1: the document runs, and its author is told."""
    body = """\
        inputs:
          a: {type: string, required: true}
          b: {type: string, required: true}
          c: {type: string, required: true}
          d: {type: string}
        outputs: {r: {type: string, source: input.c}}
        steps: [{id: s, type: set_variable, config: {action: set, key: k, source: input, sourcePath: b}}]
        """
    (problem,) = problems_of(body)
    assert (problem.code, problem.path, problem.severity) == ("UNUSED_REQUIRED_INPUT", "inputs.a", "warning")
    assert errors([problem]) == []


def test_the_whole_input_reads_every_input() -> None:
    """YF-1: whoever passes the input on has used it."""
    body = """\
        inputs: {a: {type: string, required: true}}
        steps: [{id: s, type: log, config: {message: "${input}"}}]
        """
    assert problems_of(body) == []


@pytest.mark.parametrize("name_space", ["Acme", "acme_orders", "acme-Orders", "acme--x"])
def test_unusual_name_spaces_are_warnings(name_space: str) -> None:
    """YF-1: the convention is lower case with dashes or dots, and only a convention."""
    problem = only(STEP, head=f"nameSpace: {name_space}\nname: A\nversion: 1.0.0\n")
    assert (problem.code, problem.severity) == ("NAMESPACE_CONVENTION", "warning")


@pytest.mark.parametrize("name_space", ["acme", "acme-orders", "acme.orders-2"])
def test_usual_name_spaces_are_fine(name_space: str) -> None:
    """YF-1: dashes and dots are usual."""
    assert problems_of(STEP, head=f"nameSpace: {name_space}\nname: A\nversion: 1.0.0\n") == []


def test_handlers_are_looked_up_when_they_are_known() -> None:
    """WH-18: a task whose Python step is not registered is found before it runs, in compensations too."""
    body = """\
        steps:
          - id: a
            type: task
            compensateWith: [{id: b, type: task, config: {handler: refund}}]
            config: {handler: chrage}
          - {id: c, type: custom, name: anything}
        """
    assert problems_of(body) == []
    problems = problems_of(body, handlers={"charge"})
    assert [(p.code, p.path) for p in problems] == [
        ("UNKNOWN_HANDLER", "steps[0].compensateWith[0].config.handler"),
        ("UNKNOWN_HANDLER", "steps[0].config.handler"),
    ]
    assert "did you mean charge?" in problems[1].message


@pytest.mark.parametrize(
    "kind", ["task", "for_each", "parallel", "switch", "condition", "set_variable", "saga", "log", "join"]
)
@pytest.mark.parametrize(
    "config",
    [
        "1",
        "x",
        "[]",
        "[[1]]",
        "{steps: 1}",
        "{steps: [1, [2], {steps: {}}]}",
        "{branches: [1, {steps: 1}], join: []}",
        "{cases: {}, value: {}, default: 1}",
        "{items: {}, itemVariable: [1]}",
        "{condition: [], thenSteps: [[]]}",
        "{key: {}, source: []}",
    ],
)
def test_nothing_that_yaml_can_hold_breaks_the_validator(kind: str, config: str) -> None:
    """YF-1: whatever a document holds, the answer is a list of problems."""
    body = f"""\
        inputs: [{config}]
        outputs: {{o: {config}}}
        variables: {config}
        metadata: {config}
        steps:
          - {{id: {config}, type: {config}, dependsOn: {config}, outputs: {config}, inputs: {config}, condition: {config}}}
          - {{id: b, type: {kind}, config: {config}, compensateWith: {config}}}
        """
    assert errors(problems_of(body, handlers=set()))


def test_the_number_of_problems_is_bounded() -> None:
    """YF-1: a document that is wrong throughout is answered in bounded time, and says that there are more."""
    steps = [
        {"id": f"step-number-{n}", "type": "log", "config": {"message": f"${{steps.other{n}.x}}"}} for n in range(5000)
    ]
    problems = validate({"nameSpace": "a", "name": "A", "version": "1.0.0", "steps": steps})
    assert len(problems) == 1001
    assert "more than 1000" in problems[0].message or "more than 1000" in problems[-1].message


@pytest.mark.parametrize("where", ["id", "type", "dependsOn", "key", "handler", "reference"])
def test_messages_stay_short(where: str) -> None:
    """YF-1: what a document holds is quoted in part, however long it is."""
    long = "x" * 450
    step: dict[str, Any] = {"id": "a", "type": "task", "config": {"handler": "h"}}
    match where:
        case "key":
            step[long] = 1
        case "handler":
            step["config"] = {"handler": long}
        case "reference":
            step["condition"] = f"{long} > steps.{long}.x"
        case _:
            step[where] = long
    data = {"nameSpace": "a", "name": "A", "version": "1.0.0", "steps": [step]}
    problems = validate(data, handlers={"h"})
    assert problems
    assert all(len(problem.message) < 400 for problem in problems)


@pytest.mark.parametrize(("field", "told"), [("handlr", True), ("handlers", True), ("headers", False), ("x", False)])
def test_a_misspelt_handler_in_the_config_of_a_task_is_a_warning(field: str, told: bool) -> None:
    """YF-1: the config of a task is free for its step; a name that nearly is `handler` is a warning all the same."""
    problems = validate(load_document(f"{HEAD}steps:\n  - {{id: a, type: task, config: {{handler: h, {field}: 3}}}}\n"))
    found = [(problem.code, problem.path, problem.severity) for problem in problems]
    assert found == ([("UNKNOWN_FIELD", f"steps[0].config.{field}", "warning")] if told else [])
    assert all("did you mean handler?" in problem.message for problem in problems)
