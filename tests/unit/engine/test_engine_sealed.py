"""Payloads encrypted at rest (WH-25): what the stores hold, and what the engine makes of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, cast

import pytest

from reactory.adapters.local_keys import LocalKeys
from reactory.adapters.sealing.blobs import SealedBlobs
from reactory.adapters.sealing.events import SealedEvents
from reactory.adapters.sealing.instances import SealedInstances
from reactory.adapters.sealing.records import SealedRecords
from reactory.adapters.sealing.results import SealedResults
from reactory.adapters.sealing.sealer import Sealer
from reactory.adapters.sealing.tasks import SealedTasks
from reactory.exceptions import SealedUnreadableError

if TYPE_CHECKING:
    from tests.unit.engine.conftest import Engine

KEY, OTHER = bytes(32), bytes(range(32))
LARGE = 4096


class Stores:
    """The stores of an engine in memory, as they are below the wrappers."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.plain: dict[str, Any] = {
            "instances": engine.instances,
            "blobs": engine.blobs,
            "stored_events": engine.stored_events,
            "tasks": engine.tasks,
            "cached": engine.cached,
            "records": engine.records,
        }

    def seal(self, key: bytes = KEY) -> None:
        """From now on the engine's processes work with this master key."""
        sealer = Sealer(LocalKeys([key]), self.engine.clock)
        engine, plain = cast("Any", self.engine), self.plain
        engine.instances = SealedInstances(plain["instances"], sealer)
        engine.blobs = SealedBlobs(plain["blobs"], sealer)
        engine.stored_events = SealedEvents(plain["stored_events"], sealer)
        engine.tasks = SealedTasks(plain["tasks"], sealer)
        engine.cached = SealedResults(plain["cached"], sealer)
        engine.records = SealedRecords(plain["records"], sealer)
        engine.new_worker()

    def held(self) -> str:
        """Everything that they hold, as one text."""
        return "\n".join(repr(vars(store)) for store in self.plain.values())


def flow(engine: Engine) -> str:
    """A workflow with an input, a variable, a child, a cached and a large result, an event, an activity, a task."""
    engine.register(engine.document(engine.do("c", value="${input.n}"), name="Child", inputs={"n": {"type": "string"}}))
    invoke = engine.node(
        "call", "invoke_workflow", workflowId="test.Child", input={"n": "${v}"}, waitForCompletion=True
    )
    return engine.begin(
        invoke,
        engine.do("large", label="large"),
        engine.node("event", "wait_event", eventName="paid", eventKey="'o1'"),
        engine.node("act", "activity", activityName="print", parameters={"n": "${input.secret}"}),
        inputs={"secret": {"type": "string"}},
        variables={"v": "secret-variable"},
        data={"secret": "secret-input"},
        outputs={"got": "steps.event.outputs", "printed": "steps.act.outputs", "in": "input.secret"},
    )


def publish(engine: Engine) -> None:
    engine.runner.events.publish("paid", "o1", {"n": "secret-event"})
    engine.work()


def answer(engine: Engine) -> None:
    taken = engine.runner.activities.take("print", "w1").activities[0]
    assert taken.parameters == {"n": "secret-input"}
    engine.runner.activities.complete(taken.token, {"n": "secret-answer"})
    engine.work()


OUTPUTS = {"got": {"n": "secret-event"}, "printed": {"n": "secret-answer"}, "in": "secret-input"}


@pytest.fixture
def stores(engines: Callable[..., Engine]) -> Stores:
    engine = engines(inline_limit=LARGE)
    engine.results["large"] = "secret-large" * LARGE
    return Stores(engine)


def test_no_payload_is_readable_in_any_store(stores: Stores) -> None:
    """WH-25: at no moment; ids, names, keys and statuses stay plain."""
    stores.seal()
    engine = stores.engine
    held: list[str] = []
    run = flow(engine)
    held.append(stores.held())
    for go_on in (engine.work, lambda: publish(engine), lambda: answer(engine)):
        go_on()
        held.append(stores.held())
    assert engine.outputs(run) == OUTPUTS
    assert engine.trail(run, "act")
    assert not [text for text in held if "secret-" in text]
    for plain in (run, "test.Flow", "COMPLETED", "paid", "o1", "print"):
        assert plain in held[-1]


def test_corrected_input_is_not_readable_either(stores: Stores) -> None:
    """WH-25, EH-4: neither in the inbox, nor in the state, nor out of line."""
    stores.seal()
    engine = stores.engine
    run = engine.run(engine.do("a", inputs={"wrong": 1}))
    large = {"value": "secret-correction" * LARGE}
    for data in ({"wrong": "secret-correction"}, large):
        engine.runner.control.control(run, "retry", step="a", data=data)
        assert "secret-correction" not in stores.held()
        engine.work()
        assert "secret-correction" not in stores.held()
    assert engine.status(run) == "COMPLETED"


def test_the_payloads_would_be_seen_without_it(stores: Stores) -> None:
    """WH-25: encryption is off by default, and what the test above looks for is then there in each kind of store."""
    engine = stores.engine
    flow(engine)
    engine.work()
    publish(engine)
    for name in ("instances", "blobs", "stored_events", "tasks"):
        assert "secret-" in repr(vars(stores.plain[name])), name


def test_it_can_be_switched_on_in_the_middle(stores: Stores) -> None:
    """WH-25: what runs already goes on."""
    engine = stores.engine
    run = flow(engine)
    engine.work()
    stores.seal()
    publish(engine)
    answer(engine)
    assert engine.outputs(run) == OUTPUTS


def test_a_process_with_another_key_says_so_and_changes_nothing(stores: Stores) -> None:
    """WH-25: the error names the setting; with the right key the instance goes on."""
    stores.seal()
    engine = stores.engine
    run = flow(engine)
    engine.work()
    before = stores.held()
    stores.seal(OTHER)
    with pytest.raises(SealedUnreadableError, match="REACTORY_ENCRYPTION_KEY"):
        engine.see(run)
    assert stores.held() == before
    stores.seal()
    publish(engine)
    answer(engine)
    assert engine.outputs(run) == OUTPUTS


def test_an_unreadable_instance_does_not_hold_up_the_others(stores: Stores) -> None:
    """WH-25: of several that are claimed together those that can be read go on; alone it is an error."""
    engine = stores.engine
    stores.seal(OTHER)
    flow = engine.register(engine.document(engine.do("a")))
    lost = engine.start(flow)
    stores.seal()
    found = engine.start(flow)
    claimed = engine.instances.claim([lost, found], "w1", 1000, 0)
    assert [instance.id for instance in claimed] == [found]
    engine.clock.advance(1001)
    with pytest.raises(SealedUnreadableError, match="REACTORY_ENCRYPTION_KEY"):
        engine.instances.claim([lost], "w2", 1000, 0)
