"""The example module on the whole stack, over HTTP: orders go in, parcels come out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.api import Api, succeeded

ORDERS = Path(__file__).parents[2] / "workflows" / "acme-orders" / "orders"
START = "/workflow/start/acme-orders.Fulfil"


def order(name: str) -> dict[str, Any]:
    data: dict[str, Any] = json.loads((ORDERS / f"{name}.json").read_text(encoding="utf-8"))
    return data


def test_an_order_is_fulfilled(api: Api) -> None:
    """IM-1, WH-5, WH-8: a real order is checked, reserved line by line, paid at the third attempt, shipped."""
    data = order("order-1001")
    seen = api.finished(api.start("acme-orders.Fulfil", data))
    assert seen["status"] == "COMPLETED", seen["reason"]
    outputs = seen["outputs"]
    assert (outputs["orderId"], outputs["status"]) == (data["orderId"], "shipped")
    assert outputs["total"] == sum(line["quantity"] * line["unitPrice"] for line in data["lines"])
    assert [found["sku"] for found in outputs["reservations"]] == [line["sku"] for line in data["lines"]]
    history = api.history(seen["instanceId"])
    done = succeeded(history)
    assert len(done) == len(set(done)), "a finished step ran again"
    assert [entry["attempt"] for entry in history if entry["event"] == "step_failed"] == [1, 2]
    assert done.index("charge") < done.index("book_parcel") < done.index("tell_customer/notify")


def test_a_waiting_client_gets_the_result(api: Api) -> None:
    """IM-2: with ``wait`` the answer is 200 and the result, once the instance has finished in time."""
    response = api.post("/workflow/start/acme-orders.QuoteShipping", quote(), wait="20")
    answer = response.json()
    assert response.status_code == 200, answer
    assert answer["status"] == "COMPLETED"
    assert answer["result"] == api.see(answer["instanceId"])["outputs"]


def test_a_client_that_waits_too_short_gets_the_id(api: Api) -> None:
    """IM-2: when the time is up the answer is 202 with the id, and the instance goes on."""
    response = api.post(START, order("order-1003"), wait="0.05")
    assert response.status_code == 202, response.text
    instance_id = response.json()["instanceId"]
    assert response.headers["location"] == f"/workflow/instance/{instance_id}"
    assert api.finished(instance_id)["status"] == "COMPLETED"


@pytest.mark.parametrize(("field", "value"), [("orderId", "1001"), ("lines", "none"), ("currency", "XXX")])
def test_a_wrong_order_is_not_started(api: Api, field: str, value: str) -> None:
    """YF-2: an input against its declaration is 400, names the field, and creates nothing."""
    before = api.get("/workflow/instances", workflowId="acme-orders.Fulfil")["total"]
    response = api.post(START, order("order-1001") | {field: value})
    assert response.status_code == 400
    assert field in response.json()["message"]
    assert api.get("/workflow/instances", workflowId="acme-orders.Fulfil")["total"] == before


def quote() -> dict[str, Any]:
    data = order("order-1001")
    return {"lines": data["lines"], "country": data["customer"]["country"]}
