"""Bugs on purpose: each breaks one thing that the engine relies on, and the simulator has to notice.

They are put in by replacing a method for the length of a run, so nothing in the engine knows of them.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Any, TypeVar
from unittest.mock import patch

from msgspec.structs import replace

from reactory.adapters.memory.instances import MemoryInstances
from reactory.exceptions import AmbiguousWriteError
from reactory.host import instance_pass, sweeper
from reactory.host.batch import Batch
from reactory.host.instance_pass import InstancePass
from reactory.host.recovery import settle_down
from reactory.host.worker import Worker
from reactory.kernel import timers
from reactory.kernel.facts import Control, Fact, Tick
from reactory.kernel.machine import Machine
from reactory.ports.store import HistoryChunk, InboxEntry, Instance, OutboxEntry, Outcome, Push, Settle
from reactory.steps.context import StepContext
from tests.simulation import world
from tests.simulation.loop import CURRENT
from tests.simulation.ports import Port
from tests.simulation.process import Process

Bug = Callable[[], AbstractContextManager[Any]]
Item = TypeVar("Item", Push, Settle)


def no_fencing() -> AbstractContextManager[Any]:
    """The database takes writes of whoever held the lease once."""

    def owned(store: MemoryInstances, item: Push | Settle) -> Instance | None:
        return store._instances.get(item.instance_id)

    return patch.object(MemoryInstances, "_owned", owned)


def no_sweeper() -> AbstractContextManager[Any]:
    """Nobody looks for what is due."""
    return patch.object(world, "sweep", lambda _services: sweeper.Swept(0, more=False))


def _without_inbox(method: Callable[[MemoryInstances, Item], Outcome]) -> Callable[[MemoryInstances, Item], Outcome]:
    def call(store: MemoryInstances, item: Item) -> Outcome:
        found = store._instances[item.instance_id]
        waiting, found.inbox = found.inbox, []
        try:
            return method(store, item)
        finally:
            found.inbox = waiting

    return call


def push_without_inbox() -> AbstractContextManager[Any]:
    """Facts are written though requests from outside are waiting."""
    return patch.object(MemoryInstances, "_push", _without_inbox(MemoryInstances._push))


def settle_without_inbox() -> AbstractContextManager[Any]:
    """An instance is settled though requests from outside are waiting."""
    return patch.object(MemoryInstances, "_settle", _without_inbox(MemoryInstances._settle))


def early_timer() -> AbstractContextManager[Any]:
    """With a timer that is due fire those that will be within a second."""
    fire = timers.fire

    def early(machine: Machine) -> None:
        for live in machine.state.live.values():
            if live.due is not None and live.due <= machine.state.now + 1000:
                live.due = min(live.due, machine.state.now)
        fire(machine)

    return patch("reactory.kernel.machine.fire", early)


def hasty_timer() -> AbstractContextManager[Any]:
    """The host says that it is later than it is."""
    return patch.object(instance_pass, "Tick", lambda at: Tick(at + 100_000))


def unstable_key() -> AbstractContextManager[Any]:
    """Another attempt gets another idempotency key."""
    return patch.object(
        StepContext, "idempotency_key", property(lambda ctx: f"{ctx.instance_id}/{ctx.path}/{ctx.attempt}")
    )


def lease_by_workers_clock() -> AbstractContextManager[Any]:
    """Leases are compared with the clock of whoever asks."""
    claim = MemoryInstances.claim

    def skewed(store: MemoryInstances, *args: Any) -> list[Instance]:
        process, true_clock = CURRENT.get(), store._clock
        if isinstance(process, Process):
            store._clock = process.clock
        try:
            return claim(store, *args)
        finally:
            store._clock = true_clock

    return patch.object(MemoryInstances, "claim", skewed)


def told_forgets_inbox() -> AbstractContextManager[Any]:
    """Whoever has told all puts the wake-up off, although somebody wants something."""
    told = MemoryInstances.told

    def forgetful(store: MemoryInstances, owner: str, entries: Mapping[str, Sequence[str]]) -> None:
        waiting = {name: store._instances[name].inbox for name in entries}
        for name in entries:
            store._instances[name].inbox = []
        told(store, owner, entries)
        for name, inbox in waiting.items():
            store._instances[name].inbox = inbox

    return patch.object(MemoryInstances, "told", forgetful)


def never_interrupted() -> AbstractContextManager[Any]:
    """The next owner is not told that the last one vanished."""
    claim = MemoryInstances.claim

    def untold(store: MemoryInstances, *args: Any) -> list[Instance]:
        return [replace(found, interrupted=False) for found in claim(store, *args)]

    return patch.object(MemoryInstances, "claim", untold)


def same_epoch() -> AbstractContextManager[Any]:
    """After an ambiguous write an owner goes on under the epoch that the write has."""

    def reclaim(store: MemoryInstances, instance_id: str, epoch: int, owner: str, lease_ms: int) -> Instance | None:
        found = store.get(instance_id)
        if found is None or (found.epoch, found.lease_owner) != (epoch, owner) or found.lease_until is None:
            return None
        return replace(found, interrupted=True, history=[])

    return patch.object(MemoryInstances, "reclaim", reclaim)


def doubt_is_success() -> AbstractContextManager[Any]:
    """A push that may have been lost counts as written."""
    call = Port._call

    def certain(port: Port, method: str, args: tuple[Any, ...]) -> Any:
        try:
            return call(port, method, args)
        except AmbiguousWriteError:
            if method == "push":
                return ["ok"] * len(args[0])
            raise

    return patch.object(Port, "_call", certain)


def inbox_read_twice() -> AbstractContextManager[Any]:
    """What was taken from the inbox stays there once more."""
    absorb = MemoryInstances.absorb

    def again(store: MemoryInstances, push: Push) -> list[InboxEntry] | None:
        entries = absorb(store, push)
        if entries and not getattr(store, "seen", set()) & {entry.id for entry in entries}:
            store.seen = getattr(store, "seen", set()) | {entry.id for entry in entries}  # type: ignore[attr-defined]
            store._instances[push.instance_id].inbox = [*entries]
        return entries

    return patch.object(MemoryInstances, "absorb", again)


def struck_off_untold() -> AbstractContextManager[Any]:
    """News are struck off before they are published."""
    publish = Batch._publish

    def too_soon(batch: Batch, news: dict[str, list[OutboxEntry]], wakeups: list[tuple[str, int, int, str]]) -> None:
        told = {owner: [entry.id for entry in entries] for owner, entries in news.items()}
        if told:
            batch.services.instances.told(batch.owner, told)
        publish(batch, news, wakeups)

    return patch.object(Batch, "_publish", too_soon)


def lease_taken_for_granted() -> AbstractContextManager[Any]:
    """A process that was frozen past its lease starts steps as if nothing had happened."""

    async def be_sure(_current: InstancePass) -> None:
        return

    return patch.object(InstancePass, "_be_sure_of_lease", be_sure)


def requests_overtake() -> AbstractContextManager[Any]:
    """All requests that came first are replayed before what follows from the first of them."""

    def replay(machine: Machine, facts: Iterable[Fact]) -> Iterator[dict[str, Any] | None]:
        waiting = deque(facts)
        while waiting and isinstance(waiting[0], Control):
            machine.apply(waiting.popleft())
        yield from settle_down(machine)
        for fact in waiting:
            machine.apply(fact)
            yield from settle_down(machine)

    return patch.object(instance_pass, "replay", replay)


def steps_before_facts() -> AbstractContextManager[Any]:
    """Steps start before the results that they follow from are durable."""
    write = InstancePass._write_facts

    async def later(current: InstancePass) -> bool:
        if current._ready:
            return True
        return await write(current)

    return patch.object(InstancePass, "_write_facts", later)


def attempts_untold() -> AbstractContextManager[Any]:
    """The attempt of a step that must not run twice is not durable before it runs."""
    return patch.object(InstancePass, "_note_first_attempts", lambda _current: None)


def nothing_owed_is_due() -> AbstractContextManager[Any]:
    """What has to be told does not wake anybody."""
    settle = MemoryInstances._settle

    def asleep(store: MemoryInstances, item: Settle) -> Outcome:
        return settle(store, replace(item, wake_at=item.timer_at))

    return patch.object(MemoryInstances, "_settle", asleep)


def any_owner_replaces_history() -> AbstractContextManager[Any]:
    """A chunk of history is replaced by whoever writes it last."""

    def append(store: MemoryInstances, chunks: Sequence[HistoryChunk]) -> None:
        for chunk in chunks:
            store._steps.setdefault(chunk.instance_id, {})[chunk.first] = chunk

    return patch.object(MemoryInstances, "append_history", append)


def failures_lose_messages() -> AbstractContextManager[Any]:
    """A worker that failed says that all is done, and nobody sweeps."""
    work = Worker.work

    async def careless(worker: Worker, *args: Any) -> set[str]:
        await work(worker, *args)
        return set()

    @contextmanager
    def both() -> Iterator[None]:
        with no_sweeper(), patch.object(Worker, "work", careless):
            yield

    return both()


BUGS: dict[str, Bug] = {
    bug.__name__: bug
    for bug in (
        no_fencing,
        no_sweeper,
        push_without_inbox,
        settle_without_inbox,
        early_timer,
        hasty_timer,
        unstable_key,
        lease_by_workers_clock,
        told_forgets_inbox,
        never_interrupted,
        same_epoch,
        doubt_is_success,
        inbox_read_twice,
        struck_off_untold,
        lease_taken_for_granted,
        requests_overtake,
        steps_before_facts,
        attempts_untold,
        nothing_owed_is_due,
        any_owner_replaces_history,
        failures_lose_messages,
    )
}
