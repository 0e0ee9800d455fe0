"""What is in a dead-letter queue of the running stack is kept, seen, and sent on its way again."""

from __future__ import annotations

from reactory.ports.queue import Message
from tests.e2e.api import Api, until


def redrives(api: Api, name: str) -> None:
    """A trigger of a workflow that nobody knew has died; once it is registered, the redrive starts it.

    The message is put where it ends after five attempts: those take half a minute here.
    """
    trigger = {"workflowId": f"plant.{name}", "correlationId": f"cart-{name}", "data": {}}
    api.stack.queue.send("triggers-dead", [Message(trigger)])
    letters = until(lambda: api.get("/workflow/dead-letters", queue="triggers")["deadLetters"], bool)
    assert [(letter["kind"], letter["queue"]) for letter in letters] == [("message", "triggers")]
    path = f"/workflow/dead-letters/{letters[0]['id']}"
    assert api.get(path)["body"] == trigger
    assert api.get("/workflow/status")["errors"]["deadLetters"]["messages"] == 1
    say = {"id": "say", "type": "log", "config": {"message": "hello"}}
    document = {"nameSpace": "plant", "name": name, "version": "1.0.0", "steps": [say]}
    assert api.post("/workflow/workflows", document).status_code == 201
    asked = {"filter": {"kind": "message"}, "reason": "it is registered now"}
    assert api.post("/workflow/dead-letters/redrive", asked).json()["counts"]["redriven"] == 1
    instances = until(lambda: api.get("/workflow/instances", search=f"cart-{name}")["instances"], bool)
    assert api.finished(instances[0]["instanceId"])["status"] == "COMPLETED"
    assert api.get(path)["state"] == "redriven"
    assert api.get("/workflow/dead-letters")["deadLetters"] == []


def test_a_dead_message_is_sent_again(api: Api) -> None:
    """WR-11: it is taken out of its dead-letter queue by itself, listed, and starts its instance after the redrive."""
    redrives(api, "Late")


def test_circuits_and_errors_are_told(api: Api) -> None:
    """EH-13, CB-7: both lists answer in the running stack, empty as long as nothing has gone wrong."""
    assert api.get("/workflow/circuits") == {"circuits": [], "nextCursor": None}
    assert api.get("/workflow/errors", workflowId="plant.None")["errors"] == []
