"""for_each with ``distributed``: the items in batches, each run by an instance of its own, so that many workers share a
large fan-out (WH-20, WH-21). Here is both sides: the loop that spreads, and the part of it that a child runs.

A child (``Instance.fragment``) runs the same step of the same definition for its items, and reports ``{results, failed}``
when all of them are through, with null for those that failed. A batch that has failed is taken up again by the retry of
the loop: its finished items are kept.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reactory.definition.program import Distribution, ForEachConfig, Node
from reactory.exceptions import ExpressionError
from reactory.kernel import failures, paths
from reactory.kernel.effects import RetryChild, StartChild, Store
from reactory.kernel.facts import ChildEnded, ErrorInfo
from reactory.kernel.nodes import container, for_each
from reactory.kernel.nodes.invoke import child_id
from reactory.kernel.scope import KernelScope
from reactory.kernel.state import Frame, NodeState
from reactory.kernel.values import make_ref

if TYPE_CHECKING:
    from reactory.kernel.machine import Machine

AT_ONCE = 50
"""Batches under way at once where ``maxConcurrency`` does not say otherwise; each is one of the loop's open waits."""

TAKE_UP = "take up"
"""The choice of a loop that an operator retries."""

OPENED_AT_ONCE = 25
"""Children asked for per round, so that their inputs are durable, and out of memory, in between."""


def start(machine: Machine, path: str, node: Node, live: NodeState, scope: KernelScope) -> None:
    config = node.config
    assert isinstance(config, ForEachConfig)
    items = config.items.evaluate(scope)
    if not isinstance(items, list):
        raise ExpressionError(
            f"items of '{path}' must be an array, but '{config.items.source}' is {type(items).__name__}"
        )
    surroundings = _surroundings(machine, live)
    container.begin(machine, node, live)
    live.items, live.total = items, len(items)
    live.child = f"{_base(machine, path, live)}.scope"
    machine.context.values[live.child] = surroundings
    machine.effects.append(Store(live.child, surroundings))
    go_on(machine, path, node, live)


def _surroundings(machine: Machine, live: NodeState) -> dict[str, Any]:
    """All that an expression in the loop's body may refer to."""
    frames = machine.frames_of(live.block)[::-1]
    return {
        "input": machine.given_input(),
        "variables": dict(machine.state.variables),
        "outs": {step: output for frame in frames for step, output in frame.outs.items()},
        "stat": {step: status for frame in frames for step, status in frame.stat.items()},
        "names": machine.loop_names(live.block),
    }


def _base(machine: Machine, path: str, live: NodeState) -> str:
    return f"{machine.context.blobs}/{paths.execution(path, live.generation)}.results"


def go_on(machine: Machine, path: str, node: Node, live: NodeState) -> None:
    """Take in what has been reported, ask for batches up to the window, conclude when the last one has reported."""
    config = node.config
    assert isinstance(config, ForEachConfig)
    rule = config.distributed or Distribution()
    _take_in(machine, path, live, rule)
    if live.choice == TAKE_UP:
        _take_up(machine, path, live)
    batches = -(-live.total // rule.batch_size)
    too_many = _failed_items(live) > _tolerated(rule, live.total)
    live.status, live.phase = "WAITING", ""
    if not live.children and (live.cursor == batches or too_many):
        _close(machine, path, live, rule, batches)
        return
    items: list[Any] | None = None
    for _ in range(OPENED_AT_ONCE):
        if live.cursor == batches or too_many or len(live.children) >= (rule.max_concurrency or AT_ONCE):
            return
        items = items or machine.context.deref(live.items)
        number, live.cursor = live.cursor, live.cursor + 1
        _open_batch(machine, path, live, rule, items, number)
    machine.enqueue(path, "next")


def _open_batch(  # noqa: PLR0917 - the behaviours' common parameters and its own three
    machine: Machine, path: str, live: NodeState, rule: Distribution, items: list[Any], number: int
) -> None:
    begin = number * rule.batch_size
    live.round += 1
    child = child_id(machine, f"{paths.execution(path, live.generation)}[{number}]@{live.round}")
    data = {
        "items": [machine.context.whole(item) for item in items[begin : begin + rule.batch_size]],
        "offset": begin,
        "scope": make_ref(live.child, 1),
    }
    live.children[str(number)] = child
    step = machine.node(path).id
    machine.effects.append(StartChild(child, path, machine.program.id, machine.program.version, data, fragment=step))


def child_ended(machine: Machine, path: str, live: NodeState, fact: ChildEnded) -> None:
    """One batch is through. Its results may be out of line: they are looked at when the loop goes on."""
    number = next(number for number, child in live.children.items() if child == fact.child)
    del live.children[number]
    error = fact.error or ErrorInfo("ChildWorkflowError", f"batch {number} is {fact.status}", "child_failed")
    shown = None if fact.status == "COMPLETED" else failures.error_view(error)
    retried = fact.child if fact.status == "FAILED" else ""
    live.results[number] = {"output": fact.output, "error": shown, "child": retried}
    if not live.phase:
        machine.enqueue(path, "next")


def _take_in(machine: Machine, path: str, live: NodeState, rule: Distribution) -> None:
    """Results of whole batches go out of line at once; of those with failures they wait for a retry, or for the end."""
    live.results = {number: machine.context.deref(entry) for number, entry in live.results.items()}
    reported = {number: entry for number, entry in live.results.items() if "failed" not in entry}
    outputs = {number: machine.context.whole(entry["output"]) for number, entry in reported.items()}
    for number, entry in reported.items():
        size = min(rule.batch_size, live.total - int(number) * rule.batch_size)
        output = outputs[number] if isinstance(outputs[number], dict) else {}
        results, failed = output.get("results") or [None] * size, output.get("failed", 0)
        if entry["error"] is None:
            del live.results[number]
            _keep(machine, path, live, number, results)
        else:
            live.results[number] = {**entry, "output": results, "failed": failed or size}


def _keep(machine: Machine, path: str, live: NodeState, number: str, results: list[Any]) -> None:
    page = f"{_base(machine, path, live)}.{number}"
    machine.context.values[page] = results
    machine.effects.append(Store(page, results))


def _take_up(machine: Machine, path: str, live: NodeState) -> None:
    """An operator's retry: failed batches keep what they have finished, those that were cancelled begin anew."""
    config = machine.node(path).config
    assert isinstance(config, ForEachConfig)
    rule = config.distributed or Distribution()
    lost = [number for number, entry in live.results.items() if not entry["child"]]
    items = machine.context.deref(live.items) if lost else []
    live.choice, live.failed = "", 0
    for number, entry in list(live.results.items()):
        del live.results[number]
        if entry["child"]:
            live.children[number] = entry["child"]
            machine.effects.append(RetryChild(entry["child"]))
        else:
            _open_batch(machine, path, live, rule, items, int(number))


def cut_off(live: NodeState) -> None:
    """The batches under way were cancelled with the loop; a retry begins them anew."""
    for number in live.children:
        live.results[number] = {"output": None, "error": None, "child": "", "failed": 0}
    live.children = {}


def _close(machine: Machine, path: str, live: NodeState, rule: Distribution, batches: int) -> None:
    failed = _failed_items(live)
    if failed > _tolerated(rule, live.total):
        live.failed = len(live.results)
        first = next(entry["error"] for entry in live.results.values() if entry["failed"])
        text = (
            f"{failed} of {live.total} items of '{path}' failed, more than the {rule.tolerated_failure_percentage:g} % "
            f"that are tolerated; the first: {first['message']}"
        )
        failures.node_failed(machine, path, live, ErrorInfo("BatchError", text, "batch_failed", retryable=False))
        return
    for number, entry in live.results.items():
        _keep(machine, path, live, number, machine.context.whole(entry["output"]))
    live.items, live.results = None, {}
    results = make_ref(_base(machine, path, live), live.total, batches) if batches else []
    machine.conclude(path, live, {"results": results, "failed": failed})


def _failed_items(live: NodeState) -> int:
    return sum(entry.get("failed", 0) for entry in live.results.values())


def _tolerated(rule: Distribution, total: int) -> float:
    return total * rule.tolerated_failure_percentage / 100


# --- the part that a child runs ---------------------------------------------------------------------------------------


def is_part(machine: Machine, path: str) -> bool:
    """Whether this loop is what the instance as a whole is there for."""
    return machine.context.fragment is not None and path == machine.context.fragment


def start_part(machine: Machine, path: str, node: Node, live: NodeState) -> None:
    """Begin with the items that the instance was given, seeing what the whole loop sees."""
    given = machine.context.deref(machine.context.input)
    scope = machine.context.deref(given["scope"])
    machine.state.variables = dict(scope["variables"])
    machine.state.frames[""] = Frame(dict(scope["outs"]), dict(scope["stat"]))
    container.begin(machine, node, live)
    live.items, live.total, live.offset = given["items"], len(given["items"]), given["offset"]
    for_each.go_on(machine, path, node, live)


def part_output(machine: Machine) -> dict[str, Any]:
    """What an instance that runs a part has to report when it ends: null for items that have failed."""
    step = machine.context.fragment or ""
    live = machine.state.live.get(step)
    if live is None:
        results = machine.state.frames[""].outs.get(step, {}).get("results", [])
        return {"results": results, "failed": 0}
    results = [live.results.get(str(index)) for index in range(live.total)]
    return {"results": results, "failed": live.failed + live.total - live.cursor}
