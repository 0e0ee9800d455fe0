"""An instance that a worker can do nothing for, mostly because its definition is missing: FAILED with a message that says
what to do, resumable after the fix (WH-18).
"""

from __future__ import annotations

from typing import Any

from reactory.exceptions import ReactoryError
from reactory.host.batch import Batch
from reactory.host.given_up import MISSING
from reactory.host.outbox import status_entries
from reactory.host.signals import LeaseLostSignal
from reactory.kernel.effects import StatusChanged
from reactory.kernel.snapshot import decode_state, encode_state
from reactory.kernel.state import TERMINAL, State
from reactory.ports.store import Instance, OutboxEntry, Push, Settle


async def give_up(batch: Batch, instance: Instance, code: str, message: str) -> None:
    """Settle the instance as FAILED. Facts that cannot be applied are kept in the backlog of its last snapshot."""
    state = State() if instance.state is None else decode_state(instance.state)
    state.backlog += instance.journal
    journal_count = instance.journal_count
    while True:
        entries = await batch.absorb(Push(instance.id, instance.epoch, batch.owner, journal_count, []))
        if entries is None:
            raise LeaseLostSignal
        journal_count += len(entries)
        state.backlog += [entry.fact for entry in entries]
        if await _settle(batch, instance, state, {"code": code, "message": message, "stepId": None}):
            return


async def tell_only(batch: Batch, instance: Instance) -> bool:
    """Tell what an instance that has ended owes, and leave it as it is. False when somebody wants something of it."""
    return await _write(
        batch,
        instance,
        state=instance.state or encode_state(State()),
        status=instance.status,
        reason=instance.reason,
        outbox=[],
        completed_at=instance.completed_at,
    )


async def without_definition(batch: Batch, instance: Instance, error: ReactoryError) -> None:
    """An instance that has ended needs no definition to tell what it owes; an open one, or a retry of it, does."""
    asked = instance.inbox or instance.journal
    rests = instance.status in TERMINAL and not (instance.status == "FAILED" and asked)
    if rests and await tell_only(batch, instance):
        return
    if instance.status not in ("COMPLETED", "CANCELLED"):
        await give_up(batch, instance, MISSING, f"{error.message}; then retry the instance")


async def _settle(batch: Batch, instance: Instance, state: State, reason: dict[str, Any]) -> bool:
    now = batch.services.clock.now()
    outbox: list[OutboxEntry] = []
    if instance.status != "FAILED":
        state.moves += 1
        outbox = status_entries(instance, StatusChanged(state.moves, instance.status, "FAILED", reason, now))
    if not await _write(
        batch,
        instance,
        state=encode_state(state),
        status="FAILED",
        reason=reason,
        outbox=outbox,
        completed_at=now,
    ):
        state.moves -= bool(outbox)
        return False
    return True


async def _write(
    batch: Batch,
    instance: Instance,
    *,
    state: str,
    status: str,
    reason: dict[str, Any] | None,
    outbox: list[OutboxEntry],
    completed_at: int | None,
) -> bool:
    """One settle; what it owes is told by the batch. False when the inbox held something."""
    now = batch.services.clock.now()
    settle = Settle(
        instance_id=instance.id,
        epoch=instance.epoch,
        owner=batch.owner,
        state=state,
        status=status,
        reason=reason,
        started_at=instance.started_at,
        completed_at=completed_at,
        updated_at=now,
        wake_at=now if outbox or instance.outbox else None,
        timer_at=None,
        waits=instance.waits,
        outbox=outbox,
        history=[],
    )
    outcome = await batch.settle(settle)
    if outcome == "ok":
        batch.settled(instance, settle, [*instance.outbox, *outbox])
    elif outcome != "inbox":
        raise LeaseLostSignal
    return outcome == "ok"
