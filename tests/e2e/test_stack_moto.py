"""``reactory dev --aws moto``: the same stack with the boto3 adapters, its queues and bus in moto."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from reactory.local.options import DevOptions
from reactory.local.output import Quiet
from reactory.local.stack import LocalStack
from reactory.ports.queue import Message
from tests.e2e.api import Api, succeeded, until
from tests.e2e.conftest import MODULES
from tests.e2e.test_stack_dead_letters import redrives
from tests.e2e.test_stack_orders import order


@pytest.fixture(scope="module")
def api(mongo_uri: str, database_name: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    options = DevOptions(
        port=0,
        modules=MODULES,
        data=tmp_path_factory.mktemp("stack") / "data",
        mongodb_uri=mongo_uri,
        database=database_name,
        aws="moto",
        reload=False,
        environ={"REACTORY_BLOBS": "s3"},
    )
    with LocalStack(options, output=Quiet()) as stack, Api(stack) as client:
        yield client


def test_an_order_is_fulfilled_through_aws_services(api: Api) -> None:
    """WR-12, WH-7: retries and delays travel as delayed messages of SQS, the order ends as with the memory adapters."""
    seen = api.finished(api.start("acme-orders.Fulfil", order("order-1001")))
    assert seen["status"] == "COMPLETED", seen["reason"]
    assert seen["outputs"]["status"] == "shipped"
    done = succeeded(api.history(seen["instanceId"]))
    assert len(done) == len(set(done))


def test_a_trigger_message_is_taken_from_its_queue(api: Api) -> None:
    """IM-4: a message in the triggers queue becomes an instance that completes."""
    body = {"workflowId": "plant.Greet", "data": {"name": "Ada"}, "src": "shop", "correlationId": "cart-9"}
    api.stack.queue.send("triggers", [Message(body)])
    found = until(lambda: api.get("/workflow/instances", search="cart-9")["instances"], bool)
    seen = api.finished(found[0]["instanceId"])
    assert (seen["trigger"]["mode"], seen["outputs"]["text"]) == ("event", "Hello Ada")


def test_a_dead_message_is_sent_again(api: Api) -> None:
    """WR-11: the same through SQS."""
    redrives(api, "Mended")


def test_large_payloads_go_to_the_bucket(api: Api) -> None:
    """WR-15: what is too large for the document is in S3, and comes back over HTTP as it went."""
    seen = api.finished(api.start("plant.Large", {"text": "x" * 150_000, "size": 150_000}))
    assert (seen["outputs"]["given"], len(seen["outputs"]["text"])) == (150_000, 150_000)
    assert len(seen["input"]["text"]) == 150_000
