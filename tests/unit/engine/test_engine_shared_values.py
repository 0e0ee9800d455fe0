"""The step types ``cross_instance_variable`` and ``todo``: what instances share."""

from __future__ import annotations

import json
from typing import Any

import pytest

from reactory.exceptions import InvalidDefinitionError

Document = dict[str, Any]


def variable(engine: Any, step_id: str, **config: Any) -> Document:
    found: Document = engine.node(step_id, "cross_instance_variable", **config)
    return found


def flow(engine: Any, name: str, *steps: Document, **more: Any) -> str:
    outputs = {step["id"]: f"steps.{step['id']}.outputs" for step in steps}
    reference: str = engine.register(engine.document(*steps, outputs=outputs, **more) | {"name": name})
    return reference


def run(engine: Any, reference: str, data: Document | None = None, **more: Any) -> Any:
    instance = engine.start(reference, data, **more)
    engine.work()
    return engine.outputs(instance)


def test_a_variable_is_seen_by_other_instances(engine: Any) -> None:
    """YF-4: what one instance sets another one gets, until it is deleted; then it is null."""
    put = flow(engine, "Put", variable(engine, "put", action="set", key="rate-${input.at}", value={"n": "${input.n}"}))
    get = flow(engine, "Get", variable(engine, "get", action="get", key="rate-eu"))
    drop = flow(engine, "Drop", variable(engine, "drop", action="delete", key="rate-eu"))
    assert run(engine, put, {"at": "eu", "n": 7})["put"] == {"key": "rate-eu", "value": {"n": 7}}
    assert run(engine, get)["get"] == {"key": "rate-eu", "value": {"n": 7}}
    assert run(engine, drop)["drop"] == {"key": "rate-eu", "value": None}
    assert run(engine, get)["get"] == {"key": "rate-eu", "value": None}


def test_a_variable_of_a_workflow_is_its_own(engine: Any) -> None:
    """YF-4: scope workflow keeps the instances of other workflows, and the global one of this key, apart."""
    own = {"scope": "workflow", "key": "k"}
    put = flow(
        engine,
        "Put",
        variable(engine, "put", action="set", value=1, **own),
        variable(engine, "get", action="get", **own),
    )
    other = flow(
        engine, "Other", variable(engine, "get", action="get", **own), variable(engine, "all", action="get", key="k")
    )
    assert run(engine, put)["get"]["value"] == 1
    assert run(engine, other) == {"get": {"key": "k", "value": None}, "all": {"key": "k", "value": None}}


def test_tenants_do_not_see_each_other(engine: Any) -> None:
    """YF-4: the same key of another tenant is another variable."""
    steps = [
        variable(engine, "get", action="get", key="k"),
        variable(engine, "put", action="set", key="k", value="mine"),
    ]
    document = engine.document(*steps, outputs={"before": "steps.get.outputs"})
    for tenant in ("one", "two"):
        engine.runner.registry.register_document(_document(document), tenant=tenant)
        assert run(engine, "test.Flow", tenant=tenant) == {"before": {"key": "k", "value": None}}


def _document(data: Document) -> Any:
    from reactory.definition.document import Document as Read

    return Read.of(data)


def test_a_value_comes_from_a_source(engine: Any) -> None:
    """YF-4: source and sourcePath, as in set_variable."""
    put = variable(engine, "put", action="set", key="k", source="input", sourcePath="order.id")
    assert run(engine, flow(engine, "Put", put), {"order": {"id": 9}})["put"]["value"] == 9


def todo(engine: Any, step_id: str, action: str, **config: Any) -> Document:
    found: Document = engine.node(step_id, "todo", action=action, **config)
    return found


def test_an_item_is_made_changed_done_and_deleted(engine: Any) -> None:
    """YF-4: create, list, update, complete and delete, each gives the item or the items."""
    item = "${steps.new.outputs.item.id}"
    reference = flow(
        engine,
        "Lists",
        todo(engine, "new", "create", listId="today", title="Call ${input.who}"),
        todo(engine, "more", "create", listId="today", title="Sleep", status="someday"),
        todo(engine, "better", "update", listId="today", itemId=item, description="at noon", status="started"),
        todo(engine, "all", "list", listId="today"),
        todo(engine, "done", "complete", listId="today", itemId=item),
        todo(engine, "finished", "list", listId="today", status="completed"),
        todo(engine, "elsewhere", "list"),
        todo(engine, "gone", "delete", listId="today", itemId=item),
        todo(engine, "rest", "list", listId="today"),
    )
    made = run(engine, reference, {"who": "Ada"})
    assert (made["new"]["item"]["title"], made["new"]["item"]["status"]) == ("Call Ada", "pending")
    assert made["better"]["item"] | {"updatedAt": 0} == made["new"]["item"] | {
        "description": "at noon",
        "status": "started",
        "updatedAt": 0,
    }
    assert sorted(found["title"] for found in made["all"]["items"]) == ["Call Ada", "Sleep"]
    assert made["done"]["item"]["status"] == "completed"
    assert [found["title"] for found in made["finished"]["items"]] == ["Call Ada"]
    assert made["elsewhere"]["items"] == []
    assert made["gone"]["item"]["title"] == "Call Ada"
    assert [found["title"] for found in made["rest"]["items"]] == ["Sleep"]


def test_a_repeated_attempt_creates_one_item(engine: Any) -> None:
    """WH-19: the id follows from the idempotency key, so a step that ran twice made one item."""
    reference = flow(engine, "Twice", todo(engine, "new", "create", title="once"), todo(engine, "all", "list"))
    instance = engine.start(reference)
    assert engine.crash(2)
    engine.recover()
    assert len(engine.outputs(instance)["all"]["items"]) == 1


def fill(engine: Any, list_id: str, count: int) -> None:
    for number in range(count):
        item = {"id": f"{number:05}", "title": str(number), "status": "pending", "createdAt": number}
        engine.records.put("default", "todo", f"{list_id}/{number:05}", json.dumps(item))


def test_a_long_list_is_given_whole(engine: Any) -> None:
    """YF-4: nothing is left out in silence, however many items there are before what is looked for."""
    fill(engine, "long", 2500)
    fill(engine, "longer", 5)
    engine.records.put("default", "todo", "long/99999", json.dumps({"id": "99999", "status": "new", "createdAt": 1}))
    listed = run(
        engine,
        flow(
            engine,
            "Long",
            todo(engine, "all", "list", listId="long", status="pending"),
            todo(engine, "new", "list", listId="long", status="new"),
        ),
    )
    assert [int(item["id"]) for item in listed["all"]["items"]] == list(range(2500))
    assert [item["id"] for item in listed["new"]["items"]] == ["99999"]


def test_a_list_without_end_is_refused(engine: Any) -> None:
    """YF-3: the items of a list are bounded, and the error says what to do."""
    fill(engine, "endless", 10_000)
    instance = engine.run(todo(engine, "all", "list", listId="endless"))
    assert "delete what is done" in engine.reason(instance)["message"]
    assert engine.trail(instance, "all") == ["FAILED"]


def test_an_unknown_item_fails_for_good(engine: Any) -> None:
    """EH-1: what is not there is not looked for again."""
    instance = engine.run(todo(engine, "done", "complete", itemId="nothing"))
    assert "no item 'nothing'" in engine.reason(instance)["message"]
    assert engine.trail(instance, "done") == ["FAILED"]


@pytest.mark.parametrize(
    ("step", "said"),
    [
        ({"type": "todo", "config": {"action": "create"}}, "`title` is missing"),
        ({"type": "todo", "config": {"action": "complete"}}, "`itemId` is missing"),
        ({"type": "todo", "config": {"action": "list", "listId": "a/b"}}, "without /"),
        ({"type": "cross_instance_variable", "config": {"action": "set", "key": "k"}}, "`value` is missing"),
        ({"type": "cross_instance_variable", "config": {"action": "get", "key": "k", "scope": "all"}}, "'global' or"),
    ],
)
def test_a_wrong_config_is_refused(engine: Any, step: Document, said: str) -> None:
    """YF-1: what an action needs is known before anything runs."""
    with pytest.raises(InvalidDefinitionError) as raised:
        engine.begin({"id": "a", **step})
    assert any(said in problem.message for problem in raised.value.problems), raised.value.problems
