"""One request for many instances, and the routes of rewind, fork and migrate (WH-22, LC-14)."""

from __future__ import annotations

import json
from typing import Any

import pytest

from functions.runner.jobs import handler as jobs_handler
from reactory.runner.batch import PORTION, STALE_MS
from reactory.topology import JOBS
from tests.unit.runner.lab import Lab, flow, work

NAP = {"id": "nap", "type": "delay", "config": {"duration": 60_000}}


def sleeping(lab: Lab, count: int) -> list[str]:
    lab.register(flow(work("a"), NAP))
    started = [lab.runner.start.start_workflow("lab.Flow").instance.id for _ in range(count)]
    lab.work()
    return started


def carry_on(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> int:
    """Deliver the messages of jobs until there are none; how many there were."""
    monkeypatch.setattr("functions.runner.jobs.runner", lambda: lab.runner)
    count = 0
    while received := lab.queue.receive(JOBS.name, 1):
        answer = jobs_handler({"Records": [{"messageId": "m", "body": received[0].body}]}, None)
        assert answer == {"batchItemFailures": []}
        lab.queue.delete(JOBS.name, [received[0].receipt_handle])
        count += 1
    return count


def status(lab: Lab, instance_id: str) -> str:
    return str(lab.runner.query.get(instance_id)["status"])


def test_ids_are_done_at_once(lab: Lab) -> None:
    """WH-22: the answer counts what was done, refused and not found, and says why."""
    first, second, third = sleeping(lab, 3)
    lab.runner.control.control(third, "cancel")
    answer = lab.call(
        "POST",
        "/workflow/instances/batch",
        {"action": "pause", "ids": [first, second, third, "nobody", first], "reason": "night"},
    )
    assert answer.status == 202
    assert answer.json["status"] == "finished"
    assert answer.json["counts"] == {"matched": 4, "done": 2, "refused": 1, "notFound": 1, "failed": 0}
    assert {error["instanceId"] for error in answer.json["errors"]} == {third, "nobody"}
    assert [status(lab, one) for one in (first, second, third)] == ["PAUSED", "PAUSED", "CANCELLED"]
    assert lab.call("GET", answer.headers["Location"]).json == answer.json


def test_a_dry_run_changes_nothing(lab: Lab) -> None:
    """WH-22: the counts say what would be done."""
    (first,) = sleeping(lab, 1)
    body = {"action": "cancel", "filter": {"status": "RUNNING"}, "dryRun": True}
    answer = lab.call("POST", "/workflow/instances/batch", body)
    assert (answer.json["counts"]["done"], answer.json["dryRun"]) == (1, True)
    assert status(lab, first) == "RUNNING"


def test_many_are_done_in_portions(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    """WH-22: a job goes on message by message until all that the filter selects is done, each once."""
    ids = sleeping(lab, 2 * PORTION + 5)
    answer = lab.call("POST", "/workflow/instances/batch", {"action": "cancel", "filter": {"status": ["RUNNING"]}})
    assert (answer.json["status"], answer.json["counts"]["done"]) == ("running", PORTION)
    assert carry_on(lab, monkeypatch) == 2
    job = lab.call("GET", answer.headers["Location"]).json
    assert (job["status"], job["counts"]["done"], job["counts"]["matched"]) == ("finished", len(ids), len(ids))
    assert {status(lab, one) for one in ids} == {"CANCELLED"}


def test_a_job_whose_message_was_lost_goes_on(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    """WH-4: messages are hints; the sweeper repeats that of a job which nobody has touched for a while."""
    sleeping(lab, PORTION + 1)
    lab.call("POST", "/workflow/instances/batch", {"action": "pause", "filter": {"status": "RUNNING"}})
    for received in lab.queue.receive(JOBS.name, 10):
        lab.queue.delete(JOBS.name, [received.receipt_handle])
    assert lab.runner.batches.stale() == 0
    lab.clock.advance(STALE_MS + 1)
    assert lab.runner.batches.stale() == 1
    assert carry_on(lab, monkeypatch) == 1
    assert lab.runner.batches.stale() == 0


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"action": "pause"}, "either ids or a filter"),
        ({"action": "pause", "ids": ["a"], "filter": {"status": "RUNNING"}}, "either ids or a filter"),
        ({"action": "pause", "ids": []}, "give 1 to 1000"),
        ({"action": "pause", "filter": {}}, "would select every instance"),
        ({"action": "pause", "filter": {"statuz": "RUNNING"}}, "statuz"),
        ({"action": "pause", "filter": {"status": "RUNING"}}, "RUNING"),
        ({"action": "explode", "ids": ["a"]}, "explode"),
        ({"action": "migrate", "ids": ["a"]}, "version"),
        ({"action": "pause", "ids": ["a"], "version": "1.0.0"}, "version"),
        ({"action": "pause", "filter": {"createdAfter": "soon"}}, "createdAfter"),
    ],
)
def test_a_wrong_request_is_refused(lab: Lab, body: dict[str, Any], said: str) -> None:
    """WR-11, WR-16: 400 with what is wrong; nothing is done."""
    answer = lab.call("POST", "/workflow/instances/batch", body)
    assert answer.status == 400
    assert said in answer.json["message"]


def test_an_unknown_job_is_not_found(lab: Lab) -> None:
    """WR-16: 404; neither is another tenant's."""
    assert lab.call("GET", "/workflow/jobs/nobody").status == 404


def test_a_broken_job_message_fails_alone(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    """WR-11: it ends in the dead-letter queue; one for a job that is gone is done with."""
    monkeypatch.setattr("functions.runner.jobs.runner", lambda: lab.runner)
    records = [{"messageId": "a", "body": "{"}, {"messageId": "b", "body": json.dumps({"jobId": "gone"})}]
    assert jobs_handler({"Records": records}, None) == {"batchItemFailures": [{"itemIdentifier": "a"}]}


def test_the_routes_of_rewind_fork_and_migrate(lab: Lab) -> None:
    """LC-14, DP-2: each answers as the REST contract says, with 409 where it does not fit and 404 for nobody."""
    (run,) = sleeping(lab, 1)
    path = f"/workflow/instance/{run}"
    answer = lab.call("POST", f"{path}/rewind", {"stepId": "a"})
    assert (answer.status, answer.json["status"], answer.json["instanceId"]) == (200, "RUNNING", run)
    assert lab.call("POST", f"{path}/rewind", {"stepId": "nobody"}).status == 409
    assert lab.call("POST", f"{path}/rewind", {}).status == 400
    forked = lab.call("POST", f"{path}/fork", {"stepId": "nap", "input": {}})
    assert (forked.status, forked.json["status"]) == (201, "started")
    assert lab.runner.query.get(forked.json["instanceId"])["forkedFrom"] == run
    assert lab.call("POST", f"{path}/migrate", {"version": "9.0.0"}).status == 404
    lab.register(flow(work("a"), NAP, work("b"), version="2.0.0"))
    assert lab.call("POST", f"{path}/migrate", {"version": "2.0.0"}).status == 200
    lab.work()
    assert lab.runner.query.get(run)["version"] == "2.0.0"
    assert lab.call("POST", "/workflow/instance/nobody/fork", {"stepId": "a"}).status == 404
