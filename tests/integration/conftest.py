"""What the integration tests of the handlers share: a lab over memory adapters."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.unit.runner.lab import Lab


@pytest.fixture
def lab() -> Iterator[Lab]:
    made = Lab()
    yield made
    made.close()
