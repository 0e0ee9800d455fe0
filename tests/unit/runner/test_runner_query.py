"""Looking at instances, and waiting for them."""

from __future__ import annotations

import pytest

from reactory.exceptions import InstanceNotFoundError, ReactoryError
from reactory.host.services import Limits
from reactory.ports.store import InstanceQuery
from tests.unit.runner.lab import Lab, flow, work


def test_waiting_ends_with_the_instance(lab: Lab) -> None:
    """IM-2: the wait is over as soon as the instance has finished, with its outputs."""
    outputs = {"done": {"type": "string", "source": "steps.a.outputs.done"}}
    lab.register(flow(work("a"), outputs=outputs))
    instance_id = lab.runner.start.start_workflow("lab.Flow").instance.id
    before = lab.clock.monotonic()
    found = lab.runner.query.wait_for(instance_id, 20)
    assert (found["status"], found["outputs"]) == ("COMPLETED", {"done": "a"})
    assert lab.clock.monotonic() - before < 1


def test_waiting_ends_with_the_time(lab: Lab) -> None:
    """IM-2: an instance that does not finish is answered as it is when the time is up, and no later."""
    lab.register(flow({"id": "nap", "type": "delay", "config": {"duration": 60_000}}))
    instance_id = lab.runner.start.start_workflow("lab.Flow").instance.id
    before = lab.clock.monotonic()
    found = lab.runner.query.wait_for(instance_id, 2)
    assert found["status"] == "RUNNING"
    assert lab.clock.monotonic() - before == pytest.approx(2)


def test_a_finished_instance_is_answered_at_once(lab: Lab) -> None:
    """IM-2: who waits for what has finished does not wait."""
    lab.register(flow())
    instance_id = lab.runner.start.start_workflow("lab.Flow").instance.id
    lab.work()
    before = lab.clock.monotonic()
    assert lab.runner.query.wait_for(instance_id, 20)["status"] == "COMPLETED"
    assert lab.clock.monotonic() == before


def test_waiting_for_nobody(lab: Lab) -> None:
    """WR-9: an unknown instance is not waited for."""
    with pytest.raises(InstanceNotFoundError):
        lab.runner.query.wait_for("nobody", 5)


def test_the_history_comes_in_pages(lab: Lab) -> None:
    """WR-9: page by page the history is the whole history, in order, each record once, however it is stored."""
    lab.limits = Limits(tail_records=4, journal_facts=3)
    lab.register(flow(*[work(f"s{number}") for number in range(40)]))
    instance_id = lab.runner.start.start_workflow("lab.Flow").instance.id
    lab.work()
    whole = lab.runner.query.history(instance_id, limit=1000)
    assert whole.next_after is None
    pages, after = [], -1
    while True:
        page = lab.runner.query.history(instance_id, after=after, limit=7)
        pages += page.history
        if page.next_after is None:
            break
        assert len(page.history) == 7
        after = page.next_after
    assert pages == whole.history
    assert [entry.seq for entry in pages] == list(range(len(pages)))
    assert [entry.path for entry in pages if entry.event == "step_completed"] == [f"s{number}" for number in range(40)]


def test_the_list_filters_and_pages(lab: Lab) -> None:
    """WR-9: filters select, pages follow one another, and the total is that of the selection."""
    lab.register(flow())
    lab.register(flow(name="Other"))
    started = [lab.runner.start.start_workflow("lab.Flow", tags=[f"t{number}"]).instance.id for number in range(5)]
    lab.runner.start.start_workflow("lab.Other")
    first = lab.runner.query.search(InstanceQuery(workflow_id="lab.Flow", limit=3, sort="createdAt"))
    rest = lab.runner.query.search(
        InstanceQuery(workflow_id="lab.Flow", limit=3, sort="createdAt", cursor=first.next_cursor)
    )
    assert [one.instance_id for one in first.instances + rest.instances] == started
    assert (first.total, rest.next_cursor) == (5, None)
    tagged = lab.runner.query.search(InstanceQuery(tag="t2"))
    assert [one.instance_id for one in tagged.instances] == [started[2]]


def test_another_tenants_instance_does_not_exist(lab: Lab) -> None:
    """WR-9: looking, history and waiting know only the tenant's own instances."""
    lab.register(flow())
    instance_id = lab.runner.start.start_workflow("lab.Flow").instance.id
    for look in (lab.runner.query.get, lab.runner.query.history):
        with pytest.raises(ReactoryError, match="no instance"):
            look(instance_id, tenant="other")
