"""One run: a backend, processes that come and go, a workload, faults; then no more faults, and an end is expected."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Coroutine
from contextvars import Context
from dataclasses import dataclass, field, replace
from functools import partial
from random import Random
from typing import Any

from reactory import StepContext, step
from reactory.bootstrap import App, bootstrap
from reactory.definition.compile import compile_document
from reactory.definition.document import Document
from reactory.definition.program import Program
from reactory.exceptions import IllegalTransitionError, ReactoryError
from reactory.host.definitions import Definitions
from reactory.host.services import Limits, Services
from reactory.host.sweeper import sweep
from reactory.kernel import paths
from reactory.kernel.facts import ControlAction
from reactory.kernel.snapshot import decode_state
from reactory.kernel.state import TERMINAL
from reactory.ports.store import Instance, StoredDefinition
from reactory.runner.children import child_starter
from reactory.runner.runner import Runner
from reactory.settings import Settings
from reactory.steps.registry import StepRegistry
from tests.simulation.backend import Backend, Shape
from tests.simulation.chronicle import Chronicle, Order
from tests.simulation.counts import failed_beside
from tests.simulation.faults import Faults
from tests.simulation.lambdas import Container, Lambdas
from tests.simulation.loop import CURRENT, CircleError, SimLoop, StandstillError
from tests.simulation.marks import Marks
from tests.simulation.outside import DeadError, Outside
from tests.simulation.process import Process
from tests.simulation.trace import Trace
from tests.simulation.workload import HANDLERS, Workload, perform

SETTINGS = Settings(aws="memory")
SAFETY_S = 120.0
"""How long things go wrong."""

SWEEP_S = 60.0
PAST: dict[str, str] = {
    "pause": "paused",
    "resume": "resumed",
    "cancel": "cancelled",
    "retry": "retried",
    "rewind": "rewound",
    "migrate": "migrated",
}
MOST_RESUMES = 5
"""How often an instance that stands still is resumed before it is cancelled."""


@dataclass(frozen=True, slots=True)
class Setting:
    """What a run is made of, beside its faults."""

    workload: Workload
    limits: Limits = field(default_factory=Limits)
    queues: Shape = (720.0, 5)
    safety_s: float = SAFETY_S
    sweeper: bool = True


class World:
    """``violations`` maps broken rules to what broke them. ``operated``: somebody has interfered with the instances.
    ``kept`` are the holders of slots at the end that have no excuse for it.
    """

    def __init__(self, setting: Setting, faults: Faults, random: Random) -> None:
        self.setting = setting
        self.faults = faults
        self.random = random
        self.loop = SimLoop()
        self.trace = Trace(self.loop.time)
        self.marks = Marks()
        profile = faults.profile
        self.backend = Backend(self.loop, self.trace, self.marks, skew_ms=profile.skew_ms, shape=setting.queues)
        self.auditor = self.backend.auditor
        self.auditor.on_create = self._chronicle
        self.lambdas = Lambdas(self.backend, random, self._container, profile.containers)
        self.lambdas.function_s = profile.function_s
        self.lambdas.lost_deletes = profile.message_doubled / 2
        self.steps = self._registry()
        self.started: list[str] = []
        self.operated = False
        self.kept: list[str] = []
        self.healing = False
        self.outside = Outside(self)
        self.backend.on_event = self.outside.deliver
        self._apps: dict[Process, App] = {}
        self._numbers: Counter[str] = Counter()
        self._helped: Counter[str] = Counter()

    @property
    def violations(self) -> dict[str, str]:
        return self.auditor.violations

    # --- the run --------------------------------------------------------------------------------------------------

    def run(self) -> None:
        """From the first start to the end of everything. What is wrong is in ``violations``."""
        try:
            self.loop.run_until_complete(self._main())
        except StandstillError:
            self.auditor.violate("everything ends", "nothing will ever happen again")
        except CircleError:
            self.auditor.violate("everything ends", "somebody goes in a circle")
        finally:
            for container in self.lambdas.containers:
                container.process.kill("the run is over")
            self.loop.close()
        for problem in self.loop.problems:
            self.auditor.violate("no callback raises", problem)

    async def _main(self) -> None:
        for document in self.setting.workload.documents:
            self._register(document)
        clients = [self.loop.create_task(self._start(*start)) for start in enumerate(self.setting.workload.starts)]
        troubles = [self.loop.create_task(trouble) for trouble in self._everybody()]
        await self._until_rest(self.setting.safety_s, clients)
        self._heal()
        for client in clients:
            await client
        await self._until_all_ended()
        await asyncio.sleep(self.faults.profile.function_s[1])  # whoever slept has written what he wanted to by then
        await self._until_all_ended()  # an operator's late word may have begun something anew
        holders = self.backend.holders.items()
        self.kept = [name for name, (process, _) in holders if not (process.dead or process.doubtful)]
        for trouble in troubles:
            trouble.cancel()

    async def _until_all_ended(self) -> None:
        if not await self._until_rest(self.setting.workload.patience_s + self.setting.queues[0], []):
            self._tell_who_is_stuck()

    def _everybody(self) -> list[Coroutine[Any, Any, None]]:
        outside = self.outside
        return [self._sweeps(), self._operators(), self._chaos(), outside.publishers(), outside.people()]

    async def _until_rest(self, seconds: float, clients: list[asyncio.Task[None]]) -> bool:
        """Wait until all instances are at rest; False when the time is over first."""
        end = self.loop.time() + seconds
        while self.loop.time() < end:
            if all(client.done() for client in clients) and all(map(self._rests, self.started)):
                return True
            if self.healing:
                self._help()
            await asyncio.sleep(5.0)
        return all(map(self._rests, self.started))

    def _rests(self, instance_id: str) -> bool:
        found = self.auditor.document(instance_id)
        busy = found.inbox or found.outbox or found.journal or found.lease_until is not None
        return found.status in TERMINAL and not busy and found.wake_at is None

    def _heal(self) -> None:
        self.trace.note("world", "heals")
        self.healing = True
        self.faults.calm()
        self.lambdas.lost_deletes = 0.0
        for container in self.lambdas.containers:
            if container.busy:
                container.process.thaw()

    def _help(self) -> None:
        """Somebody resumes what stands still, and cancels what does so for ever."""
        self.outside.serve()
        for instance_id in self.started:
            found = self.auditor.document(instance_id)
            if found.status == "PAUSED" and not found.inbox and not found.journal:
                self._helped[instance_id] += 1
                self._operate(instance_id, "resume" if self._helped[instance_id] < MOST_RESUMES else "cancel")

    def _tell_who_is_stuck(self) -> None:
        for instance_id in self.started:
            if not self._rests(instance_id):
                found = self.auditor.document(instance_id)
                shown = {name: getattr(found, name) for name in ("status", "wake_at", "lease_until", "inbox", "outbox")}
                self.auditor.violate("everything ends", f"{instance_id}: {shown}")

    # --- processes ------------------------------------------------------------------------------------------------

    def process(self, kind: str) -> Process:
        self._numbers[kind] += 1
        skew = self.random.randint(-self.faults.profile.skew_ms, self.faults.profile.skew_ms)
        return Process(
            self.loop,
            self.trace,
            self.faults,
            kind,
            f"{kind}-{self._numbers[kind]}",
            skew_ms=skew,
            begin=self.random.uniform(0, 1000),
        )

    def app(self, process: Process) -> App:
        if process not in self._apps:
            self._apps[process] = self._new_app(process)
        return self._apps[process]

    def _new_app(self, process: Process) -> App:
        port = self.backend.port
        return bootstrap(
            SETTINGS,
            clock=process.clock,
            ids=self.backend.ids,
            instances=port(process, "instances"),
            definitions=port(process, "definitions"),
            blobs=port(process, "blobs"),
            queue=port(process, "queue"),
            bus=port(process, "bus"),
            events=port(process, "events"),
            tasks=port(process, "tasks"),
            results=port(process, "results"),
            records=port(process, "records"),
            errors=port(process, "errors"),
            durations=port(process, "durations"),
            dead_letters=port(process, "dead_letters"),
            schedules=port(process, "schedules"),
            executions=port(process, "executions"),
            breakers=port(process, "breakers"),
            buckets=port(process, "buckets"),
            slots=port(process, "slots"),
            schema=port(process, "schema"),
        )

    def services(self, process: Process) -> Services:
        app = self.app(process)
        return Services(
            instances=app.instances,
            definitions=_Compiled(app.definitions, HANDLERS),
            blobs=app.blobs,
            queue=app.queue,
            bus=app.bus,
            clock=app.clock,
            ids=app.ids,
            steps=self.steps,
            events=app.events,
            tasks=app.tasks,
            results=app.results,
            errors=app.errors,
            durations=app.durations,
            breakers=app.breakers,
            buckets=app.buckets,
            slots=app.slots,
            starter=child_starter(self.runner(process).start),
            limits=self.setting.limits,
        )

    def runner(self, process: Process) -> Runner:
        app = self.app(process)
        return Runner.of(app, _Compiled(app.definitions, HANDLERS), lambda: HANDLERS)

    def _container(self) -> Container:
        process = self.process("worker")
        return Container(process, self.services(process), self.random)

    # --- clients --------------------------------------------------------------------------------------------------

    def _register(self, document: dict[str, Any]) -> None:
        """Before anything goes wrong."""
        app = replace(self.app(self.process("client")), definitions=self.backend.definitions)
        Runner.of(app, _Compiled(app.definitions, HANDLERS), lambda: HANDLERS).registry.register_document(
            Document.of(document)  # never written down: to read it would take a tenth of a run
        )

    def _chronicle(self, instance: Instance) -> Chronicle:
        self.started.append(instance.id)
        program = self.program(instance)
        return Chronicle(instance.id, program, Order(program), family=instance.family)

    def program(self, instance: Instance) -> Program:
        stored = self.backend.definitions.get(instance.tenant, instance.workflow_id, instance.version)
        assert stored is not None
        return compiled(stored)

    async def _start(self, number: int, start: tuple[float, int]) -> None:
        """Ask until the instance is there, under one idempotency key."""
        at, index = start
        document = self.setting.workload.documents[index]
        await asyncio.sleep(at)
        while True:
            process = self.process("client")
            runner = self.runner(process)
            name = f"{document['nameSpace']}.{document['name']}@1.0.0"

            def ask(runner: Runner = runner, name: str = name) -> None:
                runner.start.start_workflow(name, None, {}, idempotency_key=f"key{number}", priority=2)

            try:
                await self.answer(process, ask)
            except (ReactoryError, DeadError):
                await asyncio.sleep(1.0)
                continue
            return

    # --- operators ------------------------------------------------------------------------------------------------

    async def _operators(self) -> None:
        rate = self.faults.profile.operators
        while rate and not self.healing:
            await asyncio.sleep(self.random.expovariate(rate))
            if self.started and not self.healing:
                instance_id = self.random.choice(self.started)
                if self.random.random() < 0.25:
                    self._operate_on(instance_id)
                else:
                    self._operate(instance_id, self._whim(self.auditor.document(instance_id).status))

    def _operate_on(self, instance_id: str) -> None:
        """Back to something that has finished, or on to another version."""
        succeeded = sorted(self.auditor.chronicles[instance_id].succeeded)
        beside = self._failed_beside(instance_id, succeeded)
        if beside:
            self.marks.hit("rewound beside what goes on")
            self._operate(instance_id, "rewind", step=self.random.choice(beside))
        elif succeeded and self.random.random() < 0.7:
            self._operate(instance_id, "rewind", step=self.random.choice(succeeded))
        else:
            self._operate(instance_id, "migrate", version="2.0.0")

    def _failed_beside(self, instance_id: str, succeeded: list[str]) -> list[str]:
        """Those of the steps that stand where something has failed while the rest of their container goes on."""
        state = self.auditor.document(instance_id).state
        begins = () if state is None else failed_beside(decode_state(state))
        return [path for path in succeeded if path.removesuffix(paths.step_id(path)) in begins]

    def _whim(self, status: str) -> ControlAction:
        """Mostly what fits, as far as an operator can see."""
        fitting: ControlAction = {"PAUSED": "resume", "FAILED": "retry"}.get(status, "pause")  # type: ignore[assignment]
        others: tuple[ControlAction, ...] = ("pause", "resume", "retry", "cancel")
        return fitting if self.random.random() < 0.7 else self.random.choice(others)

    def _operate(self, instance_id: str, action: ControlAction, **more: str) -> None:
        process = self.process("operator")
        runner = self.runner(process)

        def ask() -> None:
            runner.control.control(instance_id, action, caller="ann", **more)
            self.marks.hit(PAST[action])

        self.operated = True
        self._let(process, ask)

    def _let(self, process: Process, call: Callable[[], Any]) -> None:
        """Let a process do something. What it fails with is no concern of ours."""
        self.answer(process, call).add_done_callback(lambda answer: self._noted(process, answer.exception()))

    def _noted(self, process: Process, error: BaseException | None) -> None:
        if isinstance(error, IllegalTransitionError):
            self.marks.hit("control refused")
        elif isinstance(error, ReactoryError):
            self.trace.note(process.name, "gives up", error.message)
        elif error is not None and not isinstance(error, DeadError):
            self.auditor.violate("no process fails by a defect", f"{process.name}: {error!r}")

    def answer(self, process: Process, call: Callable[[], Any]) -> asyncio.Future[None]:
        """A call made as that process. It fails with DeadError when the process dies."""
        answer: asyncio.Future[None] = self.loop.create_future()

        async def make() -> None:
            try:
                await process.jobs.start(call, ())
            except Exception as error:  # noqa: BLE001 - whatever it is, who asked gets it
                answer.set_exception(error)
            else:
                answer.set_result(None)

        process.on_death = lambda: None if answer.done() else answer.set_exception(DeadError())
        process.spawn(make())
        return answer

    # --- troubles -------------------------------------------------------------------------------------------------

    async def _sweeps(self) -> None:
        while self.setting.sweeper:
            await asyncio.sleep(SWEEP_S)
            if self.healing or self.random.random() >= self.faults.profile.sweeps_missed:
                process = self.process("sweeper")
                services = self.services(process)
                self._let(process, partial(sweep, services))

    async def _chaos(self) -> None:
        """Something happens to a process, or to the database, at any moment."""
        profile = self.faults.profile
        rates = {self._kill_one: profile.kills, self._drain_one: profile.drains, self._fail_over: profile.failovers}
        total = sum(rates.values())
        while total and not self.healing:
            await asyncio.sleep(self.random.expovariate(total))
            if not self.healing:
                self.random.choices(list(rates), list(rates.values()))[0]()

    def _victim(self) -> Container | None:
        busy = [one for one in self.lambdas.containers if one.busy and not one.process.dead]
        return self.random.choice(busy) if busy else None

    def _kill_one(self) -> None:
        victim = self._victim()
        if victim is None:
            return
        if self.random.random() < 0.5:
            victim.process.kill("killed")
        else:
            victim.process.freeze(self.faults.freeze_s())

    def _drain_one(self) -> None:
        victim = self._victim()
        if victim is not None:
            self.marks.hit("drained")
            victim.drain(self.random.uniform(0.5, 10.0))

    def _fail_over(self) -> None:
        self.trace.note("database", "fails over")
        self.faults.failing_over = True
        self.loop.call_later(self.random.uniform(1.0, 20.0), self._is_back, context=Context())

    def _is_back(self) -> None:
        self.trace.note("database", "is back")
        self.faults.failing_over = False

    # --- steps ----------------------------------------------------------------------------------------------------

    def _registry(self) -> StepRegistry:
        def begin(ctx: StepContext) -> None:
            process = CURRENT.get()
            assert isinstance(process, Process)
            self.auditor.body_starts(process, ctx)

        @step("sim.do")
        async def do(ctx: StepContext, value: Any = None, fails: int = 0, rounds: int = 0, category: str = "") -> Any:
            begin(ctx)
            seconds = self.setting.workload.seconds(ctx.path, ctx.attempt)
            if seconds:
                await asyncio.sleep(seconds)
            self.trace.note("body", "ends", f"{ctx.instance_id} {ctx.path} {ctx.attempt}")
            return perform(ctx.path, ctx.attempt, ctx.generation, value, fails, rounds, category)

        @step("sim.sync")
        def sync(ctx: StepContext, value: Any = None, fails: int = 0, rounds: int = 0, category: str = "") -> Any:
            begin(ctx)
            return perform(ctx.path, ctx.attempt, ctx.generation, value, fails, rounds, category)

        registry = StepRegistry()
        registry.add(do)
        registry.add(sync)
        return registry


_PROGRAMS: dict[str, Program] = {}


def compiled(stored: StoredDefinition) -> Program:
    """Programs are immutable: all runs share those of documents that they have in common."""
    import msgspec

    found = _PROGRAMS.get(stored.fingerprint)
    if found is None:
        if len(_PROGRAMS) > 200:
            _PROGRAMS.clear()
        found = compile_document(msgspec.json.decode(stored.document), handlers=frozenset(HANDLERS))
        _PROGRAMS[stored.fingerprint] = found
    return found


class _Compiled(Definitions):
    """Each process reads a definition once, as always, but it is compiled once for all."""

    def _compiled(self, tenant: str, stored: StoredDefinition) -> Program:
        key = (tenant, stored.workflow_id, stored.version, stored.fingerprint)
        return self._programs.setdefault(key, compiled(stored))
