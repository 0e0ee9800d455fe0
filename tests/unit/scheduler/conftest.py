"""A lab for each test, and as many more as it makes."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.unit.scheduler.lab import Make, SchedulerLab


@pytest.fixture
def make() -> Iterator[Make]:
    made: list[SchedulerLab] = []

    def lab() -> SchedulerLab:
        made.append(SchedulerLab())
        return made[-1]

    yield lab
    for one in made:
        one.close()


@pytest.fixture
def lab(make: Make) -> SchedulerLab:
    return make()
