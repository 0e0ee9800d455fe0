"""Random documents, random failures, a worker that dies after any write: the result is always that of an undisturbed run."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

if TYPE_CHECKING:
    from tests.unit.engine.conftest import Engine

PATIENT = settings(
    max_examples=40,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],  # each example makes an engine of its own
)
RETRIES = {"retryPolicy": {"maxAttempts": 2, "initialDelay": 1000, "jitter": False}}
LEAVES = ["task", "thread", "flaky", "broken", "variable", "skipped", "delay", "log"]
CONTAINERS = ["condition", "parallel", "any", "for_each", "sequential", "while"]

Plan = tuple[str, Any]


def plans(depth: int) -> st.SearchStrategy[list[Plan]]:
    """A step list: leaves, and containers of step lists."""
    leaf = st.sampled_from(LEAVES).map(lambda kind: (kind, None))
    if not depth:
        return st.lists(leaf, min_size=1, max_size=3)
    inner = st.tuples(st.sampled_from(CONTAINERS), st.lists(plans(depth - 1), min_size=1, max_size=2))
    return st.lists(st.one_of(leaf, inner), min_size=1, max_size=3)


class Author:
    """Writes the document of a plan. ids are unique; flaky steps fail once per path, broken ones always."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._number = 0

    def steps(self, plan: list[Plan]) -> list[dict[str, Any]]:
        return [self.step(kind, inner) for kind, inner in plan]

    def step(self, kind: str, inner: Any) -> dict[str, Any]:
        self._number += 1
        name, engine = f"{kind}_{self._number}", self._engine
        match kind:
            case "task" | "flaky":
                return engine.do(name, value=f"${{n}}-{name}")
            case "thread":
                return engine.do(name, value=name, handler="t.thread")
            case "broken":
                return engine.do(name, continueOnError=True)
            case "skipped":
                return engine.do(name, condition="n > 1000")
            case "variable":
                return engine.node(name, "set_variable", action="set", key=name, value=f"{name}${{n}}")
            case "delay":
                return engine.node(name, "delay", duration=500)
            case "log":
                return engine.node(name, "log", message=name, level="debug")
            case _:
                return self.container(kind, name, [self.steps(plan) for plan in inner])

    def container(self, kind: str, name: str, lists: list[list[dict[str, Any]]]) -> dict[str, Any]:
        engine, first, last = self._engine, lists[0], lists[-1]
        branches = [{"name": f"b{n}", "steps": steps} for n, steps in enumerate(lists)]
        match kind:
            case "condition":
                other = {"elseSteps": last} if len(lists) > 1 else {}
                return engine.node(name, "condition", condition="n == 1", thenSteps=first, **other)
            case "parallel":
                return engine.node(name, "parallel", branches=branches)
            case "any":  # one branch, so that it is no race
                return engine.node(name, "parallel", branches=branches[:1], join="any")
            case "for_each" | "sequential":
                limit = {"maxConcurrency": 1} if kind == "sequential" else {}
                return engine.node(name, "for_each", items=[1, 2, 3], steps=first, **limit)
            case _:
                count = engine.node(f"count_{name}", "set_variable", action="set", key=name, value=f"${{{name} + 1}}")
                return engine.node(name, "while", condition=f"{name} < 2", steps=[*first, count])


def prepared(make: Callable[..., Engine], plan: list[Plan]) -> tuple[Engine, str]:
    engine = make(journal_facts=5, tail_records=8)
    steps = Author(engine).steps(plan)
    variables = {"n": 1} | {f"while_{n}": 0 for n in range(1, 60)} | {f"variable_{n}": "" for n in range(1, 60)}
    reference = engine.register(engine.document(*steps, variables=variables, metadata=RETRIES))
    flaky: set[str] = set()

    def fail(label: str) -> None:
        if "broken_" in label.rsplit("/", 1)[-1]:
            raise ValueError(label)
        if "flaky_" in label.rsplit("/", 1)[-1] and label not in flaky:
            flaky.add(label)
            raise ValueError(label)

    engine.before = fail
    return engine, engine.start(reference)


def timeless(value: Any) -> Any:
    """The value without what tells how long a delay really took."""
    if isinstance(value, dict):
        return {key: timeless(entry) for key, entry in value.items() if key != "actualDuration"}
    return [timeless(entry) for entry in value] if isinstance(value, list) else value


def result(engine: Engine, instance_id: str) -> dict[str, Any]:
    """All that a user sees of the result, but for times, attempts and the order of what runs side by side."""
    seen = engine.see(instance_id)
    ended = {entry["path"]: entry for entry in engine.history(instance_id) if "path" in entry}
    return {
        "status": seen["status"],
        "reason": seen["reason"],
        "variables": seen["variables"],
        "steps": {path: (entry["status"], timeless(entry.get("output"))) for path, entry in ended.items()},
    }


@given(plan=plans(2))
@PATIENT
def test_every_document_runs_to_an_end(engines: Callable[..., Engine], plan: list[Plan]) -> None:
    """WH-5: any tree of blocks with any failures in it comes to an end, holds no lease, and needs nothing more."""
    engine, instance_id = prepared(engines, plan)
    engine.until_idle(instance_id)
    instance = engine.instance(instance_id)
    assert engine.status(instance_id) == "COMPLETED", engine.reason(instance_id)
    assert (instance.lease_until, instance.wake_at, instance.journal, instance.inbox, instance.outbox) == (
        None,
        None,
        [],
        [],
        [],
    )
    numbers = [entry["seq"] for entry in engine.history(instance_id)]
    assert numbers == list(range(len(numbers)))
    assert engine.moves(instance_id) == ["RUNNING", "COMPLETED"]


@given(plan=plans(2), deaths=st.lists(st.integers(1, 25), min_size=1, max_size=4))
@PATIENT
def test_the_result_does_not_depend_on_where_workers_die(
    engines: Callable[..., Engine], plan: list[Plan], deaths: list[int]
) -> None:
    """WH-1, WH-3: a worker may die after any write: outputs and history are those of an undisturbed run, and no step
    that had a recorded success runs again.
    """
    engine, undisturbed = prepared(engines, plan)
    engine.until_idle(undisturbed)
    expected = result(engine, undisturbed)
    engine, instance_id = prepared(engines, plan)
    for writes in deaths:
        engine.crash(writes)
        recorded = {e["path"] for e in engine.history(instance_id) if e["event"] == "step_completed"}
        before = len(engine.calls)
        engine.recover()
        assert not recorded & set(engine.calls[before:])
    engine.until_idle(instance_id)
    assert result(engine, instance_id) == expected
    told = [e["path"] for e in engine.history(instance_id) if e["event"] == "step_completed"]
    assert len(told) == len(set(told))
    numbers = [entry["seq"] for entry in engine.history(instance_id)]
    assert numbers == list(range(len(numbers)))
