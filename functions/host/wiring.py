"""The host's services of this process, made at the first invocation and kept for the later ones."""

from __future__ import annotations

from functools import cache

from reactory.host.services import Limits, Services
from reactory.host.worker import Worker


@cache
def services() -> Services:
    from reactory.bootstrap import app
    from reactory.host.definitions import Definitions
    from reactory.runner.children import child_starter
    from reactory.runner.start import StartWorkflow
    from reactory.steps.builtin import BuiltinServices, builtin_steps
    from reactory.steps.modules import load_modules

    ports = app()
    settings = ports.settings
    modules = load_modules(settings.modules)
    steps = modules.registry
    steps.add_builtin(builtin_steps(BuiltinServices.of(settings, ports.records, ports.clock, modules.services)))
    definitions = Definitions(ports.definitions, steps.names())
    limits = Limits(
        lease_ms=settings.lease_ms,
        heartbeat_ms=settings.heartbeat_ms,
        step_timeout_ms=settings.step_timeout_ms,
        inline_limit=settings.inline_limit,
        step_threads=settings.step_threads,
    )
    return Services(
        instances=ports.instances,
        definitions=definitions,
        blobs=ports.blobs,
        queue=ports.queue,
        bus=ports.bus,
        clock=ports.clock,
        ids=ports.ids,
        steps=steps,
        events=ports.events,
        tasks=ports.tasks,
        results=ports.results,
        errors=ports.errors,
        durations=ports.durations,
        breakers=ports.breakers,
        buckets=ports.buckets,
        slots=ports.slots,
        starter=child_starter(StartWorkflow(ports, definitions)),
        env=settings.env,
        limits=limits,
    )


@cache
def worker() -> Worker:
    """The worker, which hands its instances on when the process is told to end (WH-26)."""
    import signal
    import threading
    from types import FrameType

    made = Worker(services())
    if threading.current_thread() is threading.main_thread():
        previous = signal.getsignal(signal.SIGTERM)

        def on_sigterm(number: int, frame: FrameType | None) -> None:
            made.drain()
            if callable(previous):
                previous(number, frame)

        signal.signal(signal.SIGTERM, on_sigterm)
    return made
