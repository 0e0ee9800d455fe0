"""Poison from the queue where it dies to the redrive that sends it back, through the handlers of the topology."""

from __future__ import annotations

import json

from reactory.ports.queue import Message
from tests.integration.handlers.canonical import canonical
from tests.integration.handlers.deployment import CONSUMER_OF, Deployment

REDRIVE = "/workflow/dead-letters/redrive"


def die(deployment: Deployment, queue: str, body: dict[str, object]) -> str:
    """Send it, let it fail as often as it may, and let its dead-letter queue be emptied; its id."""
    (limit,) = (spec.max_receives for spec in CONSUMER_OF[queue].queues if spec.name == queue)
    deployment.ports.queue.send(queue, [Message(body)])
    for _ in range(limit):
        assert [json.loads(failed) for failed in deployment.deliver(queue, wait=1.0)] == [body]
    assert deployment.deliver(queue) == []
    assert deployment.deliver(f"{queue}-dead", wait=1.0) == []
    (letter,) = deployment.request("GET", "/workflow/dead-letters", query={"queue": queue}).body["deadLetters"]
    return str(letter["id"])


def test_poison_is_kept_mended_and_sent_again(deployment: Deployment) -> None:
    """WR-11: a trigger of a workflow that nobody has registered dies, is listed, and starts its instance once it is sent
    again after the workflow was registered.
    """
    letter_id = die(deployment, "triggers", {"id": "plant.Late", "data": {"token": "t-1"}})
    assert deployment.depth("triggers-dead").visible == 0
    shown = deployment.request("GET", f"/workflow/dead-letters/{letter_id}").body
    assert (shown["queue"], shown["body"]) == ("triggers", {"id": "plant.Late", "data": {"token": "***"}})
    assert deployment.request("GET", "/workflow/status").body["errors"]["deadLetters"]["messages"] == 1
    deployment.register({"id": "say", "type": "log", "config": {"message": "hello"}}, name="Late")
    asked = {"ids": [letter_id], "reason": "the workflow is registered now"}
    answer = deployment.request("POST", REDRIVE, body=asked)
    assert (answer.status, answer.body["counts"]["redriven"]) == (200, 1)
    deployment.cold_start()
    assert deployment.deliver("triggers", wait=1.0) == []
    (instance,) = deployment.request("GET", "/workflow/instances").body["instances"]
    assert instance["workflowId"] == "plant.Late"
    assert deployment.request("GET", "/workflow/dead-letters").body["deadLetters"] == []


def test_poison_that_dies_again_is_listed_again(deployment: Deployment) -> None:
    """WR-11: sending it again mends nothing by itself; it ends where it was, and nothing goes round by itself."""
    first = die(deployment, "events", {"no": "name"})
    assert deployment.request("POST", REDRIVE, body={"ids": [first], "reason": "again"}).status == 200
    assert deployment.lose("events") == 1
    assert die(deployment, "events", {"no": "name"})


def test_the_canonical_dead_letter_is_shown(deployment: Deployment) -> None:
    """WR-11: what SQS tells about a dead message is there; a second delivery of it changes nothing."""
    event = canonical("sqs/dead-letters")
    for _ in range(2):
        assert deployment.invoke("errors-dead-letters", event) == {"batchItemFailures": []}
    (record,) = event["Records"]
    shown = deployment.request("GET", f"/workflow/dead-letters/{record['messageId']}").body
    assert (shown["queue"], shown["body"], shown["receives"]) == ("triggers", record["body"], 6)
    assert shown["sentAt"] == "2026-01-01T00:00:00.011Z"
    answer = deployment.request("POST", REDRIVE, body={"ids": [record["messageId"]], "reason": "try"})
    assert answer.body["details"][0]["outcome"] == "failed"
