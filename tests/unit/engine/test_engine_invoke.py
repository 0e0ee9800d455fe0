"""invoke_workflow and distributed loops: instances that start instances (WH-5, WH-20, YF-7)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.unit.engine.conftest import Engine


def invoke(engine: Engine, wait: bool = True, **more: Any) -> dict[str, Any]:
    config = {"workflowId": "test.Child", "input": {"n": "${n}"}, "waitForCompletion": wait} | more
    return engine.node("call", "invoke_workflow", **config)


def child(engine: Engine, *steps: dict[str, Any], **more: Any) -> str:
    declared = {"inputs": {"n": {"type": "integer"}}} | more
    return engine.register(engine.document(*steps, name="Child", **declared))


def test_a_parent_gets_its_childs_result(engine: Engine) -> None:
    """WH-5, YF-7, IM-6 (the waiting part): who waits for another instance gets its result; nothing runs meanwhile."""
    child(engine, engine.do("c", value="${input.n}"), outputs={"twice": "steps.c.outputs"})
    run = engine.run(invoke(engine), variables={"n": 4}, outputs={"got": "steps.call.outputs"})
    got = engine.outputs(run)["got"]
    assert got["status"] == "COMPLETED"
    assert got["data"] == {"twice": {"value": 4}}
    instance = engine.instance(got["instanceId"])
    assert (instance.parent, instance.mode, instance.depth) == (run, "workflow", 1)


def test_a_child_may_be_left_alone(engine: Engine) -> None:
    """YF-7: without waitForCompletion the parent goes on at once, and ends before its child does."""
    child(engine, engine.node("nap", "delay", duration=1000))
    run = engine.run(invoke(engine, wait=False), variables={"n": 1}, outputs={"got": "steps.call.outputs"})
    got = engine.outputs(run)["got"]
    assert got["status"] == "started"
    assert engine.status(got["instanceId"]) == "RUNNING"
    engine.advance(1000)
    assert engine.status(got["instanceId"]) == "COMPLETED"


def test_a_childs_failure_is_the_steps(engine: Engine) -> None:
    """WH-14, LC-14: the reason names the child; a retry of the parent takes the child up again, which keeps what it has
    finished.
    """
    child(engine, engine.do("one", label="one"), engine.do("two", label="two", retryPolicy={"maxAttempts": 1}))
    engine.errors["two"] = [ValueError("broken")]
    run = engine.run(invoke(engine), variables={"n": 1}, outputs={"got": "steps.call.outputs"})
    assert engine.status(run) == "FAILED"
    assert "broken" in engine.reason(run)["message"]
    engine.ask(run, "retry")
    assert engine.outputs(run)["got"]["status"] == "COMPLETED"
    assert engine.calls == ["one", "two", "two"]


def test_a_step_with_a_retry_policy_starts_another_child(engine: Engine) -> None:
    """YF-6: the step's own retryPolicy starts a new child after a failed one."""
    child(engine, engine.do("one", label="one", retryPolicy={"maxAttempts": 1}))
    engine.errors["one"] = [ValueError("broken")]
    step = invoke(engine) | {"retryPolicy": {"maxAttempts": 2, "initialDelay": 1000, "jitter": False}}
    run = engine.run(step, variables={"n": 1})
    engine.until_idle(run)
    assert engine.status(run) == "COMPLETED"
    assert engine.calls == ["one", "one"]


def test_a_child_that_was_retried_by_hand_is_heard_of(engine: Engine) -> None:
    """LC-14: the parent has failed, the child was retried on its own and is through: the parent's retry finds its result."""
    child(engine, engine.do("one", label="one", retryPolicy={"maxAttempts": 1}))
    engine.errors["one"] = [ValueError("broken")]
    run = engine.run(invoke(engine), variables={"n": 1}, outputs={"got": "steps.call.outputs"})
    failed = engine.children(run)[0]
    engine.ask(failed, "retry")
    assert (engine.status(failed), engine.status(run)) == ("COMPLETED", "FAILED")
    engine.ask(run, "retry")
    assert engine.outputs(run)["got"]["instanceId"] == failed


def test_a_cancel_reaches_the_children(engine: Engine) -> None:
    """WH-13: a cancelled parent cancels the child that it waits for; so does a time-out, and a lost race."""
    child(engine, engine.node("nap", "delay", duration=60_000))
    cancelled = engine.run(invoke(engine), variables={"n": 1})
    timed_out = engine.run(invoke(engine, timeout=1000), variables={"n": 1}, name="Timed")
    engine.ask(cancelled, "cancel")
    engine.advance(1000)
    assert engine.status(timed_out) == "FAILED"
    for run in (cancelled, timed_out):
        assert [engine.status(one) for one in engine.children(run)] == ["CANCELLED"]


def test_an_unknown_child_fails_the_step(engine: Engine) -> None:
    """WR-5: the error says which workflow there is not; wrong input likewise."""
    run = engine.run(invoke(engine, workflowId="test.Nobody"), variables={"n": 1})
    assert engine.status(run) == "FAILED"
    assert "test.Nobody" in engine.reason(run)["message"]
    child(engine, engine.do("c"), inputs={"n": {"type": "integer", "validation": {"maximum": 2}}})
    other = engine.run(invoke(engine), variables={"n": 3}, name="Other")
    assert "problem" in engine.reason(other)["message"]


def test_workflows_that_call_each_other_come_to_an_end(engine: Engine) -> None:
    """WH-5: a cycle of invocations is refused when it is too deep, and says so up to the first."""
    step = engine.node("call", "invoke_workflow", workflowId="test.Flow", waitForCompletion=True)
    run = engine.run(step)
    assert engine.status(run) == "FAILED"
    assert "must come to an end" in engine.reason(run)["message"]


def test_a_large_result_comes_through(engine: Engine) -> None:
    """WR-15: results and inputs of any size pass between instances."""
    child(
        engine,
        engine.do("c", value="${input.text}"),
        outputs={"text": "steps.c.outputs"},
        inputs={"text": {"type": "string"}},
    )
    run = engine.run(
        invoke(engine, input={"text": "${input.text}"}),
        data={"text": "x" * 300_000},
        inputs={"text": {"type": "string"}},
        outputs={"size": {"type": "integer", "source": "size(steps.call.outputs.data.text.value)"}},
    )
    assert engine.outputs(run) == {"size": 300_000}


def test_parent_and_child_survive_crashes(engine: Engine) -> None:
    """WH-1: a worker may die after any write: there is one child, and its parent ends with its result."""
    child(engine, engine.do("c", value="${input.n}"), outputs={"n": "steps.c.outputs"})
    for writes in range(1, 16):
        name = f"Flow{writes}"
        run = engine.begin(invoke(engine), variables={"n": writes}, name=name, outputs={"got": "steps.call.outputs"})
        engine.crash(writes)
        engine.recover()
        engine.until_idle(run)
        assert engine.outputs(run)["got"]["data"] == {"n": {"value": writes}}
        assert len(engine.children(run)) == 1


# --- distributed ------------------------------------------------------------------------------------------------------


def spread(engine: Engine, *steps: dict[str, Any], batch: int = 3, **more: Any) -> dict[str, Any]:
    rule = {"batchSize": batch} | more
    return engine.node("each", "for_each", items="input.items", distributed=rule, steps=list(steps))


def items(count: int) -> dict[str, Any]:
    return {"data": {"items": list(range(count))}, "inputs": {"items": {"type": "array"}}}


def test_items_spread_over_instances(engine: Engine) -> None:
    """WH-20: each batch runs in an instance of its own; the results come in the order of the items."""
    body = engine.do("one", value="${item * factor + index + steps.first.outputs.value}")
    run = engine.run(
        engine.do("first", value=100),
        spread(engine, body),
        variables={"factor": 10},
        outputs={"all": {"type": "array", "source": "steps.each.outputs.results.map(r, r.value)"}},
        **items(10),
    )
    assert engine.outputs(run) == {"all": [100 + 11 * n for n in range(10)]}
    assert len(engine.children(run)) == 4


def test_no_items_are_no_children(engine: Engine) -> None:
    """WH-5: an empty list is through at once."""
    run = engine.run(spread(engine, engine.do("one")), outputs={"all": "steps.each.outputs"}, **items(0))
    assert engine.outputs(run) == {"all": {"results": [], "failed": 0}}


def test_batches_under_way_are_limited(engine: Engine) -> None:
    """YF-8: maxConcurrency counts the batches at once."""
    nap = engine.node("nap", "delay", duration=1000)
    run = engine.run(spread(engine, nap, batch=1, maxConcurrency=2), **items(5))
    assert len(engine.children(run)) == 2
    engine.advance(1000)
    assert len(engine.children(run)) == 4
    engine.advance(1000)
    engine.advance(1000)
    assert engine.status(run) == "COMPLETED"


def test_failures_are_tolerated_up_to_a_percentage(engine: Engine) -> None:
    """WH-20: items that failed are null in the results and counted; one more than tolerated fails the loop."""
    body = engine.do("one", value="${item}", label="${item == 4 ? 'bad' : 'good'}", retryPolicy={"maxAttempts": 1})
    engine.errors["bad"] = [ValueError("bad")]
    run = engine.run(
        spread(engine, body, toleratedFailurePercentage=10), outputs={"all": "steps.each.outputs"}, **items(10)
    )
    found = engine.outputs(run)["all"]
    assert found["failed"] == 1
    assert [one and one["value"] for one in found["results"]] == [0, 1, 2, 3, None, 5, 6, 7, 8, 9]


def test_a_retry_runs_failed_items_only(engine: Engine) -> None:
    """LC-14, WH-20: the loop failed with the first error; a retry takes up the failed batches, whose finished items stay."""
    body = engine.do("one", value="${item}", label="${item == 4 ? 'bad' : 'good'}", retryPolicy={"maxAttempts": 1})
    engine.errors["bad"] = [ValueError("too bad")]
    run = engine.run(
        spread(engine, body),
        outputs={"all": {"type": "array", "source": "steps.each.outputs.results.map(r, r.value)"}},
        **items(6),
    )
    assert engine.status(run) == "FAILED"
    assert "1 of 6 items" in engine.reason(run)["message"]
    assert "too bad" in engine.reason(run)["message"]
    engine.ask(run, "retry")
    assert engine.outputs(run) == {"all": [0, 1, 2, 3, 4, 5]}
    assert (engine.calls.count("good"), engine.calls.count("bad")) == (5, 2)


def test_a_distributed_loop_inside_of_a_loop(engine: Engine) -> None:
    """WH-8, WH-20: the body sees the names of the loops around it."""
    body = engine.do("one", value="${outer}-${item}")
    inner = engine.node("in", "for_each", items="[1, 2]", distributed={"batchSize": 1}, steps=[body])
    loop = engine.node("out", "for_each", items=["a", "b"], itemVariable="outer", steps=[inner])
    run = engine.run(loop, outputs={"all": {"type": "array", "source": "steps.out.outputs.results.map(r, r.results)"}})
    found = engine.outputs(run)["all"]
    assert [[one["value"] for one in group] for group in found] == [["a-1", "a-2"], ["b-1", "b-2"]]


def test_a_cancel_reaches_the_batches(engine: Engine) -> None:
    """WH-13: cancelling the whole cancels its parts; after a terminate a retry begins the cancelled batches anew."""
    nap = engine.node("nap", "delay", duration=60_000)
    run = engine.run(spread(engine, nap), **items(6))
    engine.ask(run, "cancel")
    assert {engine.status(one) for one in engine.children(run)} == {"CANCELLED"}


def test_batches_survive_crashes(engine: Engine) -> None:
    """WH-1, WH-20: whoever dies after any write, each item has one result."""
    for writes in range(1, 20):
        run = engine.begin(
            spread(engine, engine.do("one", value="${item}"), batch=2),
            name=f"Flow{writes}",
            outputs={"all": {"type": "array", "source": "steps.each.outputs.results.map(r, r.value)"}},
            **items(5),
        )
        engine.crash(writes)
        engine.recover()
        engine.recover()
        assert engine.outputs(run) == {"all": [0, 1, 2, 3, 4]}, writes


def test_large_results_beside_failures_are_kept(engine: Engine) -> None:
    """WH-21, LC-14: what a failed batch has reported may be out of line when the loop goes on, fails and is retried."""
    body = engine.do(
        "one", value="${item}" + "x" * 1000, label="${item % 50 == 7 ? 'bad' : 'good'}", retryPolicy={"maxAttempts": 1}
    )
    engine.errors["bad"] = [ValueError("bad") for _ in range(3)]
    run = engine.run(
        spread(engine, body, batch=50, maxConcurrency=1, toleratedFailurePercentage=1),
        outputs={"sizes": {"type": "array", "source": "steps.each.outputs.results.map(r, size(r.value))"}},
        **items(200),
    )
    assert engine.status(run) == "FAILED"
    engine.ask(run, "retry")
    assert len(engine.outputs(run)["sizes"]) == 200
    assert engine.calls.count("good") == 196
