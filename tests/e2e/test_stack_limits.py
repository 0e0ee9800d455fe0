"""Rate limits of a running stack: its containers are processes of their own, and count together."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from reactory.local.options import DevOptions
from reactory.local.output import Quiet
from reactory.local.stack import LocalStack
from tests.e2e.api import Api
from tests.e2e.conftest import MODULES

LIMIT = 5


@pytest.fixture(params=["memory", "moto"])
def api(request: pytest.FixtureRequest, mongo_uri: str, database_name: str, tmp_path: Path) -> Iterator[Api]:
    options = DevOptions(
        port=0,
        modules=MODULES,
        data=tmp_path / "data",
        mongodb_uri=mongo_uri,
        database=f"{database_name}_{request.param}",
        aws=request.param,
        reload=False,
        environ={"REACTORY_RATE_LIMITS": f'{{"general": null, "start": {{"limit": {LIMIT}, "per": 86400}}}}'},
    )
    with LocalStack(options, output=Quiet()) as stack, Api(stack) as client:
        yield client


def test_all_containers_keep_one_limit(api: Api) -> None:
    """WR-7, CB-6: of many starts at once, in several containers, as many pass as the limit allows."""
    with ThreadPoolExecutor(8) as clients:
        answers = list(
            clients.map(lambda _: api.post("/workflow/start/plant.Greet", {"name": "Ada"}), range(4 * LIMIT))
        )
    refused = [answer for answer in answers if answer.status_code != 201]
    assert len(answers) - len(refused) == LIMIT
    assert {answer.status_code for answer in refused} == {429}
    assert all(int(answer.headers["retry-after"]) > 3_600 for answer in refused)
    assert api.get("/workflow/instances")["total"] == LIMIT
