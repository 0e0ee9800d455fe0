"""The workflows that a module starts by itself: once per version of the module, however often it is registered (WR-14)."""

from __future__ import annotations

from reactory.host.definitions import Definitions
from reactory.runner.request import Started
from reactory.runner.services import Services
from reactory.runner.start import StartWorkflow
from reactory.steps.manifest import AutoStart, Manifest
from reactory.steps.modules import Modules


class AutoStarts:
    """Every container, process and deployment asks for the same instances: the key makes them one each."""

    def __init__(self, services: Services, modules: Modules, tenant: str) -> None:
        self._start = StartWorkflow(services, Definitions(services.definitions, modules.registry.names()))
        self._tenant = tenant

    def start(self, manifest: Manifest, entry: str | AutoStart) -> Started:
        """Start one workflow of a module's ``autoStart``, or find what was started before. Raises what a start raises."""
        wanted = AutoStart(entry) if isinstance(entry, str) else entry
        module = f"{manifest.id}@{manifest.version}"
        return self._start.start_workflow(
            wanted.workflow,
            data=wanted.input,
            mode="autostart",
            trigger_id=module,
            caller=manifest.id,
            idempotency_key=f"autostart:{module}:{wanted.workflow}",
            tenant=self._tenant,
        )
