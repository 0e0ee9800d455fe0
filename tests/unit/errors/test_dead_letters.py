"""Dead letters over HTTP: found, looked at, sent on their way again."""

from __future__ import annotations

import json
from typing import Any

import pytest

from reactory.exceptions import QueueUnavailableError, StoreUnavailableError
from reactory.settings import Settings
from tests.unit.errors.desk import Desk

REDRIVE = "/workflow/dead-letters/redrive"


def listed(desk: Desk, **query: Any) -> list[str]:
    answer = desk.call("GET", "/workflow/dead-letters", **query)
    assert answer.status == 200, answer.text
    return [letter["id"] for letter in answer.json["deadLetters"]]


def sent(desk: Desk, queue: str = "triggers") -> list[Any]:
    return [json.loads(message.body) for message in desk.lab.queue.receive(queue, 10)]


def redrive(desk: Desk, **body: Any) -> Any:
    answer = desk.call("POST", REDRIVE, {"reason": "mended", **body})
    assert answer.status == 200, answer.text
    return answer.json


def outcomes(answer: Any) -> dict[str, str]:
    return {detail["id"]: detail["outcome"] for detail in answer["details"]}


def test_messages_and_instances_are_listed_together(desk: Desk) -> None:
    """WR-11, WH-14: messages that nobody could work off, the latest first, then instances that ran out of attempts."""
    first = desk.fail()
    desk.lab.clock.advance(1000)
    second = desk.fail()
    desk.bury("m1", sent_at=desk.now - 9, receives=5)
    desk.lab.clock.advance(1000)
    desk.bury("m2", queue="events")
    desk.bury("other", tenant="acme")
    assert listed(desk) == ["m2", "m1", second, first]
    letters = desk.call("GET", "/workflow/dead-letters").json["deadLetters"]
    assert letters[1] == {
        "id": "m1",
        "kind": "message",
        "diedAt": "2026-01-01T00:00:01.000Z",
        "queue": "triggers",
        "sentAt": "2026-01-01T00:00:00.991Z",
        "receives": 5,
        "workflowId": None,
        "version": None,
        "reason": None,
    }
    assert (letters[3]["kind"], letters[3]["workflowId"], letters[3]["version"]) == ("instance", "lab.Flow", "1.0.0")
    assert (letters[3]["reason"]["code"], letters[3]["reason"]["stepId"]) == ("dead_lettered", "a")


@pytest.mark.parametrize("limit", [1, 2, 3, 5])
def test_a_list_comes_in_pages(desk: Desk, limit: int) -> None:
    """WR-11: page by page each once, over the border between messages and instances."""
    instances = [desk.fail(), desk.fail()]
    for number in range(3):
        desk.bury(f"m{number}")
    seen: list[str] = []
    cursor = ""
    while True:
        page = desk.call("GET", "/workflow/dead-letters", limit=limit, cursor=cursor).json
        assert 0 < len(page["deadLetters"]) <= limit
        seen += [letter["id"] for letter in page["deadLetters"]]
        cursor = page["nextCursor"]
        if cursor is None:
            break
    assert (seen[:3], set(seen[3:]), len(seen)) == (["m0", "m1", "m2"], set(instances), 5)


def test_the_list_is_narrowed(desk: Desk) -> None:
    """WR-11: by kind, queue, workflow and time; an instance counts by when it failed, not by when it began."""
    old = desk.fail()
    desk.bury("m1")
    desk.lab.clock.advance(60_000)
    desk.bury("m2", queue="events")
    new = desk.fail()
    since = "2026-01-01T00:01:00Z"
    assert listed(desk, kind="message") == ["m2", "m1"]
    assert listed(desk, kind="instance") == [new, old]
    assert listed(desk, queue="triggers") == ["m1"]
    assert listed(desk, workflowId="lab.Flow") == [new, old]
    assert listed(desk, workflowId="lab.Other") == []
    assert listed(desk, since=since) == ["m2", new]
    assert listed(desk, since=since, kind="message", queue="triggers") == []


@pytest.mark.parametrize(
    ("query", "named"),
    [
        ({"kind": "letter"}, "kind"),
        ({"queue": "nowhere"}, "queue"),
        ({"queue": "triggers", "workflowId": "lab.Flow"}, "queue"),
        ({"kind": "instance", "queue": "triggers"}, "queue"),
        ({"kind": "message", "workflowId": "lab.Flow"}, "workflowId"),
        ({"cursor": "nonsense"}, "cursor"),
        ({"cursor": "m.gone"}, "cursor"),
        ({"kind": "instance", "cursor": "m.m1"}, "cursor"),
        ({"since": "yesterday"}, "since"),
    ],
)
def test_a_wrong_question_is_refused(desk: Desk, query: dict[str, str], named: str) -> None:
    """WR-16: the answer names what is wrong; nothing is selected by mistake."""
    answer = desk.call("GET", "/workflow/dead-letters", **query)
    assert answer.status == 400
    assert named in answer.json["message"]


def test_a_message_is_shown_with_what_is_sensitive_masked() -> None:
    """WR-11, SM-13: the body as JSON; passwords, tokens and what the settings add do not come out, in attributes neither."""
    desk = Desk(Settings(aws="memory", sensitive=["iban"]))
    body = {"id": "lab.Flow", "data": {"password": "p4ss", "iban": "DE00", "sku": "AB"}}
    desk.bury("m1", json.dumps(body), attributes={"SenderId": "shop", "apiKey": "k1"})
    shown = desk.call("GET", "/workflow/dead-letters/m1").json
    assert shown["body"] == {"id": "lab.Flow", "data": {"password": "***", "iban": "***", "sku": "AB"}}
    assert shown["attributes"] == {"SenderId": "shop", "apiKey": "***"}
    assert (shown["state"], shown["kind"], shown["redrivenAt"]) == ("dead", "message", None)
    desk.lab.close()


@pytest.mark.parametrize(
    ("body", "shown"),
    [
        ('{"id": "x", "password": "p4ss w0rd", "n": 1', '{"id": "x", "password": ***, "n": 1'),
        ('{"token": "abc', '{"token": ***'),
        ("user=ann&access_token=abc&n=1", "user=ann&access_token=***&n=1"),
        ("see mongodb://ann:p4ss@db.test", "see mongodb://***@db.test"),
        ("password: p4ss\nn: 1", "password: ***\nn: 1"),
        ("password: my secret phrase, as long as the line\nn: 1", "password: ***\nn: 1"),
        ("password: p4ss&word", "password: ***"),
        ("Authorization: Bearer eyJhbGciOi.J9.x\nHost: a", "Authorization: ***\nHost: a"),
        ("curl -H 'Authorization: Bearer eyJhbGciOi.J9.x'", "curl -H 'Authorization: ***"),
        ('{"credentials": {"user": "ann", "key": "k}1"}, "n": 1', '{"credentials": ***, "n": 1'),
        ('{"tokens": ["a", "b"], "n": 1', '{"tokens": ***, "n": 1'),
        ('{"tokens": ["a", "b', '{"tokens": ***'),
        (r'{"body": "{\"password\": \"p4ss\", \"n\": 1}", "n": 1', r'{"body": "{\"password\": ***, \"n\": 1}", "n": 1'),
        (r'{"password": "p4\"ss", "n": 1', '{"password": ***, "n": 1'),
        ("token: " + "[" * 200_000, "token: ***"),
        ("", ""),
        ("7", "7"),
        ("a" * 200_000, "a" * 200_000),
        ("secret" + " " * 200_000, "secret" + " " * 200_000),
        ('"plain"', '"plain"'),
    ],
)
def test_a_message_that_is_no_json_is_shown_as_masked_text(desk: Desk, body: str, shown: str) -> None:
    """WR-11, SM-13: what has broken off, or never was JSON, is poison as it comes; its secrets stay secret all the same."""
    desk.bury("m1", body)
    assert desk.call("GET", "/workflow/dead-letters/m1").json["body"] == shown


def test_what_is_packed_into_texts_of_a_message_is_masked_too(desk: Desk) -> None:
    """SM-13: JSON inside of a string of JSON, as queues that are chained to each other make it, and lines of headers."""
    inner = {"password": "p4ss", "more": json.dumps([{"token": "t", "n": 1}]), "sku": "AB"}
    desk.bury(
        "m1", json.dumps({"Message": json.dumps(inner), "raw": "Cookie: a=b; c=d\nHost: x", "note": "[see below]"})
    )
    shown = desk.call("GET", "/workflow/dead-letters/m1").json["body"]
    within = json.loads(shown["Message"])
    assert (within["password"], within["sku"]) == ("***", "AB")
    assert json.loads(within["more"]) == [{"token": "***", "n": 1}]
    assert (shown["raw"], shown["note"]) == ("Cookie: ***\nHost: x", "[see below]")


def test_an_instance_is_shown_as_a_dead_letter(desk: Desk) -> None:
    """WH-14: why it failed and where; one that has not failed, or by its workflow's own will, is no dead letter."""
    instance_id = desk.fail()
    shown = desk.call("GET", f"/workflow/dead-letters/{instance_id}").json
    assert (shown["kind"], shown["state"], shown["reason"]["stepId"]) == ("instance", "dead", "a")
    terminated = desk.fail(errorPolicy="terminate")
    desk.bury("theirs", tenant="acme")
    for letter_id in (terminated, "theirs", "nothing"):
        answer = desk.call("GET", f"/workflow/dead-letters/{letter_id}")
        assert (answer.status, answer.json["code"]) == (404, "not_found")


def test_a_message_is_sent_again_once(desk: Desk) -> None:
    """WR-11: to the queue that it was sent to, for its tenant; noted with reason, person and time, and not listed any more."""
    desk.bury("m1", '{"id": "lab.Flow", "data": {"password": "p4ss"}}')
    answer = redrive(desk, ids=["m1"])
    assert answer["counts"] == {"redriven": 1, "notFound": 0, "conflict": 0, "failed": 0}
    assert sent(desk) == [{"id": "lab.Flow", "data": {"password": "p4ss"}}]
    assert listed(desk) == []
    shown = desk.call("GET", "/workflow/dead-letters/m1").json
    assert (shown["state"], shown["redrivenReason"], shown["redrivenBy"]) == ("redriven", "mended", "anonymous")
    again = redrive(desk, ids=["m1"])
    assert outcomes(again) == {"m1": "conflict"}
    assert sent(desk) == []


def test_an_instance_is_retried(desk: Desk) -> None:
    """WH-14: it goes on at the step that had failed; the history tells why; a second redrive is a conflict."""
    instance_id = desk.fail()
    assert outcomes(redrive(desk, ids=[instance_id])) == {instance_id: "redriven"}
    assert outcomes(redrive(desk, ids=[instance_id])) == {instance_id: "conflict"}
    desk.lab.work()
    seen = desk.lab.call("GET", f"/workflow/instance/{instance_id}").json
    assert seen["status"] == "COMPLETED"
    history = desk.lab.call("GET", f"/workflow/instance/{instance_id}/history").json["history"]
    assert ("retry", "mended") in [(entry.get("action"), entry.get("reason")) for entry in history]
    assert listed(desk) == []


def test_each_one_has_its_outcome(desk: Desk) -> None:
    """WR-11: what cannot be redriven stops no other, and says what to do."""
    dead, terminated = desk.fail(), desk.fail(errorPolicy="terminate")
    desk.bury("m1")
    desk.bury("broken", '{"id": ')
    desk.bury("theirs", tenant="acme")
    answer = redrive(desk, ids=["m1", "broken", "theirs", "nothing", dead, terminated, "m1"])
    assert answer["counts"] == {"redriven": 2, "notFound": 2, "conflict": 1, "failed": 1}
    assert outcomes(answer) == {
        "m1": "redriven",
        "broken": "failed",
        "theirs": "notFound",
        "nothing": "notFound",
        dead: "redriven",
        terminated: "conflict",
    }
    messages = {detail["id"]: detail.get("message", "") for detail in answer["details"]}
    assert "no JSON object" in messages["broken"]
    assert f"reactory instance retry {terminated}" in messages[terminated]
    assert listed(desk) == ["broken", dead]


def test_a_filter_redrives_all_that_it_selects(desk: Desk) -> None:
    """WR-11: in portions, each with the cursor of the next; what fails is not tried in circles."""
    for number in range(103):
        desk.bury(f"m{number:03d}", "[]" if number == 50 else "{}")
    desk.bury("event", queue="events")
    first = redrive(desk, filter={"queue": "triggers"})
    assert (first["counts"]["redriven"], first["counts"]["failed"]) == (99, 1)
    last = redrive(desk, filter={"queue": "triggers"}, cursor=first["nextCursor"])
    assert (last["counts"]["redriven"], last["nextCursor"]) == (3, None)
    assert sorted(listed(desk)) == ["event", "m050"]


def test_a_dry_run_changes_nothing(desk: Desk) -> None:
    """WR-11: it counts what would be redriven, instances and messages."""
    instance_id = desk.fail()
    desk.bury("m1")
    desk.bury("broken", "no json")
    answer = redrive(desk, ids=["m1", "broken", instance_id], dryRun=True)
    assert (answer["dryRun"], answer["counts"]["redriven"], answer["counts"]["failed"]) == (True, 2, 1)
    assert (sent(desk), sorted(listed(desk))) == ([], sorted(["m1", "broken", instance_id]))


def test_a_queue_that_is_away_leaves_the_message_dead(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """WR-11: what could not be sent is not noted as sent."""

    def away(*_: object) -> None:
        raise QueueUnavailableError("the queue is away")

    desk.bury("m1")
    monkeypatch.setattr(desk.lab.queue, "send", away)
    (detail,) = redrive(desk, ids=["m1"])["details"]
    assert (detail["outcome"], detail["code"]) == ("failed", "queue_unavailable")
    assert listed(desk) == ["m1"]


def test_a_message_that_was_sent_and_not_noted_says_so(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """WR-11: sent first and noted then; whoever tries again knows that it may come twice."""

    def away(*_: object) -> None:
        raise StoreUnavailableError("no primary")

    desk.bury("m1")
    monkeypatch.setattr(desk.lab.dead_letters, "redriven", away)
    (detail,) = redrive(desk, ids=["m1"])["details"]
    assert detail["outcome"] == "failed"
    assert "was sent again" in detail["message"]
    assert (len(sent(desk)), listed(desk)) == (1, ["m1"])


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ({"ids": ["m1"]}, "reason"),
        ({"ids": ["m1"], "reason": "  "}, "reason"),
        ({"ids": ["m1"], "reason": "x" * 1001}, "reason"),
        ({"reason": "r"}, "ids, filter"),
        ({"reason": "r", "ids": ["m1"], "filter": {"kind": "message"}}, "ids, filter"),
        ({"reason": "r", "ids": []}, "ids"),
        ({"reason": "r", "ids": ["m1"] * 101}, "ids"),
        ({"reason": "r", "ids": ["m1"], "cursor": "m.m1"}, "cursor"),
        ({"reason": "r", "filter": {}}, "filter"),
        ({"reason": "r", "filter": {"queue": "nowhere"}}, "queue"),
        ({"reason": "r", "filter": {"since": "soon"}}, "since"),
        ({"reason": "r", "filter": {"kind": "letter"}}, "kind"),
        ({"reason": "r", "filter": {"status": "dead"}}, "status"),
    ],
)
def test_a_wrong_redrive_does_nothing(desk: Desk, body: dict[str, Any], named: str) -> None:
    """WR-16: the answer names what is wrong, and nothing was sent."""
    desk.bury("m1")
    answer = desk.call("POST", REDRIVE, body)
    assert answer.status == 400
    assert named in answer.json["message"]
    assert (sent(desk), listed(desk)) == ([], ["m1"])
