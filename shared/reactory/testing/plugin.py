"""The pytest plugin: one fixture, a fresh engine in memory for each test."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from reactory.testing.tester import WorkflowTester


@pytest.fixture
def reactory() -> Iterator[WorkflowTester]:
    """Runs workflows in this process. A failure that was asked for with ``fail_step`` and never came fails the test."""
    from reactory.testing.tester import WorkflowTester

    with WorkflowTester() as tester:
        yield tester
    if tester.unused_failures:
        pytest.fail(
            f"fail_step was told of {', '.join(tester.unused_failures)}, but no such step ran: check the id or path"
        )
