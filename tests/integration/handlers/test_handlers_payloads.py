"""Large payloads: out of the document, in the blob store, and nobody notices (WR-15)."""

from __future__ import annotations

from typing import Any

from bson import encode
from pymongo.database import Database

from tests.integration.handlers.deployment import Deployment

LARGE = 200_000


def test_large_payloads_are_kept_out_of_line(deployment: Deployment, clean_database: Database[dict[str, Any]]) -> None:
    """WR-15: input and results over the inline limit leave the document; steps, outputs and API see them whole."""
    instance_id = deployment.start("plant.Large", {"text": "x" * LARGE, "size": LARGE})
    seen = deployment.run(instance_id)
    assert seen["status"] == "COMPLETED", seen["reason"]
    assert (seen["outputs"]["given"], seen["outputs"]["grown"]) == (LARGE, LARGE)
    assert len(seen["outputs"]["text"]) == LARGE
    assert seen["input"]["text"] == "x" * LARGE
    document = clean_database["instances"].find_one({"_id": instance_id})
    assert document is not None
    assert len(encode(document)) < LARGE // 4
    assert len(deployment.history(instance_id)[-1]) > 0
    assert deployment.ports.blobs.delete_prefix(f"{instance_id}/") >= 2


def test_the_blob_of_an_input_is_written_before_the_instance(deployment: Deployment) -> None:
    """WR-15, WR-13: the repetition of a large start finds the same instance and the same blob."""
    body = {"text": "y" * LARGE, "size": 1}
    first = deployment.start("plant.Large", body, **{"idempotency-key": "large"})
    assert deployment.start("plant.Large", body, **{"idempotency-key": "large"}) == first
    assert deployment.ports.blobs.delete_prefix(f"{first}/") == 1


def test_a_request_over_the_limit_is_refused(deployment: Deployment) -> None:
    """WR-15: over the request limit the answer is 413, and nothing is stored or sent."""
    limit = deployment.ports.settings.request_limit
    refused = deployment.request("POST", "/workflow/start/plant.Large", body={"text": "x" * limit, "size": 1})
    assert (refused.status, refused.body["code"]) == (413, "payload_too_large")
    assert deployment.request("GET", "/workflow/instances").body["total"] == 0
    assert deployment.depth("wakeups-normal").visible == 0
