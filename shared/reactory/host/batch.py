"""The instances of one invocation, claimed together: their writes are grouped, their leases renewed, their news told."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from typing import Any, TypeVar

from reactory.exceptions import ReactoryError
from reactory.host.attempt import Attempt
from reactory.host.committer import Lane
from reactory.host.event_desk import KEPT_MS
from reactory.host.services import Services
from reactory.host.teller import Teller
from reactory.host.threads import StepThreads
from reactory.host.wakeups import NEAR_MS, send_wakeups
from reactory.ports.store import HistoryChunk, InboxEntry, Instance, OutboxEntry, Outcome, Push, Settle

_LOG = logging.getLogger("reactory.host")
Answer = TypeVar("Answer")


class Batch:
    """What the passes of one invocation share.

    ``hand_on`` and ``abandon`` are set when the time is nearly over. ``lease_end`` is when the leases end by this
    process's own monotonic clock, counted from before they were asked for: never later than the database thinks.
    """

    def __init__(self, services: Services, owner: str, executor: Executor, threads: StepThreads) -> None:
        self.services = services
        self.owner = owner
        self.hand_on = False
        self.abandon = False
        self._executor = executor
        self._threads = threads
        store = services.instances
        self._teller = Teller(
            services.instances, services.blobs, services.bus, services.tasks, services.desk(), services.children()
        )
        self._pushes: Lane[Push, Outcome] = Lane(executor, store.push)
        self._settles: Lane[Settle, Outcome] = Lane(executor, store.settle)
        self._news: dict[str, list[OutboxEntry]] = {}
        self._wakeups: list[tuple[str, int, int, str]] = []
        self._telling: asyncio.Task[None] | None = None
        self._background: set[asyncio.Future[None]] = set()
        self._told: set[tuple[str, str]] = set()
        self.lease_end = 0.0
        self._renewed: dict[str, float] = {}

    async def in_thread(self, call: Callable[..., Answer], *args: Any) -> Answer:
        """A blocking call of a port, off the loop."""
        return await asyncio.get_running_loop().run_in_executor(self._executor, call, *args)

    def in_background(self, call: Callable[..., None], *args: Any) -> None:
        """A blocking call that nobody's progress depends on, and that does not raise; ``told`` waits for it."""
        task = asyncio.ensure_future(self.in_thread(call, *args))
        self._background.add(task)
        task.add_done_callback(self._background.discard)

    @staticmethod
    def is_running() -> bool:
        """False in a pass that is thrown away with its loop: then nothing can be begun any more."""
        try:
            asyncio.get_running_loop()
        except RuntimeError:
            return False
        return True

    def start(self, attempt: Attempt, inputs: Mapping[str, Any]) -> None:
        attempt.start(asyncio.get_running_loop(), self._threads, inputs)

    # --- writes ---------------------------------------------------------------------------------------------------

    async def push(self, push: Push) -> Outcome:
        return await self._pushes.put(push)

    async def settle(self, settle: Settle) -> Outcome:
        return await self._settles.put(settle)

    async def absorb(self, push: Push) -> list[InboxEntry] | None:
        return await self.in_thread(self.services.instances.absorb, push)

    async def append_history(self, chunks: Sequence[HistoryChunk]) -> None:
        await self.in_thread(self.services.instances.append_history, chunks)

    async def put_blobs(self, blobs: Mapping[str, bytes]) -> None:
        await self.in_thread(self.services.blobs.put, blobs)

    async def remember_consumed(self, instance_id: str, events: Mapping[str, int]) -> None:
        keep_until = self.services.clock.now() + 2 * KEPT_MS
        await self.in_thread(self.services.events.mark_consumed, instance_id, dict(events), keep_until)

    # --- leases ---------------------------------------------------------------------------------------------------

    def lease_begins(self) -> float:
        """Call before leases are asked for; hand the answer to ``lease_granted``."""
        return self.services.clock.monotonic()

    def lease_granted(self, asked_at: float) -> None:
        self.lease_end = asked_at + self.services.limits.lease_ms / 1000

    def lease_is_over(self, instance_id: str) -> bool:
        end = max(self.lease_end, self._renewed.get(instance_id, 0.0))
        return self.services.clock.monotonic() >= end

    async def renew(self, instance_id: str) -> bool:
        """Whether the lease of this one instance is still ours, for another term."""
        asked_at, lease_ms = self.lease_begins(), self.services.limits.lease_ms
        held = await self.in_thread(self.services.instances.renew, [instance_id], self.owner, lease_ms)
        if instance_id in held:
            self._renewed[instance_id] = asked_at + lease_ms / 1000
        return instance_id in held

    # --- telling --------------------------------------------------------------------------------------------------

    def settled(self, instance: Instance, settle: Settle, outbox: list[OutboxEntry]) -> None:
        """An instance's snapshot is durable: remember what it owes to others."""
        if outbox:
            self._news.setdefault(instance.id, []).extend(outbox)
        if settle.timer_at is not None and not settle.keep_lease:
            delay = settle.timer_at - self.services.clock.now()
            if delay <= NEAR_MS:
                self._wakeups.append((instance.id, instance.priority, delay, instance.tenant))
        if (self._news or self._wakeups) and self._telling is None:
            self._telling = asyncio.ensure_future(self._tell())

    def wake_later(self, instance: Instance, delay_ms: int) -> None:
        """Hint again after a while."""
        self._wakeups.append((instance.id, instance.priority, delay_ms, instance.tenant))
        if self._telling is None:
            self._telling = asyncio.ensure_future(self._tell())

    def still_owed(self, instance_id: str, entries: set[str]) -> set[str]:
        """Those of the outbox entries that were not told yet."""
        return {entry for entry in entries if (instance_id, entry) not in self._told}

    async def told(self) -> None:
        """Wait until all that is owed so far was told, or left to the sweeper."""
        if self._telling is not None:
            await self._telling
        if self._background:
            await asyncio.wait(self._background)

    async def _tell(self) -> None:
        """Publish what is owed, then strike it off; what gathers meanwhile is told in the next turn."""
        try:
            while self._news or self._wakeups:
                news, self._news = self._news, {}
                wakeups, self._wakeups = self._wakeups, []
                await self.in_thread(self._publish, news, wakeups)
        finally:
            self._telling = None

    def _publish(self, news: dict[str, list[OutboxEntry]], wakeups: list[tuple[str, int, int, str]]) -> None:
        """What cannot be told now stays due, and the sweeper finds it."""
        if wakeups:
            send_wakeups(self.services.queue, wakeups)
        if not news:
            return
        try:
            told = self._teller.work_off(news)
            if not told:
                return
            self.services.instances.told(self.owner, told)
            self._told |= {(owner, entry) for owner, entries in told.items() for entry in entries}
        except ReactoryError as error:
            _LOG.warning("news not told, the sweeper will see to it: %s", error.message)
