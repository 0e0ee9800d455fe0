"""Whatever a document looks like, it is answered: with problems, or with a program."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from reactory.definition.compile import compile_document
from reactory.definition.document import load_document
from reactory.definition.fingerprint import fingerprint
from reactory.definition.validate import errors, validate
from reactory.exceptions import InvalidDefinitionError

TEXT = """\
nameSpace: acme
name: Any
version: 1.0.0
metadata: {timeout: 5, priority: low, retryPolicy: {maxAttempts: 2}}
inputs: {a: {type: integer, default: 1, validation: {minimum: 1}}}
outputs: {o: {type: integer, source: input.a}}
variables: {v: 1}
steps:
  - {id: t, type: task, inputs: {x: "${input.a}"}, outputs: {y: input.a}, config: {handler: h}, dependsOn: []}
  - {id: d, type: delay, condition: v > 1, config: {durationText: 5s}, compensateWith: [{id: u, type: end}]}
  - {id: s, type: set_variable, config: {action: set, key: k, source: input, sourcePath: a}}
  - {id: c, type: condition, config: {condition: k, thenSteps: [{id: c1, type: end}]}}
  - {id: w, type: switch, config: {value: k, cases: [{when: 1, steps: []}]}}
  - {id: p, type: parallel, config: {join: any, branches: [{name: b, steps: [{id: p1, type: start}]}]}}
  - {id: j, type: join, dependsOn: [t, p], config: {strategy: n_of, count: 1}}
  - {id: f, type: for_each, config: {items: [1], steps: [{id: f1, type: log, config: {message: "${item}"}}]}}
  - {id: wa, type: wait_event, config: {eventName: e, eventKey: input.a, effectiveDate: 1, onTimeout: fail, outputVariable: q}}
  - {id: em, type: emit_event, config: {eventName: "e${v}", eventKey: q, data: {d: "${q}"}}}
  - {id: ac, type: activity, config: {activityName: n, parameters: {d: 1}, timeout: 5, heartbeat: 5}}
  - {id: ua, type: user_activity, config: {activityType: input, assignee: me, options: [x], form: {type: object}, escalation: {after: 2h, assignee: b}}}
  - {id: iw, type: invoke_workflow, config: {workflowName: R, workflowVersion: 1.0.0, input: {d: 1}, waitForCompletion: true}}
  - {id: sc, type: schedule, config: {duration: 5, steps: [{id: sc1, type: start}]}}
  - {id: re, type: recur, config: {interval: 5s, until: v > 1, steps: [{id: re1, type: task, cache: {key: k, ttl: 5}, config: {handler: h}}]}}
  - {id: sa, type: saga, config: {steps: [{id: sa1, type: start}], compensate: [{id: sa2, type: start}]}}
  - {id: fd, type: for_each, config: {items: [1], distributed: {batchSize: 5, toleratedFailurePercentage: 5}, steps: [{id: fd1, type: start}]}}
"""
DATA = load_document(TEXT).data


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield (*path, key)
        yield from places(item, (*path, key))


def changed(value: Any, path: tuple[Any, ...], new: Any) -> Any:
    """A copy with ``new`` at ``path``, if there is such a place."""
    if not path:
        return copy.deepcopy(new)
    key, rest = path[0], path[1:]
    if isinstance(value, dict) and key in value:
        return {**value, key: changed(value[key], rest, new)}
    if isinstance(value, list) and isinstance(key, int) and key < len(value):
        return [*value[:key], changed(value[key], rest, new), *value[key + 1 :]]
    return value


VALUES = st.sampled_from(
    [None, True, 0, -1, 1.5, "", "x", "${x}", "${", "a.b", "for_each", "t", [], [1], [[]], {}, {"a": 1}, DATA["steps"]]
)


@settings(max_examples=300, deadline=None, derandomize=True, database=None)
@given(st.lists(st.tuples(st.sampled_from(list(places(DATA))), VALUES), min_size=1, max_size=3))
def test_any_value_anywhere_is_answered(changes: list[tuple[tuple[Any, ...], Any]]) -> None:
    """YF-1: a document without errors compiles, and one with errors is answered with them."""
    data = DATA
    for path, value in changes:
        data = changed(data, path, value)
    if not errors(validate(data, handlers={"h"})):
        assert compile_document(data).fingerprint == fingerprint(data)


@settings(max_examples=300, deadline=None, derandomize=True, database=None)
@given(
    st.integers(0, len(TEXT) - 1),
    st.integers(0, 20),
    st.sampled_from(
        [*"{}[]:,-'\"|>#%&*!?\n\t\x00", "&a ", "*a ", "<<: ", "---\n", "...", "!!int ", "é", "\ud800", "\\u0000"]
    ),
)
def test_any_text_is_answered(place: int, removed: int, put: str) -> None:
    """YF-1: a text is a document, or refused as none; nothing else is raised."""
    try:
        document = load_document(TEXT[:place] + put + TEXT[place + removed :])
    except InvalidDefinitionError:
        return
    validate(document)
