"""Tasks of people through the handler: listed, answered once, refused with what is wrong."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.runner.lab import Lab, api_event, flow

FORM = {"type": "object", "properties": {"limit": {"type": "integer"}}, "required": ["limit"]}
ASK = {
    "id": "ask",
    "type": "user_activity",
    "config": {"activityType": "approval", "assignee": "ann", "message": "ok?"},
}
FILL = {"id": "fill", "type": "user_activity", "config": {"activityType": "input", "assignee": "bob", "form": FORM}}


@pytest.fixture
def waiting(lab: Lab) -> str:
    """An instance that asks ann, and bob after her."""
    lab.register(flow(ASK, FILL))
    started = lab.call("POST", "/workflow/start/lab.Flow", {})
    lab.work()
    return str(started.json["instanceId"])


def tasks(lab: Lab, **query: Any) -> list[dict[str, Any]]:
    lab.work()
    answer = lab.call("GET", "/workflow/tasks", query=query)
    assert answer.status == 200, answer.text
    found: list[dict[str, Any]] = answer.json["tasks"]
    return found


def test_a_task_is_listed_and_answered(lab: Lab, waiting: str) -> None:
    """WH-5: who is asked for what; the answer's action, data and user are the step's output."""
    (task,) = tasks(lab)
    assert (task["assignee"], task["activityType"], task["message"]) == ("ann", "approval", "ok?")
    assert (task["options"], task["instanceId"]) == (["approve", "reject"], waiting)
    body = {"action": "approve", "data": {"note": "fine"}, "user": "ann"}
    answer = lab.call("POST", f"/workflow/tasks/{task['taskId']}/complete", body)
    assert (answer.status, answer.json["instanceId"], answer.json["path"]) == (200, waiting, "ask")
    (task,) = tasks(lab)
    assert task["assignee"] == "bob"
    steps = {step["path"]: step for step in lab.call("GET", f"/workflow/instance/{waiting}").json["steps"]}
    assert steps["ask"]["output"] == {"action": "approve", "user": "ann", "data": {"note": "fine"}}


def test_who_answers_is_the_caller_if_nobody_is_named(lab: Lab, waiting: str) -> None:
    """IM-8: an answer without a user is that of whoever the authorizer knows."""
    (task,) = tasks(lab)
    path = f"/workflow/tasks/{task['taskId']}/complete"
    context = api_event("POST", path)["requestContext"] | {"authorizer": {"lambda": {"sub": "carol"}}}
    assert lab.call("POST", path, {"action": "reject"}, event={"requestContext": context}).status == 200
    lab.work()
    steps = {step["path"]: step for step in lab.call("GET", f"/workflow/instance/{waiting}").json["steps"]}
    assert steps["ask"]["output"]["user"] == "carol"


def test_a_task_is_answered_once(lab: Lab, waiting: str) -> None:
    """WR-16: the second answer is a 409, an unknown task a 404."""
    (task,) = tasks(lab)
    path = f"/workflow/tasks/{task['taskId']}/complete"
    assert lab.call("POST", path, {"action": "approve"}).status == 200
    assert lab.call("POST", path, {"action": "approve"}).status == 409
    assert lab.call("POST", "/workflow/tasks/none/complete", {"action": "approve"}).status == 404


@pytest.mark.parametrize("body", [{"action": "perhaps"}, {}, {"choice": "approve"}, [], {"action": 1}])
def test_a_wrong_answer_is_refused(lab: Lab, waiting: str, body: Any) -> None:
    """WR-16: an action that is no option, an unknown member, a wrong type: 400, and the task stays open."""
    (task,) = tasks(lab)
    answer = lab.call("POST", f"/workflow/tasks/{task['taskId']}/complete", body)
    assert (answer.status, answer.json["code"]) == (400, "invalid_request")
    assert [one["taskId"] for one in tasks(lab)] == [task["taskId"]]


def test_data_have_to_fit_the_form(lab: Lab, waiting: str) -> None:
    """WR-16: 400 with every problem of the data; then the right data complete the instance."""
    lab.call("POST", f"/workflow/tasks/{tasks(lab)[0]['taskId']}/complete", {"action": "approve"})
    (task,) = tasks(lab)
    path = f"/workflow/tasks/{task['taskId']}/complete"
    wrong = lab.call("POST", path, {"data": {"limit": "much"}})
    assert (wrong.status, wrong.json["problems"][0]["path"]) == (400, "limit")
    assert lab.call("POST", path, {"data": {"limit": 3}}).status == 200
    lab.work()
    assert lab.call("GET", f"/workflow/instance/{waiting}").json["status"] == "COMPLETED"


def test_tasks_are_filtered_and_paged(lab: Lab) -> None:
    """Lists page by cursor; each filter selects."""
    lab.register(flow(ASK))
    ids = [lab.call("POST", "/workflow/start/lab.Flow", {}).json["instanceId"] for _ in range(3)]
    assert len(tasks(lab, assignee="ann", workflowId="lab.Flow", activityType="approval")) == 3
    assert tasks(lab, assignee="bob") == tasks(lab, workflowId="lab.No") == tasks(lab, activityType="input") == []
    assert [task["instanceId"] for task in tasks(lab, instanceId=ids[1])] == [ids[1]]
    first = lab.call("GET", "/workflow/tasks", query={"limit": 2}).json
    rest = lab.call("GET", "/workflow/tasks", query={"limit": 2, "cursor": first["nextCursor"]}).json
    assert {task["instanceId"] for task in [*first["tasks"], *rest["tasks"]]} == set(ids)
    assert (first["total"], rest["nextCursor"]) == (3, None)
    assert lab.call("GET", "/workflow/tasks", query={"limit": 0}).status == 400
    assert lab.call("GET", "/workflow/tasks", query={"cursor": "x"}).json["code"] == "invalid_cursor"
