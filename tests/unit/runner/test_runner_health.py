"""Health and status: what they count, and that a broken part is an answer."""

from __future__ import annotations

from reactory.adapters.memory.instances import MemoryInstances
from reactory.exceptions import StoreUnavailableError
from reactory.runner.health import OVERDUE_MS, check_health
from reactory.runner.status import system_status
from tests.unit.runner.lab import Lab, flow


class BrokenInstances(MemoryInstances):
    """A store whose pings fail as they are told to."""

    failure: Exception | None = None
    latency = 1.0

    def ping(self) -> float:
        if self.failure is not None:
            raise self.failure
        return self.latency


def test_all_well(lab: Lab) -> None:
    """OB-6: healthy, with every component."""
    health = check_health(lab.runner.services)
    assert health.status == "healthy"
    assert {component.status for component in health.components.values()} == {"healthy"}


def test_a_store_that_is_down_is_an_answer(lab: Lab) -> None:
    """OB-6: the health check does not throw: the component says what is wrong, and no stranger's words leak."""
    instances = BrokenInstances(lab.clock)
    services = lab.make_runner(instances=instances).services
    instances.failure = StoreUnavailableError("no primary")
    assert check_health(services).components["persistence"].message == "no primary"
    instances.failure = RuntimeError("password=hunter2")
    health = check_health(services)
    assert health.status == "unhealthy"
    assert "hunter2" not in health.components["persistence"].message


def test_a_slow_store_is_degraded(lab: Lab) -> None:
    """OB-6: a store that answers slowly is neither healthy nor down."""
    instances = BrokenInstances(lab.clock)
    instances.latency = 1500.0
    assert check_health(lab.make_runner(instances=instances).services).status == "degraded"


def test_work_that_nobody_takes_is_degraded(lab: Lab) -> None:
    """OB-6: instances that stay due show that no worker comes."""
    lab.register(flow())
    lab.runner.start.start_workflow("lab.Flow")
    assert check_health(lab.runner.services).status == "healthy"
    lab.clock.advance(OVERDUE_MS + 1000)
    assert check_health(lab.runner.services).components["poll"].status == "degraded"


def test_the_status_counts(lab: Lab) -> None:
    """WR-10: instances by status, active and finished; workflows and versions."""
    lab.register(flow())
    lab.register(flow(version="1.1.0"))
    for _ in range(2):
        lab.runner.start.start_workflow("lab.Flow")
    lab.work()
    lab.runner.start.start_workflow("lab.Flow")
    status = system_status(lab.runner.services)
    assert (status.instances.total, status.instances.active, status.instances.finished) == (3, 1, 2)
    assert status.instances.by_status["COMPLETED"] == 2
    assert (status.definitions.workflows, status.definitions.versions) == (1, 2)
