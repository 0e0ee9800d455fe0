"""The worker: wake-ups in, instances advanced. One per process, kept between invocations."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass

from reactory.definition.program import Program
from reactory.exceptions import AmbiguousWriteError, InvalidDefinitionError, ReactoryError, WorkflowNotFoundError
from reactory.host.batch import Batch
from reactory.host.given_up import TOO_LARGE, stays_given_up
from reactory.host.instance_pass import InstancePass
from reactory.host.orphan import give_up, tell_only, without_definition
from reactory.host.services import Services
from reactory.host.signals import LeaseLostSignal, TooLargeSignal
from reactory.host.threads import StepThreads
from reactory.host.wakeups import send_wakeups
from reactory.ports.store import Instance

_LOG = logging.getLogger("reactory.host")

AMBIGUOUS_TRIES = 2
"""How often a pass is begun anew after an ambiguous write, before the message is left to come again."""

NO_ROOM = (
    "the state of the instance no longer fits the database's 16 MB: keep fewer and smaller values in variables and in "
    "loops side by side, then start it anew"
)

STORE_THREADS = 6
"""Threads for the store's blocking calls: two lanes of two kinds, and room for the rest."""


@dataclass(frozen=True, slots=True)
class WakeUp:
    """One hint. ``redelivered``: the message came before, so its last receiver may have crashed."""

    instance_id: str
    redelivered: bool = False


class Worker:
    """Advances the instances that it is woken for. ``handle`` may be called again and again, one call at a time.

    The event loop, the executor of the store's calls and the threads of synchronous steps are its own, unless they are
    given: then several workers can share a loop, each awaiting ``work`` on it.
    """

    def __init__(
        self,
        services: Services,
        *,
        loop: asyncio.AbstractEventLoop | None = None,
        executor: Executor | None = None,
        threads: StepThreads | None = None,
    ) -> None:
        self._services = services
        self._executor = executor or ThreadPoolExecutor(STORE_THREADS, thread_name_prefix="reactory-store")
        self._threads = threads or StepThreads(services.limits.step_threads)
        self._loop = loop or asyncio.new_event_loop()
        self._batch: Batch | None = None
        self._passes: dict[str, InstancePass] = {}
        self._draining = False

    def handle(self, wakeups: Sequence[WakeUp], remaining_ms: float | None = None) -> set[str]:
        """Advance the instances; the ids of those that could not be (their messages are to be delivered again).

        ``remaining_ms`` is how long the function may still run; None = no limit.
        """
        return self._loop.run_until_complete(self.work(wakeups, remaining_ms))

    def drain(self) -> None:
        """The process is to end (SIGTERM): start no more steps and hand on. May be called from a signal handler."""
        self._draining = True
        self._loop.call_soon_threadsafe(self._set_hand_on)

    def close(self) -> None:
        """Free the threads and the loop."""
        self._executor.shutdown(wait=False, cancel_futures=True)
        self._loop.close()

    async def work(self, wakeups: Sequence[WakeUp], remaining_ms: float | None = None) -> set[str]:
        """What ``handle`` does, awaited on the worker's loop."""
        limits = self._services.limits
        ids = list(dict.fromkeys(w.instance_id for w in wakeups))
        if self._draining:
            return set(ids)  # this process is about to end: the messages come again, to another one
        batch = self._batch = Batch(self._services, self._services.ids.new(), self._executor, self._threads)
        asked_at = batch.lease_begins()
        claimed = await batch.in_thread(
            self._services.instances.claim, ids, batch.owner, limits.lease_ms, limits.horizon_ms
        )
        batch.lease_granted(asked_at)
        keeper = asyncio.ensure_future(self._keep_leases(batch))
        alarms = self._set_alarms(batch, remaining_ms)
        try:
            outcomes = await asyncio.gather(*(self._advance(batch, instance) for instance in claimed))
            await batch.told()
            await self._hint_again(batch, wakeups, {instance.id for instance in claimed})
        finally:
            keeper.cancel()
            for alarm in alarms:
                alarm.cancel()
            self._passes = {}
        return {instance_id for instance_id in outcomes if instance_id is not None}

    # --- one instance -------------------------------------------------------------------------------------------

    async def _advance(self, batch: Batch, instance: Instance) -> str | None:
        """Run one pass; the instance's id if it has to be tried again."""
        try:
            await self._wait_until_due(instance)
            await self._pass(batch, instance)
        except LeaseLostSignal:
            _LOG.info("lease of instance %s lost or left to expire", instance.id)
        except ReactoryError as error:
            _LOG.warning("pass of instance %s ended: %s", instance.id, error.message)
            return instance.id
        except Exception:  # noqa: BLE001 - logged with its trace; and
            # a defect of ours must not take the other instances of the batch down with it
            _LOG.exception("pass of instance %s ended by a defect", instance.id)
            return instance.id
        finally:
            self._passes.pop(instance.id, None)
        return None

    async def _pass(self, batch: Batch, instance: Instance) -> None:
        """A pass, begun anew from the document when a write turned out ambiguous."""
        for tries_left in range(AMBIGUOUS_TRIES, -1, -1):
            try:
                if stays_given_up(instance) and await tell_only(batch, instance):
                    return
                program = await self._program(batch, instance)
                current = self._passes[instance.id] = InstancePass(batch, instance, program)
                await current.run()
            except (WorkflowNotFoundError, InvalidDefinitionError) as error:
                await without_definition(batch, instance, error)
            except TooLargeSignal:
                again = await self._read_again(batch, instance)
                await give_up(batch, again, TOO_LARGE, NO_ROOM)
            except AmbiguousWriteError:
                # forget what is in memory: the document knows whether it happened
                if not tries_left:
                    raise
                instance = await self._claim_anew(batch, instance)
                continue
            return

    async def _claim_anew(self, batch: Batch, instance: Instance) -> Instance:
        """The document under a higher epoch: what is still on its way to it from the last one is refused from now on."""
        limits = self._services.limits
        claimed = await batch.in_thread(
            self._services.instances.claim, [instance.id], batch.owner, limits.lease_ms, limits.horizon_ms
        )
        if not claimed:
            raise LeaseLostSignal
        return claimed[0]

    async def _read_again(self, batch: Batch, instance: Instance) -> Instance:
        """The document as it is now, while its lease is still this batch's."""
        again = await batch.in_thread(self._services.instances.get, instance.id)
        held = again is not None and again.lease_until is not None
        if again is None or not held or (again.epoch, again.lease_owner) != (instance.epoch, batch.owner):
            raise LeaseLostSignal
        return again

    async def _program(self, batch: Batch, instance: Instance) -> Program:
        definitions = self._services.definitions
        known = definitions.cached(instance.tenant, instance.workflow_id, instance.version, instance.fingerprint)
        if known is not None:
            return known
        return await batch.in_thread(
            definitions.program, instance.tenant, instance.workflow_id, instance.version, instance.fingerprint
        )

    async def _wait_until_due(self, instance: Instance) -> None:
        """A hint may come a little early: wait for the rest of the time instead of coming back for it."""
        if instance.inbox or instance.wake_at is None:
            return
        early = instance.wake_at - self._services.clock.now()
        if 0 < early <= self._services.limits.horizon_ms:
            await asyncio.sleep(early / 1000)

    # --- leases and time ----------------------------------------------------------------------------------------

    async def _keep_leases(self, batch: Batch) -> None:
        """Renew the leases while passes run; a pass whose lease is gone stops."""
        limits = self._services.limits
        while True:
            await asyncio.sleep(limits.heartbeat_ms / 1000)
            ids = list(self._passes)
            if not ids:
                continue
            asked_at = batch.lease_begins()
            try:
                held = await batch.in_thread(self._services.instances.renew, ids, batch.owner, limits.lease_ms)
                mail = await batch.in_thread(self._services.instances.mail, ids)
            except ReactoryError as error:
                _LOG.warning("leases not renewed: %s", error.message)
                continue
            batch.lease_granted(asked_at)
            for instance_id in ids:
                current = self._passes.get(instance_id)
                if current is not None and instance_id not in held:
                    current.lose()
                elif current is not None and instance_id in mail:
                    current.look_at_inbox()

    def _set_alarms(self, batch: Batch, remaining_ms: float | None) -> list[asyncio.TimerHandle]:
        """Hand on before the function's time is over (WH-26)."""
        if remaining_ms is None:
            return []
        limits, loop = self._services.limits, self._loop

        def abandon() -> None:
            batch.abandon = True
            self._set_hand_on()

        hand_on_in = max(0.0, remaining_ms - limits.hand_on_ms) / 1000
        abandon_in = max(0.0, remaining_ms - limits.abandon_ms) / 1000
        return [loop.call_later(hand_on_in, self._set_hand_on), loop.call_later(abandon_in, abandon)]

    def _set_hand_on(self) -> None:
        if self._batch is not None:
            self._batch.hand_on = True
        for current in list(self._passes.values()):
            current.stir()

    async def _hint_again(self, batch: Batch, wakeups: Sequence[WakeUp], claimed: set[str]) -> None:
        """A redelivered hint that met somebody's lease: its owner may be dead, so look again when the lease is over."""
        suspects = [w.instance_id for w in wakeups if w.redelivered and w.instance_id not in claimed]
        if suspects:
            leased = await batch.in_thread(self._services.instances.leased, suspects)
            again = [(instance_id, 2, left + 1000, "default") for instance_id, left in leased.items()]
            await batch.in_thread(send_wakeups, self._services.queue, again)
