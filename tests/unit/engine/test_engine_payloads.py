"""Large inputs, results, variables and outputs: kept out of line, read back by whoever needs them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.unit.engine.conftest import Engine

HOUR = 3_600_000
BIG = "x" * 200_000
STRING = {"big": {"type": "string"}}


def sizes(engine: Engine, instance_id: str) -> int:
    """Characters of everything that the instance's document holds."""
    instance = engine.instance(instance_id)
    texts = [instance.state or "", instance.input, *instance.journal, *instance.history]
    return sum(map(len, texts))


def test_a_large_input_is_read_back(engine: Engine) -> None:
    """WR-15: an input over the inline limit is out of line, and seen by steps and in the view as it was given."""
    done = engine.run(
        engine.do("a", value="${size(input.big)}"),
        data={"big": BIG},
        inputs=STRING,
        outputs={"n": "steps.a.value"},
    )
    assert engine.outputs(done) == {"n": 200_000}
    assert engine.see(done)["input"] == {"big": BIG}
    assert sizes(engine, done) < 5_000


@pytest.mark.parametrize("handler", ["t.do", "t.thread"])
@pytest.mark.parametrize("restart", [False, True])
def test_a_large_result_is_read_back(engine: Engine, handler: str, restart: bool) -> None:
    """WR-15: a result over the inline limit is out of line in the journal, the snapshot and the history; expressions,
    steps, the view and the history see it, in this process and in the next.
    """
    done = engine.run(
        engine.do("a", value="${input.big + input.big}", handler=handler),
        engine.node("nap", "delay", duration=HOUR),
        engine.do("b", value="${size(steps.a.value)}"),
        engine.do("c", value="${steps.a.outputs}"),
        data={"big": BIG},
        inputs=STRING,
        outputs={"a": "steps.a.value", "n": "steps.b.value", "c": "size(steps.c.value.value)"},
    )
    assert sizes(engine, done) < 10_000
    if restart:
        engine.new_worker()
    engine.advance(HOUR)
    assert engine.outputs(done) == {"a": BIG + BIG, "n": 400_000, "c": 400_000}
    assert sizes(engine, done) < 20_000
    (told,) = [entry for entry in engine.history(done) if entry.get("path") == "a"]
    assert told["output"] == {"value": BIG + BIG}


def test_a_large_result_survives_a_crash(engine: Engine) -> None:
    """WR-15, WH-1: a result that was out of line when the worker vanished is fetched by the next."""
    instance_id = engine.begin(
        engine.do("a", value="${input.big}"),
        engine.do("b", value="${size(steps.a.value)}"),
        data={"big": BIG},
        inputs=STRING,
        outputs={"n": "steps.b.value"},
    )
    engine.crash_in("b")
    engine.work()
    assert engine.outputs(instance_id) == {"n": 200_000}
    assert engine.calls == ["a", "b", "b"]


def test_large_inputs_of_a_step_survive_its_retries(engine: Engine) -> None:
    """WR-15, WH-8: a step with large inputs gets the same ones at its next attempt, in another process too."""
    engine.errors["a"] = [ValueError("no")]
    done = engine.run(
        engine.do("a", value="${input.big}", label="a", retryPolicy={"initialDelay": HOUR, "maxDelay": HOUR}),
        data={"big": BIG},
        inputs=STRING,
        outputs={"same": "steps.a.value == input.big"},
    )
    assert sizes(engine, done) < 5_000
    engine.new_worker()
    engine.advance(2 * HOUR)
    assert engine.calls == ["a", "a"]
    assert engine.outputs(done) == {"same": True}


def test_large_variables_are_read_back(engine: Engine) -> None:
    """WR-15: large variables are out of line between two passes, and whole to whoever reads them."""
    done = engine.run(
        engine.node("set", "set_variable", action="set", key="v", value="${input.big}"),
        engine.node("nap", "delay", duration=HOUR),
        engine.node("get", "set_variable", action="get", key="v"),
        engine.node("more", "set_variable", action="set", key="w", value="${v + 'y'}"),
        engine.node("gone", "set_variable", action="delete", key="v"),
        data={"big": BIG},
        inputs=STRING,
        variables={"v": "", "w": ""},
        outputs={"get": "size(steps.get.value)", "gone": "size(steps.gone.value)", "w": "size(w)"},
    )
    assert sizes(engine, done) < 10_000
    engine.new_worker()
    engine.advance(HOUR)
    assert engine.outputs(done) == {"get": 200_000, "gone": 200_000, "w": 200_001}
    assert engine.see(done)["variables"] == {"w": BIG + "y"}


def test_large_items_and_results_of_a_loop(engine: Engine) -> None:
    """WR-15, WH-21: large items and results of a for_each cost the document nothing."""
    done = engine.run(
        engine.node(
            "each",
            "for_each",
            items="input.items",
            maxConcurrency=2,
            steps=[engine.node("nap", "delay", duration=1000), engine.do("in", value="${item + item}", label="in")],
        ),
        engine.do("after", value="${steps.each.results[3].value.length}"),
        data={"items": [letter * 40_000 for letter in "abcdef"]},
        inputs={"items": {"type": "array"}},
        outputs={"r": "steps.each.results", "n": "steps.after.value"},
    )
    for _ in range(3):
        assert sizes(engine, done) < 20_000
        engine.new_worker()
        engine.advance(1000)
    outputs = engine.outputs(done)
    assert [result["value"] for result in outputs["r"]] == [letter * 80_000 for letter in "abcdef"]
    assert outputs["n"] == 80_000


def test_a_loop_over_large_results_of_a_loop(engines: Callable[..., Engine]) -> None:
    """WR-15, WH-21: pages whose entries are themselves out of line are read back whole, after a restart too."""
    engine = engines(inline_limit=100)
    done = engine.run(
        engine.node("each", "for_each", items="input.items", steps=[engine.do("in", value="${item}", label="in")]),
        engine.node("nap", "delay", duration=HOUR),
        engine.node(
            "again", "for_each", items="steps.each.results", steps=[engine.node("c", "custom", v="${item.value[0]}")]
        ),
        data={"items": [[n, "x" * 200] for n in range(150)]},
        inputs={"items": {"type": "array"}},
        outputs={"r": "steps.again.results"},
    )
    engine.new_worker()
    engine.advance(HOUR)
    assert engine.outputs(done) == {"r": [{"v": n} for n in range(150)]}


def test_many_results_just_under_the_limit(engine: Engine) -> None:
    """WR-15: results that are each small enough, but too much together, do not fill the document."""
    done = engine.run(
        engine.node("each", "for_each", items="input.items", steps=[engine.do("in", value="${input.big}", label="in")]),
        engine.node("nap", "delay", duration=HOUR),
        data={"items": list(range(40)), "big": "y" * 50_000},
        inputs={"items": {"type": "array"}} | STRING,
        outputs={"r": "steps.each.results"},
    )
    assert sizes(engine, done) < 60_000  # the input alone has 50,000
    engine.new_worker()
    engine.advance(HOUR)
    assert engine.outputs(done) == {"r": [{"value": "y" * 50_000}] * 40}


def test_a_value_that_looks_like_a_reference_is_only_a_value(engine: Engine) -> None:
    """WR-15: user data shaped like the engine's own references are left alone."""
    fake = {"$ref": "blob", "id": "id-000099/input", "size": 1}
    done = engine.run(
        engine.do("a", value="${input.big}"),
        data={"big": fake},
        inputs={"big": {"type": "object"}},
        variables={"v": fake},
        outputs={"a": "steps.a.value", "v": "v"},
    )
    assert engine.outputs(done) == {"a": fake, "v": fake}


@pytest.mark.parametrize(
    "value", [None, True, 0, -1, 2**53 + 1, 0.1, 1e300, "", 'é\u2028"\\', [], {}, {"a": [None, {"b": []}]}]
)
def test_values_come_back_as_they_were(engine: Engine, value: object) -> None:
    """WH-1: a result is the same before and after it was stored: type, order and all."""
    done = engine.run(
        engine.do("a", value=value),
        engine.node("nap", "delay", duration=HOUR),
        outputs={"a": "steps.a.value"},
    )
    engine.new_worker()
    engine.advance(HOUR)
    found = engine.outputs(done)["a"]
    assert found == value
    assert type(found) is type(value)


def many(engine: Engine) -> dict[str, Any]:
    """A loop with more results than one page holds."""
    keep = engine.node("v", "set_variable", action="set", key="k", value="${index}")
    return engine.node("inner", "for_each", items="input.n", steps=[keep])


@pytest.mark.parametrize("restart", [False, True])
@pytest.mark.parametrize("kind", ["for_each", "parallel"])
def test_paged_results_inside_of_others_are_read_back_whole(engine: Engine, kind: str, restart: bool) -> None:
    """WR-15, WH-21: results in pages that are part of the result of a for_each or a parallel reach expressions and steps
    as lists, however deep they lie.
    """
    if kind == "for_each":
        outer = engine.node(
            "outer", "for_each", items="[1]", itemVariable="o", indexVariable="oi", steps=[many(engine)]
        )
        source = "steps.outer.outputs.results[0].results"
    else:
        outer = engine.node("outer", "parallel", branches=[{"name": "b", "steps": [many(engine)]}])
        source = "steps.outer.outputs.b.results"
    done = engine.run(
        outer,
        engine.node("nap", "delay", duration=1000),
        engine.do("use", value=f"${{{source}}}"),
        data={"n": list(range(201))},
        inputs={"n": {"type": "array"}},
        outputs={"use": "steps.use.value", "n": f"size({source})"},
    )
    if restart:
        engine.new_worker()
    engine.advance(1000)
    outputs = engine.outputs(done)
    assert outputs["n"] == 201
    assert [entry["value"] for entry in outputs["use"]] == list(range(201))
