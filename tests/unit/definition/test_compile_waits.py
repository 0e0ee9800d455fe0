"""Steps that wait, that speak to what is outside, that are put off, repeated or undone: what they compile to."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from reactory.definition.compile import load_program
from reactory.definition.policy import ErrorPolicy, RetryPolicy
from reactory.definition.program import (
    ActivityConfig,
    CacheRule,
    Distribution,
    Duration,
    EmitEventConfig,
    Escalation,
    ForEachConfig,
    InvokeConfig,
    Node,
    Program,
    RecurConfig,
    SagaConfig,
    ScheduleConfig,
    UserActivityConfig,
    WaitEventConfig,
    all_nodes,
)
from reactory.definition.template import Template

HEAD = "nameSpace: acme-orders\nname: Fulfil\nversion: 1.0.0\n"


class Names:
    """A scope of plain values."""

    def __init__(self, **values: Any) -> None:
        self._values: Mapping[str, Any] = values

    def lookup(self, root: str) -> Any:
        return self._values[root]


SCOPE = Names(input={"n": 3, "text": "x", "list": ["a"], "object": {"b": 1}})


def program(body: str) -> Program:
    return load_program(HEAD + textwrap.dedent(body), {"h"})


def node(step: str) -> Node:
    return program(f"steps:\n  - {step}\n").root.nodes[0]


def rendered(template: Template | None) -> Any:
    assert template is not None
    return template.render(SCOPE)


# --- events -------------------------------------------------------------------------------------------------------


def test_wait_event() -> None:
    """WH-5: a wait has the name and key of its event, the date from which events count, its time-out, its variable."""
    config = node(
        "{id: a, type: wait_event, timeout: 9, config: {eventName: 'paid-${input.text}', eventKey: input.n + 1,"
        " effectiveDate: '2027-01-31T08:00:00Z', timeout: 5000, onTimeout: continue, outputVariable: payment}}"
    ).config
    assert isinstance(config, WaitEventConfig)
    assert (rendered(config.name), rendered(config.since)) == ("paid-x", "2027-01-31T08:00:00Z")
    assert config.key is not None
    assert config.key.evaluate(SCOPE) == 4
    assert (config.timeout, config.on_timeout, config.output_variable) == (5000, "continue", "payment")


def test_defaults_of_wait_event() -> None:
    """WH-5: without more than a name any key will do, nothing is too old by date or too late, and nothing is kept."""
    config = node("{id: a, type: wait_event, config: {eventName: paid}}").config
    assert isinstance(config, WaitEventConfig)
    assert (config.key, config.since, config.timeout, config.output_variable) == (None,) * 4
    assert config.on_timeout == "fail"
    empty = node(
        "{id: a, type: wait_event, config: {eventName: paid, eventKey: , effectiveDate: , timeout: , onTimeout: , outputVariable: }}"
    ).config
    assert isinstance(empty, WaitEventConfig)
    assert (empty.key, empty.since, empty.timeout, empty.on_timeout) == (None, None, None, "fail")


@pytest.mark.parametrize(
    ("written", "value"), [("1800000000000", 1800000000000), ("'${input.n}'", 3), ("2027-01-31", "2027-01-31")]
)
def test_effective_dates(written: str, value: Any) -> None:
    """WH-5: an effective date is a time, milliseconds, or what gives one of them."""
    config = node(f"{{id: a, type: wait_event, config: {{eventName: paid, effectiveDate: {written}}}}}").config
    assert isinstance(config, WaitEventConfig)
    assert rendered(config.since) == value


@pytest.mark.parametrize("kind", ["wait_event", "emit_event"])
@pytest.mark.parametrize(
    ("written", "value"), [("input.text", "x"), ("'${input.text}'", "x"), ("'''order-7'''", "order-7"), ("7", 7)]
)
def test_event_keys_are_expressions(kind: str, written: str, value: Any) -> None:
    """YF-3: the key of an event is an expression, bare or wrapped in one `${…}`."""
    config = node(f"{{id: a, type: {kind}, config: {{eventName: paid, eventKey: {written}}}}}").config
    assert isinstance(config, WaitEventConfig | EmitEventConfig)
    assert config.key is not None
    assert config.key.evaluate(SCOPE) == value


def test_emit_event() -> None:
    """WH-5: what is emitted may have any shape, with holes."""
    config = node(
        "{id: a, type: emit_event, config: {eventName: 'paid-${input.text}', data: {n: '${input.n}', l: ['${input.list}']}}}"
    ).config
    assert isinstance(config, EmitEventConfig)
    assert (rendered(config.name), config.key, rendered(config.data)) == ("paid-x", None, {"n": 3, "l": [["a"]]})
    bare = node("{id: a, type: emit_event, config: {eventName: paid}}").config
    assert isinstance(bare, EmitEventConfig)
    assert rendered(bare.data) is None


# --- work of others -----------------------------------------------------------------------------------------------


def test_activity() -> None:
    """WH-5: an activity has its name, its parameters, and its two times in milliseconds."""
    config = node(
        "{id: a, type: activity, config: {activityName: 'crunch-${input.text}', parameters: {n: '${input.n}'}, timeout: 60000, heartbeat: 5000}}"
    ).config
    assert isinstance(config, ActivityConfig)
    assert (rendered(config.name), rendered(config.parameters)) == ("crunch-x", {"n": 3})
    assert (config.timeout, config.heartbeat) == (60000, 5000)
    bare = node("{id: a, type: activity, config: {activityName: crunch}}").config
    assert isinstance(bare, ActivityConfig)
    assert (rendered(bare.parameters), bare.timeout, bare.heartbeat) == ({}, None, None)


def test_parameters_may_be_passed_on_as_a_whole() -> None:
    """YF-3: where an object is wanted, one single `${…}` may give it."""
    config = node("{id: a, type: activity, config: {activityName: c, parameters: '${input.object}'}}").config
    assert isinstance(config, ActivityConfig)
    assert rendered(config.parameters) == {"b": 1}


def test_user_activity() -> None:
    """WH-5: a task of a person has whom it is for, what can be chosen, what it says, its form and its escalation."""
    config = node(
        "{id: a, type: user_activity, config: {activityType: approval, assignee: '${input.text}', options: [approve, 'ask ${input.text}'],"
        " message: 'n=${input.n}', form: {type: object, properties: {note: {type: string, title: '${x}'}}}, timeout: 5000,"
        " escalation: {after: 2h, assignee: 'boss of ${input.text}'}}}"
    ).config
    assert isinstance(config, UserActivityConfig)
    assert (config.activity_type, rendered(config.assignee)) == ("approval", "x")
    assert (rendered(config.options), rendered(config.message)) == (["approve", "ask x"], "n=3")
    assert config.form == {"type": "object", "properties": {"note": {"type": "string", "title": "${x}"}}}
    assert config.timeout == 5000
    assert isinstance(config.escalation, Escalation)
    assert (config.escalation.after, rendered(config.escalation.assignee)) == (7_200_000, "boss of x")


def test_defaults_of_user_activity() -> None:
    """WH-5: only the type of a task of a person has to be told."""
    config = node("{id: a, type: user_activity, config: {activityType: review}}").config
    assert isinstance(config, UserActivityConfig)
    assert (rendered(config.assignee), rendered(config.options), rendered(config.message)) == (None, [], None)
    assert (config.form, config.timeout, config.escalation) == (None, None, None)


@pytest.mark.parametrize(("written", "milliseconds"), [("5000", 5000), ("500ms", 500), ("3d", 259_200_000)])
def test_escalations_after_a_number_or_a_text(written: str, milliseconds: int) -> None:
    """WH-5: how long until an escalation is milliseconds, or a text."""
    config = node(
        f"{{id: a, type: user_activity, config: {{activityType: input, escalation: {{after: {written}, assignee: b}}}}}}"
    ).config
    assert isinstance(config, UserActivityConfig)
    assert config.escalation is not None
    assert config.escalation.after == milliseconds


@pytest.mark.parametrize(
    ("written", "reference"),
    [
        ("workflowId: acme.Report@1.0.0", "acme.Report@1.0.0"),
        ("workflowId: acme.Report", "acme.Report"),
        ("workflowId: 'acme.${input.text}'", "acme.x"),
        ("workflowName: Report", "acme-orders.Report"),
        ("workflowNameSpace: acme, workflowName: Report", "acme.Report"),
        ("workflowName: Report, workflowVersion: 1.2.3", "acme-orders.Report@1.2.3"),
        (
            "workflowNameSpace: '${input.text}', workflowName: R, workflowVersion: '1.0.${input.n}'",
            "x.R@1.0.3",
        ),
    ],
)
def test_invoked_workflows(written: str, reference: str) -> None:
    """WH-5: the other workflow is named in one piece or in parts, by default in the name space of the document."""
    config = node(f"{{id: a, type: invoke_workflow, config: {{{written}}}}}").config
    assert isinstance(config, InvokeConfig)
    assert rendered(config.workflow) == reference
    assert (config.version, rendered(config.input), config.wait, config.timeout) == (None, {}, False, None)
    assert not config.retried


def test_invoke_workflow() -> None:
    """WH-5: a child has its input, and whether it is waited for; only a retry policy of the step itself repeats it."""
    full = program(
        """\
        metadata: {retryPolicy: {maxAttempts: 7}}
        steps:
          - {id: a, type: invoke_workflow, retryPolicy: {maxAttempts: 2}, config: {workflowName: R, input: {n: '${input.n}'}, waitForCompletion: true, timeout: 5}}
          - {id: b, type: invoke_workflow, config: {workflowName: R}}
        """
    ).root.nodes
    first, second = full[0].config, full[1].config
    assert isinstance(first, InvokeConfig)
    assert isinstance(second, InvokeConfig)
    assert (rendered(first.input), first.wait, first.timeout, first.retried) == ({"n": 3}, True, 5, True)
    assert not second.retried
    assert [n.retry.max_attempts for n in full if isinstance(n.retry, RetryPolicy)] == [2, 7]


# --- later and again ----------------------------------------------------------------------------------------------


def told(duration: Duration) -> tuple[str, Any]:
    """Which of the two is given, and what it gives."""
    assert (duration.amount is None) != (duration.text is None)
    return ("amount", rendered(duration.amount)) if duration.amount else ("text", rendered(duration.text))


@pytest.mark.parametrize(
    ("written", "when"),
    [
        ("duration: 5", ("amount", 5)),
        ("duration: '${input.n}'", ("amount", 3)),
        ("durationText: 2h", ("text", "2h")),
        ("durationText: '${input.n}m'", ("text", "3m")),
    ],
)
def test_schedule(written: str, when: Any) -> None:
    """WH-5: the body of a schedule runs after a number of milliseconds, or after a text."""
    config = node(f"{{id: a, type: schedule, config: {{{written}, steps: [{{id: b, type: end}}]}}}}").config
    assert isinstance(config, ScheduleConfig)
    assert told(config.after) == when
    assert [inner.id for inner in config.body.nodes] == ["b"]


@pytest.mark.parametrize(
    ("interval", "when"),
    [
        ("5000", ("amount", 5000)),
        ("5s", ("text", "5s")),
        ("'${input.n * 1000}'", ("amount", 3000)),
        ("'${input.n}s'", ("text", "3s")),
        ("'${input.n}${input.text}'", ("text", "3x")),
    ],
)
def test_recur(interval: str, when: Any) -> None:
    """WH-5: a recurring body has its interval, as a number or as a text, and the expression that ends it."""
    config = node(
        f"{{id: a, type: recur, config: {{interval: {interval}, until: input.n > 2, steps: [{{id: b, type: end}}]}}}}"
    ).config
    assert isinstance(config, RecurConfig)
    assert told(config.interval) == when
    assert config.until.evaluate(SCOPE) is True
    assert [inner.id for inner in config.body.nodes] == ["b"]


@pytest.mark.parametrize(
    ("written", "distribution"),
    [
        ("{}", Distribution()),
        ("{batchSize: , maxConcurrency: , toleratedFailurePercentage: }", Distribution(100, None, 0.0)),
        ("{batchSize: 10000, maxConcurrency: 5, toleratedFailurePercentage: 2.5}", Distribution(10_000, 5, 2.5)),
        ("", None),
    ],
)
def test_distributed_loops(written: str, distribution: Distribution | None) -> None:
    """WH-5: a loop may spread over child instances."""
    config = node(
        f"{{id: a, type: for_each, config: {{items: [1], distributed: {written}, steps: [{{id: b, type: end}}]}}}}"
    ).config
    assert isinstance(config, ForEachConfig)
    assert config.distributed == distribution


def test_a_distributed_loop_may_stand_in_another_and_in_what_undoes_a_saga() -> None:
    """WH-5: only what a saga would have to undo step by step may not be distributed."""
    compiled = program(
        """\
        steps:
          - id: outer
            type: for_each
            config:
              items: [1]
              distributed: {}
              steps:
                - {id: inner, type: for_each, config: {items: [1], distributed: {}, steps: [{id: b, type: end}]}}
          - id: all
            type: saga
            config:
              steps: [{id: c, type: start}]
              compensate:
                - {id: undo, type: for_each, config: {items: [1], distributed: {}, steps: [{id: d, type: start}]}}
        """
    )
    spread = [n.id for n in all_nodes(compiled.root) if isinstance(n.config, ForEachConfig) and n.config.distributed]
    assert spread == ["outer", "inner", "undo"]


# --- sagas --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("key", ["compensate", "compensateSteps"])
def test_saga(key: str) -> None:
    """WH-5: a saga has its steps, and what undoes it as a whole."""
    config = node(
        f"{{id: a, type: saga, config: {{steps: [{{id: b, type: start}}, {{id: c, type: start}}], {key}: [{{id: u, type: start}}]}}}}"
    ).config
    assert isinstance(config, SagaConfig)
    assert [inner.id for inner in config.body.nodes] == ["b", "c"]
    assert config.body.predecessors == ((), (0,))
    assert config.undo is not None
    assert [inner.id for inner in config.undo.nodes] == ["u"]


def test_a_saga_needs_nothing_that_undoes_it() -> None:
    """WH-5: the compensations of its steps may be all; an empty list is none."""
    for more in ("", ", compensate: []"):
        config = node(f"{{id: a, type: saga, config: {{steps: [{{id: b, type: start}}]{more}}}}}").config
        assert isinstance(config, SagaConfig)
        assert config.undo is None


NESTED = """\
metadata: {{errorPolicy: suspend, retryPolicy: {{maxAttempts: 7}}}}
steps:
  - id: around
    type: parallel
    errorPolicy: terminate
    config:
      branches:
        - name: one
          steps:
            - id: saga
              type: saga
              {more}
              compensateWith: [{{id: undo-saga, type: start}}]
              config:
                steps:
                  - {{id: plain, type: start, compensateWith: [{{id: undo-plain, type: start}}]}}
                  - {{id: own, type: start, errorPolicy: suspend}}
                  - {{id: loop, type: while, config: {{condition: false, steps: [{{id: deep, type: start}}]}}}}
                  - {{id: inner, type: saga, config: {{steps: [{{id: deepest, type: start}}]}}}}
                compensate:
                  - {{id: last, type: start}}
                  - {{id: kept, type: start, errorPolicy: retry}}
"""


@pytest.mark.parametrize(
    ("more", "outer", "inside"),
    [
        ("", "terminate", "compensate"),
        ("errorPolicy: compensate", "compensate", "compensate"),
        ("errorPolicy: suspend", "suspend", "suspend"),
    ],
)
def test_policies_in_a_saga(more: str, outer: ErrorPolicy, inside: ErrorPolicy) -> None:
    """YF-6: what is declared around a saga does not reach into it; its own policy does, else a failure compensates.
    What undoes has no policy but its own.
    """
    policies = {n.id: n.error_policy for n in all_nodes(program(NESTED.format(more=more)).root)}
    assert policies == {
        "around": "terminate",
        "saga": outer,
        "undo-saga": None,
        "plain": inside,
        "undo-plain": None,
        "own": "suspend",
        "loop": inside,
        "deep": inside,
        "inner": inside,
        "deepest": "compensate",
        "last": None,
        "kept": "retry",
    }


def test_attempts_of_a_saga() -> None:
    """YF-6: a saga begins again only by its own retry policy; the workflow's is for the steps in it."""
    nodes = program(NESTED.format(more="retryPolicy: {maxAttempts: 2}")).nodes
    assert nodes["saga"].retry == RetryPolicy(max_attempts=2)
    assert nodes["inner"].retry is None
    assert nodes["plain"].retry == RetryPolicy(max_attempts=7)


# --- cache --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["task", "custom"])
@pytest.mark.parametrize(("ttl", "milliseconds"), [("60000", 60_000), ("1h", 3_600_000)])
def test_cache(kind: str, ttl: str, milliseconds: int) -> None:
    """YF-1: a result may be kept under a key for a while."""
    step = f"{{id: a, type: {kind}, config: {{handler: h}}, cache: {{key: 'k${{input.n}}', ttl: {ttl}}}}}"
    rule = node(step).cache
    assert isinstance(rule, CacheRule)
    assert (rendered(rule.key), rule.ttl) == ("k3", milliseconds)


def test_no_cache() -> None:
    """YF-1: a result is not kept unless the step says so."""
    assert node("{id: a, type: task, config: {handler: h}}").cache is None
    assert node("{id: a, type: log, config: {message: x}, cache: }").cache is None


# --- all of them --------------------------------------------------------------------------------------------------

CONFIGS = {
    "wait_event": "{eventName: e}",
    "emit_event": "{eventName: e}",
    "activity": "{activityName: e}",
    "user_activity": "{activityType: input}",
    "invoke_workflow": "{workflowName: R}",
    "schedule": "{duration: 1, steps: [{id: b, type: start}]}",
    "recur": "{interval: 1, until: true, steps: [{id: b, type: start}]}",
    "saga": "{steps: [{id: b, type: start}]}",
}


@pytest.mark.parametrize("kind", CONFIGS)
def test_fields_of_every_step(kind: str) -> None:
    """YF-5, YF-6: condition, enabled, order, time-out and policies are the same for every type."""
    step = node(
        f"{{id: a, type: {kind}, timeout: 5, condition: input.n > 5, enabled: false, continueOnError: true,"
        f" errorPolicy: suspend, outputs: {{v: input.n}}, designer: {{x: 1}}, config: {CONFIGS[kind]}}}"
    )
    assert (step.timeout, step.enabled, step.continue_on_error, step.error_policy) == (5, False, True, "suspend")
    assert step.condition is not None
    assert step.condition.evaluate(SCOPE) is False
    assert [name for name, _ in step.outputs] == ["v"]


def inner_ids(compiled: Program) -> Iterator[str]:
    for found in all_nodes(compiled.root):
        yield found.id


@pytest.mark.parametrize("kind", ["schedule", "recur", "saga"])
def test_nested_steps_are_found_by_their_id(kind: str) -> None:
    """WH-5: the steps inside of the new containers are steps of the program."""
    compiled = program(f"steps: [{{id: a, type: {kind}, config: {CONFIGS[kind]}}}]")
    assert list(inner_ids(compiled)) == ["a", "b"]
