"""The mistakes of steps that wait, speak to what is outside, are put off, repeated or undone: code, path and line."""

from __future__ import annotations

import textwrap
from typing import Any

import pytest
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]  # it ships no types

from reactory.definition.document import load_document
from reactory.definition.problem import Problem
from reactory.definition.schema import export_schema
from reactory.definition.validate import errors, validate

HEAD = "nameSpace: acme-orders\nname: Fulfil\nversion: 1.0.0\n"

EVERYTHING = """\
inputs:
  order: {type: object, required: true}
variables: {done: false}
steps:
  - {id: emit, type: emit_event, config: {eventName: "order-${input.order.kind}", eventKey: input.order.id, data: {o: "${input.order}"}}}
  - id: wait
    type: wait_event
    timeout: 90000
    config: {eventName: paid, eventKey: "${input.order.id}", effectiveDate: "2027-01-01T00:00:00Z", timeout: 60000, onTimeout: continue, outputVariable: payment}
  - {id: use, type: log, config: {message: "paid ${payment.amount} ${variables.payment.by}"}}
  - {id: crunch, type: activity, config: {activityName: crunch, parameters: {o: "${input.order}"}, timeout: 60000, heartbeat: 1000}}
  - id: ask
    type: user_activity
    config:
      activityType: approval
      assignee: "${input.order.owner}"
      options: [approve, "ask ${input.order.owner}"]
      message: Please look at ${input.order.id}
      form: {type: object, properties: {note: {type: string}}, required: [note]}
      timeout: 86400000
      escalation: {after: 2h, assignee: "boss of ${input.order.owner}"}
  - {id: child, type: invoke_workflow, config: {workflowId: acme.Report@1.0.0, input: "${input.order}", waitForCompletion: true, timeout: 5000}}
  - {id: other, type: invoke_workflow, config: {workflowNameSpace: acme, workflowName: Report, workflowVersion: 1.0.0, input: {a: 1}}}
  - {id: later, type: schedule, config: {durationText: 2h, steps: [{id: mail, type: log, config: {message: later}}]}}
  - id: poll
    type: recur
    config:
      interval: 5s
      until: variables.done || steps.look.success
      steps: [{id: look, type: task, cache: {key: "look-${input.order.id}", ttl: 1m}, config: {handler: look}}]
  - id: all
    type: saga
    retryPolicy: {maxAttempts: 2}
    errorPolicy: compensate
    config:
      steps: [{id: book, type: task, config: {handler: look}, compensateWith: [{id: unbook, type: start}]}]
      compensate: [{id: tell, type: log, config: {message: undone}}]
  - id: many
    type: for_each
    config:
      items: input.order.lines
      distributed: {batchSize: 50, maxConcurrency: 4, toleratedFailurePercentage: 1.5}
      steps: [{id: one, type: log, config: {message: "${item} ${index}"}}]
"""


def problems_of(body: str) -> list[Problem]:
    return validate(load_document(HEAD + textwrap.dedent(body)), handlers={"look", "h"})


def test_a_document_with_everything_has_no_problem() -> None:
    """YF-1: what formats.md allows is accepted as it stands, by the validator and by the JSON Schema for editors."""
    assert problems_of(EVERYTHING) == []
    data = load_document(HEAD + EVERYTHING).data
    assert list(Draft202012Validator(export_schema()).iter_errors(data)) == []


MISTAKES = {
    "wait_event": [
        ("", "MISSING_FIELD", ".eventName"),
        ("eventName: ''", "INVALID_FIELD", ".eventName"),
        ("eventName: 1", "INVALID_FIELD", ".eventName"),
        ("eventName: '${no.x}'", "UNDEFINED_REFERENCE", ".eventName"),
        ("eventName: e, eventKey: '1 +'", "INVALID_EXPRESSION", ".eventKey"),
        ("eventName: e, eventKey: 'order-${input.id}'", "INVALID_EXPRESSION", ".eventKey"),
        ("eventName: e, eventKey: {}", "INVALID_EXPRESSION", ".eventKey"),
        ("eventName: e, eventKey: no.x", "UNDEFINED_REFERENCE", ".eventKey"),
        ("eventName: e, name: f", "UNKNOWN_FIELD", ".name"),
        ("eventName: e, effectiveDate: tomorrow", "INVALID_FIELD", ".effectiveDate"),
        ("eventName: e, effectiveDate: -1", "INVALID_FIELD", ".effectiveDate"),
        ("eventName: e, effectiveDate: 1.5", "INVALID_FIELD", ".effectiveDate"),
        ("eventName: e, effectiveDate: true", "INVALID_FIELD", ".effectiveDate"),
        ("eventName: e, timeout: 5s", "INVALID_STEP_TIMEOUT", ".timeout"),
        ("eventName: e, onTimeout: retry", "INVALID_FIELD", ".onTimeout"),
        ("eventName: e, outputVariable: a-b", "INVALID_FIELD", ".outputVariable"),
    ],
    "emit_event": [
        ("", "MISSING_FIELD", ".eventName"),
        ("eventName: ''", "INVALID_FIELD", ".eventName"),
        ("eventName: 1", "INVALID_FIELD", ".eventName"),
        ("eventName: '${no.x}'", "UNDEFINED_REFERENCE", ".eventName"),
        ("eventName: e, eventKey: '1 +'", "INVALID_EXPRESSION", ".eventKey"),
        ("eventName: e, eventKey: 'order-${input.id}'", "INVALID_EXPRESSION", ".eventKey"),
        ("eventName: e, eventKey: {}", "INVALID_EXPRESSION", ".eventKey"),
        ("eventName: e, eventKey: no.x", "UNDEFINED_REFERENCE", ".eventKey"),
        ("eventName: e, name: f", "UNKNOWN_FIELD", ".name"),
        ("eventName: e, data: {a: ['${1 +}']}", "INVALID_EXPRESSION", ".data.a[0]"),
    ],
    "activity": [
        ("", "MISSING_FIELD", ".activityName"),
        ("activityName: ''", "INVALID_FIELD", ".activityName"),
        ("activityName: a, parameters: [1]", "INVALID_FIELD", ".parameters"),
        ("activityName: a, parameters: x", "INVALID_FIELD", ".parameters"),
        ("activityName: a, parameters: {a: '${no}'}", "UNDEFINED_REFERENCE", ".parameters.a"),
        ("activityName: a, timeout: 0", "INVALID_STEP_TIMEOUT", ".timeout"),
        ("activityName: a, heartbeat: 0", "INVALID_FIELD", ".heartbeat"),
        ("activityName: a, heartbeat: 5s", "INVALID_FIELD", ".heartbeat"),
        ("activityName: a, handler: h", "UNKNOWN_FIELD", ".handler"),
    ],
    "user_activity": [
        ("", "MISSING_FIELD", ".activityType"),
        ("activityType: vote", "INVALID_FIELD", ".activityType"),
        ("activityType: approval, assignee: [a]", "INVALID_FIELD", ".assignee"),
        ("activityType: approval, options: yes or no", "INVALID_FIELD", ".options"),
        ("activityType: approval, options: [1]", "INVALID_FIELD", ".options"),
        ("activityType: approval, options: [a, '${no}']", "UNDEFINED_REFERENCE", ".options[1]"),
        ("activityType: approval, message: '${'", "INVALID_EXPRESSION", ".message"),
        ("activityType: approval, form: x", "INVALID_FIELD", ".form"),
        ("activityType: approval, form: {type: objct}", "INVALID_FIELD", ".form"),
        ("activityType: approval, form: {properties: {a: {pattern: '('}}}", "INVALID_FIELD", ".form"),
        ("activityType: approval, form: {$ref: 'https://example.com/form'}", "INVALID_FIELD", ".form"),
        ("activityType: approval, timeout: -1", "INVALID_STEP_TIMEOUT", ".timeout"),
        ("activityType: approval, escalation: {assignee: b}", "MISSING_FIELD", ".escalation.after"),
        ("activityType: approval, escalation: {after: 5}", "MISSING_FIELD", ".escalation.assignee"),
        ("activityType: approval, escalation: {after: 5 s, assignee: b}", "INVALID_FIELD", ".escalation.after"),
        ("activityType: approval, escalation: {after: 0, assignee: b}", "INVALID_FIELD", ".escalation.after"),
        ("activityType: approval, escalation: {after: 0s, assignee: b}", "INVALID_FIELD", ".escalation.after"),
        (
            "activityType: approval, escalation: {after: 5, assignee: '${no}'}",
            "UNDEFINED_REFERENCE",
            ".escalation.assignee",
        ),
        ("activityType: approval, escalation: {after: 5, assignee: b, to: c}", "UNKNOWN_FIELD", ".escalation.to"),
    ],
    "invoke_workflow": [
        ("", "MISSING_FIELD", ""),
        ("workflowId: Report", "INVALID_FIELD", ".workflowId"),
        ("workflowId: acme.Report@1", "INVALID_FIELD", ".workflowId"),
        ("workflowId: 5", "INVALID_FIELD", ".workflowId"),
        ("workflowId: '${no}'", "UNDEFINED_REFERENCE", ".workflowId"),
        ("workflowId: acme.R, workflowName: R", "INVALID_FIELD", ""),
        ("workflowId: acme.R, workflowVersion: 1.0.0", "INVALID_FIELD", ""),
        ("workflowNameSpace: acme", "MISSING_FIELD", ".workflowName"),
        ("workflowName: a.b", "INVALID_FIELD", ".workflowName"),
        ("workflowNameSpace: a b, workflowName: R", "INVALID_FIELD", ".workflowNameSpace"),
        ("workflowName: R, workflowVersion: 1.0", "INVALID_VERSION_FORMAT", ".workflowVersion"),
        ("workflowName: R, input: [1]", "INVALID_FIELD", ".input"),
        ("workflowName: R, input: {a: '${no}'}", "UNDEFINED_REFERENCE", ".input.a"),
        ("workflowName: R, waitForCompletion: 'yes'", "INVALID_FIELD", ".waitForCompletion"),
        ("workflowName: R, timeout: 0", "INVALID_STEP_TIMEOUT", ".timeout"),
    ],
    "schedule": [
        ("steps: [{id: b, type: end}]", "MISSING_FIELD", ""),
        ("duration: 5, durationText: 5s, steps: [{id: b, type: end}]", "INVALID_FIELD", ""),
        ("duration: -5, steps: [{id: b, type: end}]", "INVALID_FIELD", ".duration"),
        ("durationText: 5 s, steps: [{id: b, type: end}]", "INVALID_FIELD", ".durationText"),
        ("durationText: '${no}', steps: [{id: b, type: end}]", "UNDEFINED_REFERENCE", ".durationText"),
        ("duration: 5", "MISSING_FIELD", ".steps"),
        ("duration: 5, steps: []", "INVALID_FIELD", ".steps"),
        ("duration: 5, until: x, steps: [{id: b, type: end}]", "UNKNOWN_FIELD", ".until"),
    ],
    "recur": [
        ("until: true, steps: [{id: b, type: end}]", "MISSING_FIELD", ".interval"),
        ("interval: 5, steps: [{id: b, type: end}]", "MISSING_FIELD", ".until"),
        ("interval: 5, until: true", "MISSING_FIELD", ".steps"),
        ("interval: 5, until: true, steps: []", "INVALID_FIELD", ".steps"),
        ("interval: 0, until: true, steps: [{id: b, type: end}]", "INVALID_FIELD", ".interval"),
        ("interval: 0s, until: true, steps: [{id: b, type: end}]", "INVALID_FIELD", ".interval"),
        ("interval: soon, until: true, steps: [{id: b, type: end}]", "INVALID_FIELD", ".interval"),
        ("interval: 1.5, until: true, steps: [{id: b, type: end}]", "INVALID_FIELD", ".interval"),
        ("interval: '${no}', until: true, steps: [{id: b, type: end}]", "UNDEFINED_REFERENCE", ".interval"),
        ("interval: 5, until: 1 +, steps: [{id: b, type: end}]", "INVALID_EXPRESSION", ".until"),
        ("interval: 5, until: no.x, steps: [{id: b, type: end}]", "UNDEFINED_REFERENCE", ".until"),
        ("interval: 5, until: true, steps: [{id: b, type: nope}]", "UNKNOWN_STEP_TYPE", ".steps[0].type"),
    ],
    "saga": [
        ("", "MISSING_FIELD", ".steps"),
        ("steps: []", "INVALID_FIELD", ".steps"),
        ("steps: [{id: b, type: end}], compensate: {}", "INVALID_FIELD", ".compensate"),
        ("steps: [{id: b, type: end}], compensate: [], compensateSteps: []", "INVALID_FIELD", ".compensateSteps"),
        ("steps: [{id: b, type: end}], retryPolicy: {}", "UNKNOWN_FIELD", ".retryPolicy"),
        ("steps: [{id: b, type: end}], compensate: [{id: c, type: nope}]", "UNKNOWN_STEP_TYPE", ".compensate[0].type"),
    ],
    "for_each": [
        ("items: [1], steps: [{id: b, type: end}], distributed: true", "INVALID_FIELD", ".distributed"),
        (
            "items: [1], steps: [{id: b, type: end}], distributed: {batchSize: 0}",
            "INVALID_FIELD",
            ".distributed.batchSize",
        ),
        (
            "items: [1], steps: [{id: b, type: end}], distributed: {batchSize: 10001}",
            "INVALID_FIELD",
            ".distributed.batchSize",
        ),
        (
            "items: [1], steps: [{id: b, type: end}], distributed: {maxConcurrency: 0}",
            "INVALID_FIELD",
            ".distributed.maxConcurrency",
        ),
        (
            "items: [1], steps: [{id: b, type: end}], distributed: {toleratedFailurePercentage: -1}",
            "INVALID_FIELD",
            ".distributed.toleratedFailurePercentage",
        ),
        (
            "items: [1], steps: [{id: b, type: end}], distributed: {toleratedFailurePercentage: 100.5}",
            "INVALID_FIELD",
            ".distributed.toleratedFailurePercentage",
        ),
        (
            "items: [1], steps: [{id: b, type: end}], distributed: {toleratedFailurePercentage: '5'}",
            "INVALID_FIELD",
            ".distributed.toleratedFailurePercentage",
        ),
        (
            "items: [1], steps: [{id: b, type: end}], distributed: {toleratedFailurePercentage: .nan}",
            "INVALID_FIELD",
            ".distributed.toleratedFailurePercentage",
        ),
    ],
}
"""For each type what its config holds, the code, and the path below the config."""


@pytest.mark.parametrize(
    ("kind", "config", "code", "path"), [(kind, *row) for kind, rows in MISTAKES.items() for row in rows]
)
def test_problems_of_configs(kind: str, config: str, code: str, path: str) -> None:
    """YF-1, YF-3: each field has its own problem, with its path and its line."""
    problems = problems_of(f"steps:\n  - id: a\n    type: {kind}\n    config: {{{config}}}\n")
    told = [(p.code, p.path, p.line, p.severity) for p in problems]
    assert told == [(code, f"steps[0].config{path}", 7, "error")]


@pytest.mark.parametrize(
    ("cache", "code", "path"),
    [
        ("{ttl: 5}", "MISSING_FIELD", ".key"),
        ("{key: k}", "MISSING_FIELD", ".ttl"),
        ("{key: '', ttl: 5}", "INVALID_FIELD", ".key"),
        ("{key: [a], ttl: 5}", "INVALID_FIELD", ".key"),
        ("{key: '${no}', ttl: 5}", "UNDEFINED_REFERENCE", ".key"),
        ("{key: '${', ttl: 5}", "INVALID_EXPRESSION", ".key"),
        ("{key: k, ttl: 0}", "INVALID_FIELD", ".ttl"),
        ("{key: k, ttl: 5 s}", "INVALID_FIELD", ".ttl"),
        ("{key: k, ttl: '${input.n}'}", "INVALID_FIELD", ".ttl"),
        ("{key: k, ttl: 5, scope: x}", "UNKNOWN_FIELD", ".scope"),
        ("true", "INVALID_FIELD", ""),
    ],
)
def test_problems_of_caches(cache: str, code: str, path: str) -> None:
    """YF-1: a cache has its key and its time, each with its own problem."""
    (problem,) = problems_of(f"steps:\n  - id: a\n    type: task\n    config: {{handler: h}}\n    cache: {cache}\n")
    assert (problem.code, problem.path, problem.line) == (code, f"steps[0].cache{path}", 8)


@pytest.mark.parametrize(
    ("kind", "config"),
    [
        ("log", "{message: x}"),
        ("saga", "{steps: [{id: b, type: start}]}"),
        ("emit_event", "{eventName: e}"),
        ("activity", "{activityName: e}"),
        ("invoke_workflow", "{workflowName: R}"),
        ("delay", "{duration: 1}"),
    ],
)
def test_only_results_of_leaves_are_cached(kind: str, config: str) -> None:
    """YF-1: what waits, holds steps or has an effect of its own cannot be answered from a cache."""
    body = f"steps:\n  - {{id: a, type: {kind}, config: {config}, cache: {{key: k, ttl: 5}}}}\n"
    (problem,) = problems_of(body)
    assert (problem.code, problem.path) == ("INVALID_FIELD", "steps[0].cache")
    assert "task" in problem.message


LOOP = "{id: l, type: for_each, config: {items: [1], distributed: {}, steps: [{id: x, type: start}]}}"


@pytest.mark.parametrize(
    ("step", "path"),
    [
        (f"{{id: s, type: saga, config: {{steps: [{LOOP}]}}}}", "config.steps[0]"),
        (
            f"{{id: s, type: saga, config: {{steps: [{{id: w, type: while, config: {{condition: true, steps: [{LOOP}]}}}}]}}}}",
            "config.steps[0].config.steps[0]",
        ),
        (
            f"{{id: s, type: saga, config: {{steps: [{{id: p, type: parallel, config: {{branches: [{{name: b, steps: [{LOOP}]}}]}}}}]}}}}",
            "config.steps[0].config.branches[0].steps[0]",
        ),
    ],
)
def test_loops_in_a_saga_are_not_distributed(step: str, path: str) -> None:
    """YF-1: child instances end by themselves; the saga could not undo them step by step."""
    (problem,) = problems_of(f"steps:\n  - {step}\n")
    assert (problem.code, problem.path) == ("INVALID_FIELD", f"steps[0].{path}.config.distributed")
    assert "remove `distributed`" in problem.message


@pytest.mark.parametrize(
    "step",
    [
        f"{{id: s, type: saga, config: {{steps: [{{id: a, type: start}}], compensate: [{LOOP}]}}}}",
        f"{{id: s, type: saga, config: {{steps: [{{id: a, type: start, compensateWith: [{LOOP}]}}]}}}}",
        f"{{id: s, type: saga, compensateWith: [{LOOP}], config: {{steps: [{{id: a, type: start}}]}}}}",
    ],
)
def test_loops_that_undo_may_be_distributed(step: str) -> None:
    """YF-1: what undoes a saga is not undone itself."""
    assert problems_of(f"steps:\n  - {step}\n") == []


def test_the_variable_of_an_event_is_known() -> None:
    """YF-3: the payload of an event may be referred to by the name that the wait gives it, and by no other."""
    body = """\
        steps:
          - {id: w, type: wait_event, config: {eventName: paid, outputVariable: payment}}
          - {id: l, type: log, config: {message: "${payment.amount} ${variables.payment.amount}"}}
          - {id: m, type: log, config: {message: "${paymnt.amount}"}}
        """
    (problem,) = problems_of(body)
    assert (problem.code, problem.path) == ("UNDEFINED_REFERENCE", "steps[2].config.message")
    assert "did you mean payment?" in problem.message


@pytest.mark.parametrize(
    ("kind", "config"),
    [
        ("wait_event", "{eventName: e, effectiveDate: '${input.a}', eventKey: input.b}"),
        ("emit_event", "{eventName: 'e${input.a}', data: '${input.b}'}"),
        ("activity", "{activityName: 'e${input.a}', parameters: {x: '${input.b}'}}"),
        (
            "user_activity",
            "{activityType: input, options: ['${input.a}'], escalation: {after: 1, assignee: '${input.b}'}}",
        ),
        ("invoke_workflow", "{workflowId: 'acme.${input.a}', input: {x: '${input.b}'}}"),
        ("invoke_workflow", "{workflowName: '${input.a}', workflowVersion: '${input.b}'}"),
        ("recur", "{interval: '${input.a}', until: input.b, steps: [{id: x, type: start}]}"),
        ("schedule", "{duration: '${input.a + input.b}', steps: [{id: x, type: start}]}"),
    ],
)
def test_what_the_new_steps_read_counts_as_read(kind: str, config: str) -> None:
    """YF-3: every expression and template of a config is looked at."""
    inputs = "inputs: {a: {type: string, required: true}, b: {type: string, required: true}}\n"
    assert problems_of(f"{inputs}steps:\n  - {{id: s, type: {kind}, config: {config}}}\n") == []


def test_the_form_of_a_task_is_no_template() -> None:
    """YF-3: a form is a schema as it stands; a `${` in a text of it is none of ours."""
    form = "{properties: {a: {description: 'like ${no}'}}}"
    body = f"steps:\n  - {{id: s, type: user_activity, config: {{activityType: input, form: {form}}}}}\n"
    assert problems_of(body) == []


@pytest.mark.parametrize(
    ("step", "said"),
    [
        ("{id: a, type: saga, config: {steps: [{id: b, type: end}], retryPolicy: {}}}", "move it out of `config`"),
        ("{id: a, type: emit_event, eventName: e}", "move it into it"),
        ("{id: a, type: activity, config: {name: e}}", "is missing"),
        ("{id: a, type: wait_event, config: {eventname: e}}", "did you mean eventName?"),
        ("{id: a, type: user_activity, config: {activityType: input, form: {type: objct}}}", "at type: "),
        (
            "{id: a, type: user_activity, config: {activityType: input, form: {$ref: 'https://example.com/f'}}}",
            "put what it refers to into $defs",
        ),
        ("{id: a, type: recur, config: {interval: soon, until: true, steps: [{id: b, type: end}]}}", "90s or 2h"),
        ("{id: a, type: invoke_workflow, config: {workflowId: Report}}", "write nameSpace.Name"),
    ],
)
def test_messages_say_how_to_fix_it(step: str, said: str) -> None:
    """YF-1: a message ends with what to do."""
    assert any(said in problem.message for problem in problems_of(f"steps:\n  - {step}\n"))


KINDS = [
    "wait_event",
    "emit_event",
    "activity",
    "user_activity",
    "invoke_workflow",
    "schedule",
    "recur",
    "saga",
    "for_each",
]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("value", ["1", "x", "[]", "{}", "[[1]]", "{a: {}}", "true", "1.5", "''", "'${'"])
def test_nothing_that_yaml_can_hold_breaks_the_validator(kind: str, value: str) -> None:
    """YF-1: whatever a config holds, the answer is a list of problems."""
    names = [
        "eventName",
        "eventKey",
        "effectiveDate",
        "timeout",
        "onTimeout",
        "outputVariable",
        "data",
        "activityName",
        "parameters",
        "heartbeat",
        "activityType",
        "assignee",
        "options",
        "message",
        "form",
        "escalation",
        "workflowId",
        "workflowNameSpace",
        "workflowName",
        "workflowVersion",
        "input",
        "waitForCompletion",
        "duration",
        "durationText",
        "interval",
        "until",
        "steps",
        "compensate",
        "compensateSteps",
        "items",
        "distributed",
    ]
    config: dict[str, Any] = load_document("\n".join(f"{name}: {value}" for name in names)).data
    step = {"id": "a", "type": kind, "config": config, "cache": config["data"]}
    assert errors(validate({"nameSpace": "a", "name": "A", "version": "1.0.0", "steps": [step]}, handlers=set()))
