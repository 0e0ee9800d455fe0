"""Python, YAML and plain data are three notations of one definition."""

from __future__ import annotations

import copy
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reactory.authoring import Workflow
from reactory.definition.document import load_document
from reactory.definition.fingerprint import fingerprint
from reactory.definition.stepmodels import CONFIGS
from reactory.definition.validate import errors, validate
from tests.unit.engine.conftest import Engine
from tests.unit.engine.test_engine_crashes import Author, Plan, plans

EXAMPLES = Path(__file__).parents[3] / "workflows" / "acme-orders"
MANY = settings(max_examples=150, deadline=None, derandomize=True, database=None)

TEXT = """\
nameSpace: acme
name: AnyOf
version: 1.0.0
description: "A: long\\n\\n  text # with everything\\n"
author: Ada
tags: [yes, "1.0", "null", "~", "1e5", "0o17", ""]
metadata: {timeout: 5, priority: low, retryPolicy: MINE, retryPolicies: {MINE: {maxAttempts: 2, jitter: false}}, circuitBreaker: {recoveryTime: 5s}, designer: {zoom: 1.5, at: [1, 2]}}
inputs: {a: {type: integer, default: 1, validation: {minimum: 1}}, from: {type: string}, lines: {type: array}}
outputs: {o: {type: integer, source: input.a}, p: {type: object, source: steps.t.outputs, description: "it's"}}
variables: {v: 1, f: 1.0, e: 1.0e+30, n: null, l: [[], {}]}
steps:
  - {id: t, type: task, inputs: {x: "${input.a}", y: "${input.from}"}, outputs: {y: input.a, z: "'q'", k: 1}, config: {handler: h, more: "${variables.v}"}, dependsOn: []}
  - {id: named, type: task, retryPolicy: NETWORK, circuitBreaker: false, config: {handler: h}}
  - {id: changed, type: task, retryPolicy: {policy: MINE, maxAttempts: 2}, circuitBreaker: true, config: {handler: h}}
  - {id: raw, type: task, config: {handler: h}, enabled: null, designer: {x: 1}}
  - {id: opts, type: task, name: N, description: D, enabled: true, continueOnError: false, timeout: 100, retryPolicy: {maxAttempts: 3}, errorPolicy: suspend, condition: true, execution: at_most_once, cache: {key: "${input.from}", ttl: 1h}, timeoutPolicy: {strategy: adaptive, max: 60000}, rateLimit: {key: "r-${input.a}", limit: 5, per: 1m}, concurrency: {key: k, limit: 2}, circuitBreaker: {key: "${input.from}", window: 5s}, config: {handler: a.b}, designer: {x: 1, y: "${no}"}}
  - {id: t-2, type: task, inputs: {x: "${steps.t.outputs.id}", whole: "${steps.t.outputs}", later: "${steps.d.outputs.x}"}, config: {handler: h}}
  - {id: d, type: delay, condition: v > 1, config: {durationText: 5s}, compensateWith: [{id: u, type: end}]}
  - {id: d2, type: delay, config: {duration: "${input.a}", reason: "${input.a}"}, compensateWith: []}
  - {id: d3, type: delay, config: {durationText: "${input.from}"}}
  - {id: s, type: set_variable, config: {action: set, key: k, source: input, sourcePath: a}}
  - {id: s2, type: set_variable, config: {action: set, key: k, value: "${input.a}"}}
  - {id: c, type: condition, config: {condition: input.a, thenSteps: [{id: c1, type: end}]}}
  - {id: c2, type: condition, config: {condition: "1 < 2 ", elseSteps: []}}
  - {id: w, type: switch, config: {value: k, cases: [{when: 1, steps: []}, {when: "${input.a}", steps: [{id: w1, type: start}]}], default: []}}
  - {id: w2, type: switch, config: {value: "'k'", cases: []}}
  - {id: p, type: parallel, config: {join: any, branches: [{name: b, steps: [{id: p1, type: start}]}], failFast: true}}
  - {id: j, type: join, dependsOn: [t, p], config: {strategy: n_of, count: 1, timeout: 5}}
  - {id: f, type: for_each, config: {items: [1, "2"], maxConcurrency: 1, steps: [{id: f1, type: log, config: {message: "${item.x}"}}, {id: g, type: for_each, config: {items: item.lines, steps: [{id: g1, type: log, config: {message: "${item}"}}]}}]}}
  - {id: l, type: for_each, config: {items: input.lines, itemVariable: line, indexVariable: number, steps: [{id: l1, type: log, config: {message: "${line.sku}", data: {n: "${number}", r: "${steps.f.outputs.results}"}}}]}}
  - {id: wh, type: while, config: {condition: k, maxIterations: 3, steps: [{id: wh1, type: custom}]}}
  - {id: sg, type: saga, retryPolicy: {maxAttempts: 2}, config: {steps: [{id: sg1, type: log, config: {message: m}}], compensate: [{id: sg2, type: start}]}}
  - {id: sg3, type: saga, config: {steps: [{id: sg4, type: start}], compensateSteps: []}}
  - {id: sc, type: schedule, config: {durationText: 2h, steps: [{id: sc1, type: start}]}}
  - {id: sc2, type: schedule, config: {duration: 5, steps: [{id: sc3, type: start}]}}
  - {id: re, type: recur, config: {interval: 5m, until: "steps.re1.success", steps: [{id: re1, type: start}]}}
  - {id: we, type: wait_event, config: {eventName: paid, eventKey: input.from, timeout: 5000, onTimeout: continue, outputVariable: got}}
  - {id: we2, type: wait_event, timeout: 5, config: {eventName: "${input.from}", eventKey: 7, effectiveDate: "2027-01-31T08:00:00Z"}}
  - {id: em, type: emit_event, config: {eventName: done, eventKey: "'k'", data: {id: "${input.a}"}}}
  - {id: ac, type: activity, config: {activityName: scan, parameters: {page: 1}, timeout: 5, heartbeat: 6}}
  - {id: ua, type: user_activity, config: {activityType: approval, assignee: ann, options: [yes, no], message: "?", form: {type: object}, timeout: 5, escalation: {after: 1h, assignee: bob}}}
  - {id: iw, type: invoke_workflow, config: {workflowId: acme.Report@1.0.0, input: {a: "${input.a}"}, waitForCompletion: true, timeout: 5}}
  - {id: iw2, type: invoke_workflow, config: {workflowNameSpace: acme, workflowName: Report}}
  - {id: b1, type: validation, config: {rules: [{field: input.a, type: required}], stopOnFirstError: true}}
  - {id: b2, type: data_transformation, config: {transformations: [{operation: map, source: input.lines, target: names, config: {expression: item.name}}]}}
  - {id: b3, type: cross_instance_variable, config: {action: set, scope: global, key: k, value: "${input.a}"}}
  - {id: b4, type: todo, config: {action: create, listId: l, title: T}}
  - {id: b5, type: file_operation, config: {operation: write, path: "a/${input.from}.txt", content: x}}
  - {id: b6, type: telemetry, config: {metricName: m, metricType: counter, value: 1}}
  - {id: b7, type: service_invoke, config: {service: ns.Name@1.0.0, method: run, params: {a: 1}}}
  - {id: b8, type: python_script, config: {script: s}}
  - {id: b9, type: cli_command, config: {command: c, args: [a]}}
  - {id: ba, type: api_call, cache: {key: k, ttl: 5}, config: {url: "https://example.com/${input.a}", method: GET, response: {bodyType: json}}}
  - {id: cu, type: custom, name: x.y, config: {}, inputs: {}, dependsOn: w}
"""
DATA = load_document(TEXT).data


def built(source: str) -> dict[str, Any]:
    """The document that a generated module builds."""
    names: dict[str, Any] = {}
    exec(compile(source, "generated.py", "exec", dont_inherit=True), names)
    (found,) = [value for value in names.values() if isinstance(value, Workflow)]
    return found.document


def leaves(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [place for key, item in items for place in ((*path, key), *leaves(item, (*path, key)))]


def changed(path: tuple[Any, ...], new: Any, *, remove: bool) -> dict[str, Any]:
    data: Any = copy.deepcopy(DATA)
    inner = data
    for part in path[:-1]:
        inner = inner[part]
    if remove:
        del inner[path[-1]]
    else:
        inner[path[-1]] = new
    return dict(data)


VALUES = st.sampled_from(
    [None, True, 0, -1, 1.5, "", "x", "5s", "${input.a}", "a ${input.a} b", "input.a", "steps.t.outputs.id", "'t'", "t", [], ["t"], [1], {}, {"a": 1},
     {"id": "extra", "type": "log", "config": {"message": "m"}}, [{"id": "extra", "type": "end"}]]
)  # fmt: skip
PLACES = st.sampled_from(leaves(DATA))


def test_the_document_of_these_tests_is_valid_and_shows_every_type() -> None:
    """YF-1: what is tested here is the whole language."""
    assert errors(validate(DATA)) == []
    assert {kind for kind in CONFIGS if f"type: {kind}" in TEXT} == set(CONFIGS)


def test_a_document_survives_python_and_yaml_with_its_designer_metadata() -> None:
    """FW-1, YF-1: exported as Python and as YAML and read again, a document is the same, designer metadata included."""
    made = Workflow.from_yaml(TEXT)
    assert built(made.to_python()) == DATA
    again = Workflow.from_yaml(made.to_yaml())
    assert (again.document, again.fingerprint) == (DATA, fingerprint(DATA))


@given(PLACES, VALUES, st.booleans())
@MANY
def test_any_valid_document_survives_python(path: tuple[Any, ...], new: Any, remove: bool) -> None:
    """YF-1, FW-1: a document that may run is built again, unchanged, by the Python that it is exported to."""
    data = changed(path, new, remove=remove)
    source = Workflow.from_document(data).to_python()
    compile(source, "generated.py", "exec")
    if not errors(validate(data)):
        assert built(source) == data


@given(plans(2))
@MANY
def test_any_tree_of_blocks_survives_both(plan: list[Plan]) -> None:
    """YF-1: blocks in blocks, as deep as they go, come back from Python and from YAML as they were."""
    variables = {"n": 1} | {f"{kind}_{n}": 0 for kind in ("while", "variable") for n in range(1, 60)}
    data = Engine.document(*Author(Engine()).steps(plan), variables=variables)
    made = Workflow.from_document(data)
    assert (built(made.to_python()), Workflow.from_yaml(made.to_yaml()).document) == (data, data)


@pytest.mark.parametrize(
    "path", sorted(set(EXAMPLES.glob("*.yaml")) - {EXAMPLES / "module.yaml"}), ids=lambda path: path.stem
)
def test_the_example_workflows_survive_both(path: Path) -> None:
    """YF-1: the documents that ship with the engine, as Python and back."""
    made = Workflow.from_yaml(path.read_text())
    assert (built(made.to_python()), Workflow.from_yaml(made.to_yaml()).fingerprint) == (
        made.document,
        made.fingerprint,
    )


TEXTS = st.text(alphabet=st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=30)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False, allow_infinity=False) | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=20,
)  # fmt: skip


@given(st.dictionaries(TEXTS, JSON, max_size=4), PLACES, VALUES)
@MANY
def test_any_document_survives_yaml(variables: dict[str, Any], path: tuple[Any, ...], new: Any) -> None:
    """YF-1, FW-1: whatever texts and numbers a document holds, valid or not, its YAML reads back as the same data."""
    data = {**changed(path, new, remove=False), "anything": variables}
    assert Workflow.from_yaml(Workflow.from_document(data).to_yaml()).document == data


@given(st.dictionaries(TEXTS, JSON, max_size=3))
@MANY
def test_any_values_survive_python(values: dict[str, Any]) -> None:
    """YF-1: texts, numbers and nested data in a document come out of the generated source as they went in."""
    data = {**DATA, "variables": {**values, "v": 1}, "metadata": {"designer": values}}
    assert built(Workflow.from_document(data).to_python()) == data


def test_the_source_reads_like_what_a_person_would_write() -> None:
    """YF-1: references become attributes, loops and branches become blocks."""
    source = re.sub(r"\n *", "", Workflow.from_yaml(TEXT).to_python())
    assert 't = flow.task("h",config={"more": flow.variables.v},' in source
    assert '"x": t.id, "whole": t, "later": "${steps.d.outputs.x}"' in source
    assert 'with flow.for_each(flow.input.lines, item="line", index="number", id="l") as line:' in source
    assert "flow.log(line.sku, data=" in source
    assert 'with p.branch("b"):' in source
