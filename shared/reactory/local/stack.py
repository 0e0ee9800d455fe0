"""The whole stack on this machine, composed: database, services, containers, pollers, rules, front.

``LocalStack`` is for tests, benchmarks and the demo, ``run_dev`` for the command line. One process is the parent of all:
when it dies, however it dies, nothing is left running.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

import msgspec

from reactory.exceptions import StartupError
from reactory.local.containers_environ import containers_environ
from reactory.local.data_folder import DataFolder
from reactory.local.foreground import run_in_foreground
from reactory.local.frames import Fault, Setup
from reactory.local.front import Front
from reactory.local.modules import find_modules
from reactory.local.options import DevOptions
from reactory.local.output import Output
from reactory.local.parts import Database, Parts
from reactory.local.poller import Poller
from reactory.local.pool import Pool
from reactory.local.prepare import Prepared
from reactory.local.process import Answer, Container, Failed, Launch, Outcome
from reactory.local.routes import Routes
from reactory.local.rules import RuleClock
from reactory.local.services import Services, start_services
from reactory.local.watcher import Watcher
from reactory.ports.bus import Bus
from reactory.ports.queue import Queue, Receiver
from reactory.topology import FunctionSpec, sources

PREPARE_SECONDS = 60.0
PREPARE_MEMORY = 512
WORKER = "host-worker"

__all__ = ["DevOptions", "LocalStack", "Parts", "run_dev"]


@dataclass(slots=True)
class _Running:
    """What was started, so that a stop finds it, whole or half."""

    folder: DataFolder | None = None
    database: Database | None = None
    services: Services | None = None
    front: Front | None = None
    watcher: Watcher | None = None
    preparing: Container | None = None
    pools: dict[str, Pool] = field(default_factory=dict)
    pollers: list[Poller] = field(default_factory=list)
    rules: list[RuleClock] = field(default_factory=list)


class LocalStack:
    """``with LocalStack(options) as stack`` runs it on threads of this process; its containers are child processes."""

    def __init__(self, options: DevOptions, parts: Parts | None = None, output: Output | None = None) -> None:
        self.options = options
        self.prepared = Prepared()
        self._parts = parts or Parts()
        self._output = output or Output()
        self._running = _Running()
        self._modules: list[Path] = []
        self._broken: frozenset[str] = frozenset()
        self._uri = ""
        self._environ: dict[str, str] = {}

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    # What a test or a demo asks.

    @property
    def url(self) -> str:
        assert self._running.front, "the stack is not started"
        return self._running.front.url

    @property
    def mongodb_uri(self) -> str:
        return self._uri

    @property
    def mongod(self) -> Database | None:
        """The database server that this stack started, if it did."""
        return self._running.database

    @property
    def services(self) -> Services:
        assert self._running.services, "the stack is not started"
        return self._running.services

    @property
    def queue(self) -> Queue:
        return self.services.queue

    @property
    def receiver(self) -> Receiver:
        return self.services.receiver

    @property
    def bus(self) -> Bus:
        """A ``MemoryBus`` in the memory mode: it knows what was published."""
        return self.services.bus

    @property
    def data(self) -> Path | None:
        return self._running.folder.path if self._running.folder else None

    def invoke(self, function: str, event: object) -> Outcome:
        """Invoke a function with an event, as its trigger would."""
        return self._running.pools[function].invoke(event)

    def pids(self, function: str = WORKER) -> list[int]:
        """Process ids of a function's containers."""
        return self._running.pools[function].pids()

    def kill_worker(self, function: str = WORKER) -> int | None:
        """SIGKILL one of a function's containers, a busy one if there is any; its process id."""
        return self._running.pools[function].kill_one()

    # Start and stop.

    def start(self) -> None:
        """Everything, or nothing and a ReactoryError that says what is in the way."""
        try:
            self._start()
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """In order: let requests finish, receive no more, let containers finish, then the database. Idempotent."""
        running = self._running
        if running.front and not running.front.close(self.options.grace):
            self._output.say("Some requests did not finish in time.")
        for looping in (running.watcher, *running.rules, *running.pollers):
            if looping:
                looping.close()
        if running.services:
            running.services.wake()
        if running.preparing:
            running.preparing.kill()
        self._drain(running.pools.values())
        for looping in (running.watcher, *running.rules, *running.pollers):
            if looping:
                looping.join()
        if running.services:
            running.services.close()
        if running.database:
            running.database.stop()
        if running.folder:
            running.folder.release()
        self._running = _Running()

    def kill(self) -> None:
        """At once, in no order: what a second Ctrl-C asks for. State is safe, as after any crash."""
        if self._running.preparing:
            self._running.preparing.kill()
        for pool in self._running.pools.values():
            pool.kill()
        if self._running.database:
            self._running.database.kill()

    def _start(self) -> None:
        running = self._running
        self._modules = find_modules(self.options.modules)
        functions = self._parts.functions
        routes = Routes(functions, self._parts.default_function)
        running.front = Front(self.options.host, self.options.port, routes, self.invoke)
        running.services = start_services(self.options.aws, functions, os.environ)
        self._uri = self._start_database()
        self._environ = containers_environ(
            {**os.environ, **self.options.environ},
            uri=self._uri,
            database=self.options.database,
            modules=self._modules,
            aws=running.services.environ,
        )
        running.pools = {function.name: self._pool(function) for function in functions}
        self._warm()
        self.prepared = self._prepare(schema=True)
        self._broken = frozenset(broken.folder for broken in self.prepared.broken)
        self._serve(functions)

    def _start_database(self) -> str:
        uri = self.options.mongodb_uri or os.environ.get("MONGODB_URI")
        if uri:
            if self.options.fresh:
                raise StartupError(
                    "--fresh empties the data folder only. Drop the database behind MONGODB_URI yourself."
                )
            return uri
        folder = DataFolder(self.options.data)
        folder.take(fresh=self.options.fresh)
        self._running.folder = folder
        self._running.database = self._parts.database(folder)
        return self._running.database.uri

    def _serve(self, functions: Sequence[FunctionSpec]) -> None:
        running = self._running
        for function in functions:
            pool = running.pools[function.name]
            if sources(function):
                running.pollers.append(
                    Poller(function, self.receiver, pool.invoke, slots=pool.ceiling, line=self._output.line)
                )
            if function.rule:
                running.rules.append(RuleClock(function, pool.invoke))
        if self.options.reload and self._modules:
            running.watcher = Watcher(self._modules, self._reload)
            running.watcher.start()
        for poller in running.pollers:
            poller.start()
        for rule in running.rules:
            rule.start()
        assert running.front
        running.front.start()

    def _launch(self, setup: Setup) -> Launch:
        environ = {
            **self._environ,
            "AWS_LAMBDA_FUNCTION_NAME": setup.function,
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(setup.memory),
        }
        return Launch(setup, environ, self.queue, self.bus, self.services.counters, self._output.line)

    def _setup(self, function: str, handler: str, memory: int) -> Setup:
        return Setup(function, handler, memory, self._parts.wiring or self.services.wiring)

    def _pool(self, function: FunctionSpec) -> Pool:
        launch = self._launch(self._setup(function.name, function.handler, function.memory))
        return Pool(launch, ceiling=self._ceiling(function), timeout=function.timeout)

    def _ceiling(self, function: FunctionSpec) -> int:
        if function.name in self._parts.ceilings:
            return self._parts.ceilings[function.name]
        if function.name == WORKER:
            return self.options.workers
        return self.options.api_containers if function.routes else 1

    def _warm(self) -> None:
        """Those that will be asked first import their handlers while the database is made ready."""
        for name in (self._parts.default_function, WORKER):
            if name in self._running.pools:
                self._running.pools[name].warm(self._running.pools[name].ceiling if name == WORKER else 1)

    def _prepare(self, *, schema: bool) -> Prepared:
        if self._parts.prepare is None:
            return Prepared()
        container = Container(self._launch(self._setup("prepare", self._parts.prepare, PREPARE_MEMORY)))
        self._running.preparing = container
        try:
            match container.invoke({"schema": schema}, PREPARE_SECONDS):
                case Answer(result):
                    return msgspec.convert(result, Prepared)
                case Failed(_, fault):
                    raise StartupError(f"Cannot prepare the database and the modules: {_told(fault)}")
        finally:
            container.stop(urgent=False)
            self._running.preparing = None

    def _reload(self, changed: Sequence[Path]) -> None:
        """Register what is in the files now, and let every container make room for a new one with the new code.

        When that code would lose a module that the containers have, they stay: what runs goes on as before.
        """
        names = ", ".join(path.name for path in changed)
        try:
            self.prepared = self._prepare(schema=False)
        except StartupError as error:
            self._output.say(f"Changed: {names}. {error.message}")
            return
        lost = [broken for broken in self.prepared.broken if broken.folder not in self._broken]
        for place in dict.fromkeys(broken.place for broken in lost):
            self._output.say(f"NOT reloaded, {place}; the code from before goes on")
        if not lost:
            self._recycle(names)
        told = {broken.fault for broken in lost}
        for line in (*self.prepared.faults, *self.prepared.warnings):
            if line not in told:
                self._output.line("modules", line)

    def _recycle(self, names: str) -> None:
        self._broken = frozenset(broken.folder for broken in self.prepared.broken)
        for pool in self._running.pools.values():
            pool.recycle()
        self._output.say(f"Reloaded: {names}. Workflows: {', '.join(self.prepared.workflows) or 'none'}")

    def _drain(self, pools: Iterable[Pool]) -> None:
        pools = list(pools)
        deadline = time.monotonic() + self.options.grace
        for pool in pools:
            pool.close()
        killed = sum(pool.join(deadline) for pool in pools)
        if killed:
            self._output.say(f"{killed} containers did not finish in {self.options.grace:.0f} s and were killed.")


def _told(fault: Fault) -> str:
    return f"{fault.type}: {fault.message}"


def run_dev(options: DevOptions) -> int:
    """``reactory dev``: runs until Ctrl-C; the exit code."""
    output = Output()
    return run_in_foreground(LocalStack(options, output=output), output)
