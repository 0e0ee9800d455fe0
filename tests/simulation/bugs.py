"""Planted bugs, by name: each takes one of the engine's protections away. The simulator has to find every one of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from itertools import count
from typing import Any

from msgspec.structs import replace

from reactory.adapters.memory import instances as memory
from reactory.adapters.memory.instances import MemoryInstances
from reactory.exceptions import AmbiguousWriteError, ReactoryError
from reactory.host import sweeper
from reactory.host.batch import Batch
from reactory.host.event_desk import EventDesk
from reactory.host.guards import Guards, Passage
from reactory.host.instance_pass import InstancePass
from reactory.host.ledger import Ledger
from reactory.host.outbox import bus_event
from reactory.host.teller import Teller
from reactory.host.worker import Worker
from reactory.kernel import nodes, tree
from reactory.kernel.effects import AttemptFailed
from reactory.kernel.facts import ErrorInfo, Tick
from reactory.kernel.machine import Machine
from reactory.kernel.nodes import distributed, invoke, saga
from reactory.kernel.state import NodeState
from reactory.kernel.timers import next_timer
from reactory.kernel.waits import SIGNAL
from reactory.ports.events import StoredEvent
from reactory.ports.store import Instance, OpenWait, OutboxEntry, Outcome, Post, Push, Settle
from reactory.steps.context import StepContext
from tests.simulation.loop import CURRENT
from tests.simulation.process import Process
from tests.simulation.world import World

Patches = list[tuple[Any, str, Any]]
"""(object, name of the attribute, what takes its place)."""

BUGS: dict[str, Callable[[], Patches]] = {}


def _bug(name: str) -> Callable[[Callable[[], Patches]], Callable[[], Patches]]:
    def keep(make: Callable[[], Patches]) -> Callable[[], Patches]:
        BUGS[name] = make
        return make

    return keep


@contextmanager
def planted(name: str | None) -> Iterator[None]:
    """The engine with this bug; KeyError if there is none of that name."""
    patches = [] if name is None else BUGS[name]()
    before = [(target, attribute, getattr(target, attribute)) for target, attribute, _ in patches]
    for target, attribute, other in patches:
        setattr(target, attribute, other)
    try:
        yield
    finally:
        for target, attribute, was in before:
            setattr(target, attribute, was)


# --- the store ------------------------------------------------------------------------------------------------------


@_bug("no fencing")
def _no_fencing() -> Patches:
    def owned(self: MemoryInstances, item: Push | Settle) -> Instance | None:
        return self._instances.get(item.instance_id)

    return [(MemoryInstances, "_owned", owned)]


@_bug("live lease taken")
def _live_lease_taken() -> Patches:
    return [(memory, "_live", lambda _instance, _now: False)]


@_bug("lease compared with the worker's clock")
def _workers_clock() -> Patches:
    claim = MemoryInstances.claim

    def by_its_own_clock(self: MemoryInstances, *args: Any) -> list[Instance]:
        process, clock = CURRENT.get(), self._clock
        if isinstance(process, Process):
            self._clock = process.clock
        try:
            return claim(self, *args)
        finally:
            self._clock = clock

    return [(MemoryInstances, "claim", by_its_own_clock)]


@_bug("epoch stays")
def _epoch_stays() -> Patches:
    claim = MemoryInstances.claim

    def without_counting(self: MemoryInstances, *args: Any) -> list[Instance]:
        claimed = claim(self, *args)
        for instance in claimed:
            self._instances[instance.id].epoch -= 1
            instance.epoch -= 1
        return claimed

    return [(MemoryInstances, "claim", without_counting)]


@_bug("interruption ignored")
def _interruption_ignored() -> Patches:
    claim = MemoryInstances.claim

    def as_if_freed(self: MemoryInstances, *args: Any) -> list[Instance]:
        return [replace(instance, interrupted=False) for instance in claim(self, *args)]

    return [(MemoryInstances, "claim", as_if_freed)]


def _blind(method: Callable[..., Any]) -> Callable[..., Any]:
    """The same write, but for its look at the inbox."""

    def blind(self: MemoryInstances, item: Push | Settle) -> Outcome:
        found = self._instances[item.instance_id]
        inbox, found.inbox = found.inbox, []
        try:
            outcome: Outcome = method(self, item)
            return outcome
        finally:
            found.inbox = inbox

    return blind


@_bug("push without the inbox check")
def _blind_push() -> Patches:
    return [(MemoryInstances, "_push", _blind(MemoryInstances._push))]


@_bug("settle without the inbox check")
def _blind_settle() -> Patches:
    return [(MemoryInstances, "_settle", _blind(MemoryInstances._settle))]


@_bug("told clears wakeAt although the inbox is not empty")
def _told_clears() -> Patches:
    def told(self: MemoryInstances, owner: str, entries: Mapping[str, Sequence[str]]) -> None:
        for found in self._known(entries):
            found.outbox = [entry for entry in found.outbox if entry.id not in entries[found.id]]
            if found.lease_owner == owner and found.lease_until is None and not found.outbox:
                found.wake_at = found.timer_at

    return [(MemoryInstances, "told", told)]


@_bug("told clears wakeAt of another owner's instance")
def _told_clears_others() -> Patches:
    def told(self: MemoryInstances, owner: str, entries: Mapping[str, Sequence[str]]) -> None:
        for found in self._known(entries):
            found.outbox = [entry for entry in found.outbox if entry.id not in entries[found.id]]
            if not found.outbox and not found.inbox:
                found.wake_at = found.timer_at

    return [(MemoryInstances, "told", told)]


@_bug("repeated start overwrites")
def _start_overwrites() -> Patches:
    insert = MemoryInstances._insert

    def overwrite(self: MemoryInstances, instance: Instance) -> Instance | None:
        self._instances.pop(instance.id, None)
        return insert(self, instance)

    return [(MemoryInstances, "_insert", overwrite)]


# --- the pass -------------------------------------------------------------------------------------------------------


@_bug("early timer")
def _early_timer() -> Patches:
    turn = InstancePass._round

    async def impatient(self: InstancePass) -> bool:
        timer, now = next_timer(self._machine.state), self._services.clock.now()
        if timer is not None and now < timer <= now + 1500:
            await self._apply(Tick(timer))
        return await turn(self)

    return [(InstancePass, "_round", impatient)]


@_bug("unstable idempotency key")
def _unstable_key() -> Patches:
    key = property(lambda self: f"{self.instance_id}/{self.path}/{self.attempt}")
    return [(StepContext, "idempotency_key", key)]


@_bug("ambiguous write taken for success")
def _doubt_is_success() -> Patches:
    push = Batch.push

    async def trusting(self: Batch, item: Push) -> Outcome:
        try:
            return await push(self, item)
        except AmbiguousWriteError:
            return "ok"

    return [(Batch, "push", trusting)]


@_bug("ambiguous write taken for failure")
def _doubt_is_failure() -> Patches:
    push = Batch.push

    async def stubborn(self: Batch, item: Push) -> Outcome:
        try:
            return await push(self, item)
        except AmbiguousWriteError:
            return await push(self, item)

    def twice(self: MemoryInstances, item: Push) -> Outcome:
        found = self._owned(item)
        return "lost" if found is None else _append(found, item)

    def _append(found: Instance, item: Push) -> Outcome:
        if found.inbox:
            return "inbox"
        memory._append(found, item.facts)
        return "ok"

    return [(Batch, "push", stubborn), (MemoryInstances, "_push", twice)]


@_bug("not claimed anew after an ambiguous write")
def _not_claimed_anew() -> Patches:
    async def read_again(self: Worker, batch: Batch, instance: Instance) -> Instance:
        found = await self._read_again(batch, instance)
        found.interrupted = True
        return found

    settle = MemoryInstances._settle

    def whatever_it_covers(self: MemoryInstances, item: Settle) -> Outcome:
        return settle(self, replace(item, journal_count=None))

    return [(Worker, "_claim_anew", read_again), (MemoryInstances, "_settle", whatever_it_covers)]


@_bug("result applied twice")
def _applied_twice() -> Patches:
    push = Ledger.push

    async def forgetful(self: Ledger) -> bool:
        unwritten = self._unwritten
        pushed = await push(self)
        if pushed:
            self._unwritten = unwritten
        return pushed

    return [(Ledger, "push", forgetful)]


@_bug("steps start before their facts are durable")
def _not_durable() -> Patches:
    write = InstancePass._write_facts

    async def later(self: InstancePass) -> bool:
        return True if self._ready else await write(self)

    return [(InstancePass, "_write_facts", later)]


@_bug("at most once not written down first")
def _not_noted() -> Patches:
    return [(InstancePass, "_note_first_attempts", lambda _self: None)]


@_bug("lease not looked at before a step")
def _not_sure() -> Patches:
    async def sure(self: InstancePass) -> None:
        """Never in doubt."""

    return [(InstancePass, "_be_sure_of_lease", sure)]


@_bug("absorbed requests overtake what was acted on")
def _acted_on_forgotten() -> Patches:
    return [(Ledger, "acted", lambda _self: None)]


@_bug("a rewind into what has failed is not counted around it")
def _rewind_not_counted() -> Patches:
    around = tree.thaw_around

    def only_what_has_stopped(machine: Machine, key: str) -> None:
        if any(machine.state.live[path].status in tree._STOPPED for path in tree._holders(machine, key)):
            around(machine, key)

    return [(tree, "thaw_around", only_what_has_stopped)]


# --- guards ---------------------------------------------------------------------------------------------------------


@_bug("a hold counts an attempt")
def _hold_counts() -> Patches:
    wake = nodes.wake

    def counting(machine: Machine, path: str, live: NodeState) -> None:
        live.attempt += live.hold is not None
        wake(machine, path, live)

    return [(nodes, "wake", counting)]


@_bug("a slot is never released")
def _slot_kept() -> Patches:
    leave = Guards.leave

    def keep(self: Guards, passage: Passage, outcome: Any, *, release: bool) -> None:
        leave(self, passage, outcome, release=release and passage.slot is None)

    return [(Guards, "leave", keep)]


@_bug("an alert is not owed by a replay")
def _alert_forgotten() -> Patches:
    note = InstancePass._note_failure

    def forgetful(self: InstancePass, failure: AttemptFailed, *, replaying: bool) -> None:
        if not replaying:
            note(self, failure, replaying=replaying)

    return [(InstancePass, "_note_failure", forgetful)]


# --- telling --------------------------------------------------------------------------------------------------------


@_bug("outbox cleared before publish")
def _struck_off_first() -> Patches:
    publish = Batch._publish

    def hasty(self: Batch, news: dict[str, list[OutboxEntry]], wakeups: list[Any]) -> None:
        publish(self, {}, wakeups)
        if not news:
            return
        told = {owner: [entry.id for entry in entries] for owner, entries in news.items()}
        self.services.instances.told(self.owner, told)
        self.services.bus.publish([bus_event(owner, entry) for owner, entries in news.items() for entry in entries])

    return [(Batch, "_publish", hasty)]


@_bug("owed news are not due")
def _not_due() -> Patches:
    make = Ledger._make_settle

    async def carefree(self: Ledger, *args: Any, **more: Any) -> Settle:
        settle = await make(self, *args, **more)
        return replace(settle, wake_at=settle.timer_at)

    return [(Ledger, "_make_settle", carefree)]


@_bug("news told before they are durable")
def _told_too_early() -> Patches:
    settle = Batch.settle

    async def proud(self: Batch, item: Settle) -> Outcome:
        for entry in item.outbox:
            await self.in_thread(self.services.bus.publish, [bus_event(item.instance_id, entry)])
        return await settle(self, item)

    return [(Batch, "settle", proud)]


# --- events, tasks, children, sagas ---------------------------------------------------------------------------------


@_bug("no look for events that came before")
def _no_look() -> Patches:
    return [(EventDesk, "look", lambda _self, _instance_id, _wait_id: None)]


@_bug("the look finds what was consumed")
def _consumed_found() -> Patches:
    def earliest(self: EventDesk, instance: Instance, wait: OpenWait) -> StoredEvent | None:
        found = self._candidates(instance.tenant, wait, SIGNAL + instance.id, None)
        return found[0] if found else None

    return [(EventDesk, "_earliest", earliest)]


@_bug("told although nobody waits")
def _posted_anyway() -> Patches:
    def post(self: MemoryInstances, item: Post) -> bool:
        found = self._instances.get(item.instance_id)
        if found is not None and not memory._holds(found, item.entry):
            self._deliver(found, item.entry)
        return found is not None

    return [(MemoryInstances, "_post", post)]


@_bug("events that are due are forgotten by the sweeper")
def _due_forgotten() -> Patches:
    return [(sweeper, "_remind_of_events", lambda _services: 0)]


@_bug("a close that is not told")
def _close_not_told() -> Patches:
    run = Teller._run

    def forgetful(self: Teller, owner: str, entry: OutboxEntry) -> None:
        if entry.kind != "close":
            run(self, owner, entry)

    return [(Teller, "_run", forgetful)]


@_bug("children under random ids")
def _random_children() -> Patches:
    numbers = count()

    def child_id(_machine: Machine, _execution: str) -> str:
        return f"c{next(numbers)}"

    return [(invoke, "child_id", child_id), (distributed, "child_id", child_id)]


@_bug("the parent is told before the child's end is durable")
def _parent_told_too_early() -> Patches:
    settle = Batch.settle

    async def proud(self: Batch, item: Settle) -> Outcome:
        for entry in item.outbox:
            if entry.kind == "parent":
                with suppress(ReactoryError):
                    await self.in_thread(self._teller._run, item.instance_id, entry)
        return await settle(self, item)

    return [(Batch, "settle", proud)]


@_bug("compensation goes forward")
def _forward() -> Patches:
    compensate = saga.compensate

    def forward(machine: Machine, path: str, live: NodeState, error: ErrorInfo) -> None:
        compensate(machine, path, live, error)
        live.log.reverse()

    return [(saga, "compensate", forward)]


# --- the rest -------------------------------------------------------------------------------------------------------


@_bug("no sweeper")
def _no_sweeper() -> Patches:
    async def never(self: World) -> None:
        """The rule is switched off."""

    return [(World, "_sweeps", never)]
