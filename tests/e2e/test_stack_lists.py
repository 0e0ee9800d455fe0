"""Lists over HTTP: filters, sort, pages by cursor."""

from __future__ import annotations

from typing import Any

import pytest

from tests.e2e.api import Api

COUNT = 7


@pytest.fixture(scope="module")
def ids(api: Api) -> list[str]:
    """Finished instances, in the order of their start; every second one tagged ``even``."""
    started = [
        api.start("plant.Greet", {"name": f"guest-{number}"}, tags=["all", *(["even"] if number % 2 == 0 else [])])
        for number in range(COUNT)
    ]
    for instance_id in started:
        assert api.finished(instance_id)["status"] == "COMPLETED"
    return started


def listed(page: dict[str, Any]) -> list[str]:
    return [instance["instanceId"] for instance in page["instances"]]


def test_pages_follow_each_other_by_cursor(api: Api, ids: list[str]) -> None:
    """WR-9: every instance is on one page, the newest first; a start in between moves none to another page."""
    query = {"tag": "all", "limit": "3"}
    page = api.get("/workflow/instances", **query)
    assert page["total"] == COUNT
    found = listed(page)
    api.start("plant.Greet", {"name": "late"}, tags=["all", "late"])
    while page["nextCursor"]:
        page = api.get("/workflow/instances", cursor=page["nextCursor"], **query)
        found += listed(page)
    assert found == list(reversed(ids))


def test_the_oldest_come_first_on_request(api: Api, ids: list[str]) -> None:
    """WR-9: ``sort=createdAt`` turns the order around."""
    page = api.get("/workflow/instances", tag="all", sort="createdAt", limit=str(COUNT))
    assert listed(page) == ids


def test_filters_narrow_the_list(api: Api, ids: list[str]) -> None:
    """WR-9: status, workflow, version, tag, search and time each select, together all must hold."""

    def total(**query: str) -> int:
        count: int = api.get("/workflow/instances", **query)["total"]
        return count

    middle = api.see(ids[3])["createdAt"]
    assert total(tag="even") == 4
    assert total(tag="even", status="COMPLETED", workflowId="plant.Greet", version="1.0.0") == 4
    assert total(tag="even", workflowId="plant.Greet@1.0.0") == 4
    assert total(tag="even", status="FAILED,CANCELLED") == 0
    assert total(workflowId="plant.Nap") == 0
    assert total(search=ids[3]) == 1
    assert total(tag="even", createdBefore=middle) == 2
    assert total(tag="even", createdAfter=middle) == 2
    assert total(tag="nobody") == 0


@pytest.mark.parametrize(
    "query", [{"limit": "0"}, {"limit": "many"}, {"status": "DONE"}, {"cursor": "?"}, {"sort": "name"}, {"colour": "1"}]
)
def test_a_wrong_filter_is_named(api: Api, query: dict[str, str]) -> None:
    """WR-16: a filter that cannot be understood is 400 and named, rather than ignored."""
    response = api.http.get("/workflow/instances", params=query)
    assert response.status_code == 400
    assert next(iter(query)) in response.json()["message"]
