"""A local stack for each module of tests, with the example module and the tests' own, on a database of its own."""

from __future__ import annotations

import os
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest

from reactory.local.options import DevOptions
from reactory.local.output import Quiet
from reactory.local.stack import LocalStack
from tests.e2e.api import Api

ROOT = Path(__file__).parents[2]
MODULES = (ROOT / "workflows", ROOT / "tests" / "modules")
_NUMBERS = count(1)


@pytest.fixture(scope="module")
def database_name() -> str:
    return f"e2e_{os.getpid()}_{next(_NUMBERS)}"


@pytest.fixture(scope="module")
def api(mongo_uri: str, database_name: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    options = DevOptions(
        port=0,
        modules=MODULES,
        data=tmp_path_factory.mktemp("stack") / "data",
        mongodb_uri=mongo_uri,
        database=database_name,
        reload=False,
    )
    with LocalStack(options, output=Quiet()) as stack, Api(stack) as client:
        yield client
