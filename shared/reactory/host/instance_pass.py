"""The pass of one instance: recover, absorb, run, settle. Everything that happens to a running instance happens here.

The order of things is what makes it durable. Facts are applied in memory at once, but nothing that follows from them is
done before they are in the journal; the journal and the snapshot are only ever written under the lease's epoch and
while the inbox is empty, so no request from outside is overlooked before a step starts.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator
from typing import Any

import msgspec

from reactory.definition.program import Program
from reactory.exceptions import InvalidDefinitionError, WorkflowNotFoundError
from reactory.host import cached_results
from reactory.host.attempt import Attempt, Outcome, too_large
from reactory.host.batch import Batch
from reactory.host.errands import of_end
from reactory.host.gate import Gate
from reactory.host.given_up import is_given_up
from reactory.host.ledger import Ledger
from reactory.host.outbox import alert, status_entries
from reactory.host.recovery import Wanted, replay, restore, settle_down, stored_facts
from reactory.host.signals import LeaseLostSignal
from reactory.host.tally import Tally
from reactory.host.values import fetch
from reactory.kernel.effects import (
    AttemptFailed,
    CancelChild,
    CancelStep,
    Effect,
    Emit,
    ItemChanged,
    LogLine,
    LookAgain,
    RetryChild,
    RunStep,
    Spill,
    StartChild,
    StatusChanged,
    Store,
)
from reactory.kernel.facts import Begin, Fact, Interrupted, Succeeded, Tick, decode_fact, is_request
from reactory.kernel.nodes.distributed import part_output
from reactory.kernel.snapshot import content_id
from reactory.kernel.state import TERMINAL
from reactory.kernel.timers import next_timer
from reactory.kernel.values import is_ref, make_ref
from reactory.ports.store import Instance
from reactory.steps.context import StepContext

_LOG = logging.getLogger("reactory.host")
_STEP_LOG = logging.getLogger("reactory.workflow")
SLICE = 2_000
"""Records after which a long computation is made durable in between."""

_LEVELS = {"debug": logging.DEBUG, "info": logging.INFO, "warn": logging.WARNING, "error": logging.ERROR}


class InstancePass:
    """One claimed instance, until it is settled or lost."""

    def __init__(self, batch: Batch, instance: Instance, program: Program) -> None:
        self._batch = batch
        self._services = batch.services
        self._limits = batch.services.limits
        self._program = program
        self._ledger = Ledger(batch, instance)
        self._machine = restore(instance, program, batch.services.env)
        self._ledger.opened = self._machine.state.opened
        self._arrived: list[Outcome] = []
        self._ready: list[RunStep] = []
        self._in_flight: dict[str, Attempt] = {}
        self._carrying_on = False
        self._half_way = False
        self._gate = Gate(batch, instance)
        self._tally = Tally(batch, instance)
        self._stirred = asyncio.Event()
        self._lost = False
        self._mail = False
        self._doomed: set[str] = set()
        self._is_plain = True
        """No step of this pass so far has guards, keeps its result, or may run only once."""

    @property
    def _instance(self) -> Instance:
        return self._ledger.instance

    @property
    def instance_id(self) -> str:
        return self._instance.id

    # --- the pass -------------------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Advance the instance until nothing can be done now. Raises LeaseLostSignal, and what the store raises."""
        try:
            await self._recover()
            while await self._round():
                pass
        finally:
            for path in list(self._in_flight):
                self._call_off(path)
            self._gate.hand_back()

    async def _recover(self) -> None:
        instance = self._instance
        interrupted = instance.interrupted and bool(instance.state or instance.journal)
        if instance.inbox:
            await self._ledger.take_inbox()
        await self._replay()
        if interrupted:
            await self._apply(Interrupted(self._services.clock.now()))
        if self._machine.state.status == "PENDING":
            await self._apply(Begin(self._services.clock.now()))
        self._resume_running()

    async def _rebuild(self) -> None:
        """The machine as it follows from what is durable, and from nothing else."""
        values = self._machine.context.values
        self._machine = restore(self._instance, self._program, self._services.env, values)
        self._ready = []
        await self._replay()

    async def _replay(self) -> None:
        """What the journal says, on the machine as the snapshot has it."""
        self._note_return()
        self._half_way = bool(self._machine.queue)
        facts = stored_facts(self._machine, self._instance)
        going_on = replay(self._machine, facts)
        self._carrying_on = not await self._follow(going_on, in_slices=not facts)
        self._take_effects(replaying=True)

    async def _absorb(self) -> None:
        """Take in what came from outside. It comes before what was not written yet (who was told that the instance is
        cancelled must find it cancelled), so the machine is rebuilt, and the rest applied anew.
        """
        unwritten = await self._ledger.take_inbox()
        await self._rebuild()
        for text in unwritten:
            await self._apply(decode_fact(text))
        self._doomed = set()
        for path in [path for path, attempt in self._in_flight.items() if not self._is_awaited(attempt)]:
            self._cancel(path)
        self._resume_running()

    def _cancel(self, path: str) -> None:
        """Nobody waits for this attempt any more, as far as is known: a request that comes before what is not written yet
        may undo that, and an attempt that may be made only once could not be made again.
        """
        if self._in_flight[path].effect.node.execution == "at_most_once" and self._ledger.has_unwritten:
            self._doomed.add(path)
            self._ledger.must_write = True
        else:
            self._call_off(path)

    def _durable(self) -> None:
        """All that was applied is written."""
        self._tally.write()
        if not self._doomed:
            return
        doomed, self._doomed = self._doomed, set()
        for path in doomed & self._in_flight.keys():
            self._call_off(path)
        self._resume_running()  # another attempt of the same step may have stood back for it

    def _call_off(self, path: str) -> None:
        """Nobody waits for this attempt any more."""
        attempt = self._in_flight.pop(path)
        attempt.cancel()
        self._gate.leave(attempt.passage, None)

    def _is_awaited(self, attempt: Attempt) -> bool:
        effect = attempt.effect
        return self._machine.awaited(effect.path, effect.attempt, effect.generation) is not None

    def _note_return(self) -> None:
        """A worker had given it up and one takes it up again: the kernel never knew, so its status stands (WH-18)."""
        state = self._machine.state
        if is_given_up(self._instance) and state.status not in TERMINAL:
            state.moves += 2
            now = self._services.clock.now()
            for number, (previous, status) in enumerate((("FAILED", "PENDING"), ("PENDING", state.status))):
                if previous != status:
                    change = StatusChanged(state.moves - 1 + number, previous, status, None, now)
                    self._ledger.owe(status_entries(self._instance, change))

    def _resume_running(self) -> None:
        """Steps that were to run when the last owner let go, and that nobody runs now."""
        machine = self._machine
        if machine.state.status != "RUNNING":
            return
        wanted = {effect.path for effect in self._ready}
        for path, live in list(machine.state.live.items()):
            if live.has_body_running and path not in wanted and not self._is_made(path, live.attempt, live.generation):
                machine.run_step(path, live)
        self._take_effects()

    async def _round(self) -> bool:
        """One turn: time, results, then writes and steps. False when the instance is settled."""
        if self._lost:
            raise LeaseLostSignal
        if self._carrying_on:
            return await self._carry_on()
        if self._mail:
            self._mail = False
            await self._absorb()
        timer = next_timer(self._machine.state)
        if timer is not None and timer <= self._services.clock.now():
            await self._apply(Tick(self._services.clock.now()))
        while self._arrived and not (self._ledger.must_write and self._ledger.is_full()):
            await self._apply(self._stored_form(self._arrived.pop(0)))
        self._ready = [effect for effect in self._ready if self._is_wanted(effect)]
        if self._carrying_on or self._arrived:
            await self._write_facts()
            return True
        if self._batch.hand_on:
            return await self._hand_on()
        if self._ready:
            if self._could_be_overtaken():
                await self._apply(Tick(self._services.clock.now()))
                self._ledger.must_write = True
            self._note_first_attempts()
            await self._load_arguments()
            if not self._is_plain and await self._use_cached():
                return True
            if await self._write_facts():
                if not self._is_plain and any(effect.node.asks for effect in self._ready):
                    await self._ask_guards()
                    if self._batch.hand_on:
                        self._gate.hand_back()
                        return True
                await self._be_sure_of_lease()
                self._start_ready()
            return True
        if self._in_flight:
            if self._ledger.must_write and not await self._write_facts():
                return True
            if self._ledger.is_urgent(self._machine):
                await self._settle(keep_lease=True)
                return True
            await self._wait()
            return True
        return not await self._settle()

    async def _wait(self) -> None:
        """Until a step reports, a timer is due, or the batch wants something else."""
        self._stirred.clear()
        if self._arrived or self._lost or self._mail or self._batch.abandon:
            return
        timer = None if self._batch.hand_on else next_timer(self._machine.state)
        pause = None if timer is None else max(0, timer - self._services.clock.now()) / 1000
        try:
            await asyncio.wait_for(self._stirred.wait(), pause)
        except TimeoutError:
            return

    def lose(self) -> None:
        """The lease is gone: stop what runs, write nothing more."""
        self._lost = self._gate.lost = True
        self._stirred.set()

    def look_at_inbox(self) -> None:
        """Somebody wants something while a step runs: a cancel need not wait for the step's end."""
        self._mail = True
        self._stirred.set()

    def stir(self) -> None:
        """Something changed that a waiting pass must look at."""
        self._stirred.set()

    # --- facts and effects ----------------------------------------------------------------------------------------

    async def _apply(self, fact: Fact) -> None:
        """Into the state at once; into the journal with the next write."""
        self._ledger.add(fact)
        if self._machine.queue:
            await self._follow(settle_down(self._machine))
        self._machine.apply(fact)
        self._carrying_on = not await self._follow(settle_down(self._machine), in_slices=True)
        self._take_effects()

    async def _carry_on(self) -> bool:
        """A computation of many nodes is durable slice by slice, and may be handed on between two of them (WH-21)."""
        if self._batch.hand_on and not self._in_flight and not self._arrived:
            return not await self._settle()
        if await self._settle(keep_lease=True):
            self._carrying_on = not await self._follow(settle_down(self._machine), in_slices=True)
            self._take_effects()
        return True

    def _stored_form(self, outcome: Outcome) -> Outcome:
        """A result over the inline limit goes to the blob store, and a reference takes its place (WR-15)."""
        if not isinstance(outcome, Succeeded) or isinstance(outcome.output, bool | int | float | None):
            return outcome
        encoded = too_large(outcome.output, self._limits.inline_limit)
        if encoded is None:
            return outcome
        blob_id = content_id(f"{self._machine.context.blobs}/{outcome.path}@{outcome.attempt}", encoded)
        self._ledger.keep_blob(blob_id, encoded)
        self._machine.context.values[blob_id] = outcome.output
        return msgspec.structs.replace(outcome, output=make_ref(blob_id, len(encoded)))

    async def _follow(self, going_on: Iterator[dict[str, Any] | Wanted | None], *, in_slices: bool = False) -> bool:
        """Carry a replay through, loading what it asks for and letting others run in between.

        In slices: False when a slice is over and the replay is not.
        """
        for ref in going_on:
            if isinstance(ref, Wanted):
                await self._fetch_program(ref)
                continue
            if ref is not None:
                await self._load(ref)
                continue
            await asyncio.sleep(0)
            if self._lost:
                raise LeaseLostSignal
            handing_on = self._batch.hand_on and not self._in_flight
            if in_slices and (handing_on or len(self._machine.records) >= SLICE):
                return False
        return True

    async def _fetch_program(self, wanted: Wanted) -> None:
        """The version that the instance moves to; one that is gone meanwhile leaves it where it is."""
        instance, definitions = self._instance, self._services.definitions
        try:
            program = await self._batch.in_thread(
                definitions.program, instance.tenant, instance.workflow_id, wanted.version, wanted.fingerprint
            )
        except (WorkflowNotFoundError, InvalidDefinitionError) as error:
            _LOG.warning("instance %s stays as it is: %s", self.instance_id, error.message)
            program = self._machine.program
        self._machine.context.programs[wanted.version, wanted.fingerprint] = program

    async def _load(self, ref: dict[str, Any]) -> None:
        values = self._machine.context.values
        values[ref["id"]] = await self._batch.in_thread(
            fetch, self._services.blobs, ref, self._machine.context.owner, values
        )

    def _take_stores(self) -> None:
        """What was moved out of line a moment ago may be asked for already."""
        if not self._machine.effects:
            return
        kept: list[Effect] = []
        for effect in self._machine.effects:
            if isinstance(effect, Store):
                self._ledger.keep_page(effect.id, msgspec.json.encode(effect.value))
            else:
                kept.append(effect)
        self._machine.effects = kept

    def _take_effects(self, *, replaying: bool = False) -> None:
        """Sort the machine's effects into what this pass has to do. What a replay started is started again later."""
        self._take_stores()
        effects, self._machine.effects = self._machine.effects, []
        for effect in effects:
            match effect:
                case RunStep():
                    if not replaying:
                        self._ready.append(effect)
                        self._is_plain = self._is_plain and effect.is_plain
                case StatusChanged():
                    self._ledger.owe(status_entries(self._instance, effect))
                    self._tell_parent(effect)
                case Emit() | StartChild() | RetryChild() | CancelChild() | LookAgain() | ItemChanged():
                    self._ledger.owe_errand(effect, self._machine.state.seq)
                case Spill(events=events):
                    self._ledger.spill(events)
                case CancelStep(path=path) if not replaying:
                    if path in self._in_flight:
                        self._cancel(path)
                case AttemptFailed():
                    self._note_failure(effect, replaying=replaying)
                case LogLine() if not replaying:
                    self._log(effect)
                case _:
                    pass

    def _note_failure(self, failure: AttemptFailed, *, replaying: bool) -> None:
        """A failed attempt is counted once it is durable; one of category system is told as an alert too (EH-7)."""
        if not replaying:
            self._tally.failed(failure)
        if failure.error.category == "system":
            self._ledger.owe([alert(self._instance, failure)])

    def _tell_parent(self, change: StatusChanged) -> None:
        """Whoever started this instance, and waits for it, has to know how it ended."""
        instance, machine = self._instance, self._machine
        if instance.parent is None or change.status not in TERMINAL:
            return
        output = machine.state.output
        if instance.fragment is not None and change.status == "FAILED":
            output = part_output(machine)
        self._ledger.owe([of_end(instance, change.status, output, change.reason, change.number)])

    def _log(self, line: LogLine) -> None:
        extra = {"instance_id": self.instance_id, "step_path": line.path, "data": line.data}
        _STEP_LOG.log(_LEVELS[line.level], "%s", line.message, extra=extra)

    def _is_wanted(self, effect: RunStep) -> bool:
        """Whether a step that was to run is still to run, and nobody runs it."""
        if self._machine.state.status != "RUNNING" or effect.path in self._in_flight:
            return False
        if self._arrived and self._is_made(effect.path, effect.attempt, effect.generation):
            return False
        return self._machine.awaited(effect.path, effect.attempt, effect.generation) is not None

    def _is_made(self, path: str, attempt: int, generation: int) -> bool:
        """Whether this attempt runs, or has ended a moment ago and its outcome is still to be applied."""
        running = self._in_flight.get(path)
        if running is not None and (running.effect.attempt, running.effect.generation) == (attempt, generation):
            return True
        return any((o.path, o.attempt, o.generation) == (path, attempt, generation) for o in self._arrived)

    # --- steps ----------------------------------------------------------------------------------------------------

    async def _be_sure_of_lease(self) -> None:
        """A process that was frozen past its lease must not start a step that somebody else may be running; nor one that
        was frozen again while it asked for another term.
        """
        if self._lost:
            raise LeaseLostSignal
        while self._batch.lease_is_over(self.instance_id):
            if not await self._batch.renew(self.instance_id):
                raise LeaseLostSignal

    def _note_first_attempts(self) -> None:
        """What follows from passing time alone is durable too before a step that must not run twice, or before one
        that may have ended the last process.
        """
        if self._ledger.must_write or not self._ledger.has_unwritten:
            return
        once = not self._is_plain and any(effect.node.execution == "at_most_once" for effect in self._ready)
        self._ledger.must_write = once or self._instance.interrupted

    def _could_be_overtaken(self) -> bool:
        """Whether the next request would be obeyed before what these steps follow from: requests that come first in the
        journal are, so that they can stop a long computation. Some other fact has to stand between them and the next.
        """
        requests = self._instance.journal
        first = bool(requests) or self._half_way
        return first and all(map(is_request, requests))

    async def _load_arguments(self) -> None:
        for effect in self._ready:
            for value in (effect.input, effect.config):
                if is_ref(value, self._machine.context.owner) and value["id"] not in self._machine.context.values:
                    await self._load(value)

    async def _use_cached(self) -> bool:
        """Whether some of the steps that are to run have results already (CA-3)."""
        asked = [effect for effect in self._ready if effect.cache is not None]
        if not asked:
            return False
        tenant, now = self._instance.tenant, self._services.clock.now()
        found = await self._batch.in_thread(cached_results.find, self._services.results, tenant, asked, now)
        paths = {outcome.path for outcome in found}
        self._ready = [effect for effect in self._ready if effect.path not in paths]
        self._arrived += found
        return bool(found)

    def _keep_result(self, effect: RunStep, outcome: Outcome) -> None:
        if effect.cache is not None and isinstance(outcome, Succeeded):
            self._batch.in_background(
                cached_results.keep, self._services.results, self._instance.tenant, effect, outcome
            )

    async def _ask_guards(self) -> None:
        """What has to wait sleeps, and everything else starts."""
        held = await self._gate.ask([e for e in self._ready if e.node.asks and self._is_wanted(e)])
        paths = {fact.path for fact in held}
        self._ready = [effect for effect in self._ready if effect.path not in paths]
        for fact in held:
            await self._apply(fact)

    def _start_ready(self) -> None:
        for effect in self._ready:
            if not self._is_wanted(effect):
                continue
            limit, passage = self._gate.take(effect)
            context = self._context(effect, limit)
            attempt = Attempt(self._services, effect, context, limit, self._reported)
            attempt.passage = passage
            self._in_flight[effect.path] = attempt
            self._batch.start(attempt, self._inputs(effect))
        self._ready = []
        self._gate.hand_back()
        self._ledger.acted()

    def _inputs(self, effect: RunStep) -> Any:
        return self._machine.context.deref(effect.input) or {}

    def _context(self, effect: RunStep, limit: int) -> StepContext:
        program, clock = self._machine.program, self._services.clock
        return StepContext(
            instance_id=self.instance_id,
            workflow_id=program.id,
            version=program.version,
            path=effect.path,
            generation=effect.generation,
            step_id=effect.node.id,
            attempt=effect.attempt,
            tenant=self._instance.tenant,
            config=self._machine.context.deref(effect.config) or {},
            deadline=clock.monotonic() + limit / 1000,
            monotonic=clock.monotonic,
            refresh_credentials=effect.refresh,
        )

    def _reported(self, attempt: Attempt, outcome: Outcome) -> None:
        """An attempt is through. Its result is used as it comes back from storage."""
        if self._in_flight.get(attempt.effect.path) is not attempt:
            return
        del self._in_flight[attempt.effect.path]
        self._arrived.append(outcome)
        self._gate.leave(attempt.passage, outcome)
        self._keep_result(attempt.effect, outcome)
        self._tally.ended(attempt.effect, outcome)
        self._stirred.set()

    # --- writing --------------------------------------------------------------------------------------------------

    async def _write_facts(self) -> bool:
        """Make the facts durable before what follows from them starts. False: look again, the state has moved."""
        if not self._ledger.must_write:
            return True
        if self._ledger.is_full():
            return await self._settle(keep_lease=True)
        if await self._ledger.push():
            self._durable()
            return True
        await self._absorb()
        return False

    # --- settling -------------------------------------------------------------------------------------------------

    async def _hand_on(self) -> bool:
        """The time is nearly over: start nothing, wait for what runs, settle and let another worker go on."""
        if self._in_flight:
            if self._ledger.must_write and not await self._write_facts():
                return True
            if self._batch.abandon:
                self._batch.wake_later(self._instance, self._limits.lease_ms + 1000)
                raise LeaseLostSignal  # the lease runs out by itself, and the next owner knows what was interrupted
            await self._wait()
            return True
        return not await self._settle()

    async def _settle(self, *, keep_lease: bool = False) -> bool:
        """Write the snapshot. True when it is written; False when the inbox had something, which is taken in then."""
        timer = self._next_need(keep_lease=keep_lease)
        half_way = bool(self._machine.queue)
        if await self._ledger.settle(self._machine, timer, keep_lease=keep_lease):
            self._half_way = half_way
            self._durable()
            if self._instance.fragment is None:
                self._program = self._machine.program
            return True
        await self._absorb()
        return False

    def _next_need(self, *, keep_lease: bool) -> int | None:
        """When the instance next needs somebody: at once if there is work left, else with its next timer."""
        now = self._services.clock.now()
        if keep_lease or self._machine.queue or self._ready:
            return now if self._machine.state.status == "RUNNING" else None
        return next_timer(self._machine.state)
