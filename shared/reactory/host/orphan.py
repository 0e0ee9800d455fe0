"""An instance whose definition is missing: FAILED with a message that says what to do, resumable after the fix (WH-18)."""

from __future__ import annotations

from reactory.exceptions import ReactoryError
from reactory.host.batch import Batch
from reactory.host.outbox import MISSING, status_entries
from reactory.host.signals import LeaseLostSignal
from reactory.kernel.effects import StatusChanged
from reactory.kernel.snapshot import decode_state, encode_state
from reactory.kernel.state import State
from reactory.ports.store import Instance, Push, Settle


async def give_up(batch: Batch, instance: Instance, error: ReactoryError) -> None:
    """Settle the instance as FAILED. Facts that cannot be applied without the definition are kept in the backlog."""
    nothing = Push(instance.id, instance.epoch, batch.owner, instance.journal_count, [])
    entries = await batch.absorb(nothing)
    if entries is None:
        raise LeaseLostSignal
    state = State() if instance.state is None else decode_state(instance.state)
    state.backlog += [*instance.journal, *(entry.fact for entry in entries)]
    state.moves += 1
    now = batch.services.clock.now()
    reason = {"code": MISSING, "message": f"{error.message}; then retry the instance", "stepId": None}
    change = StatusChanged(state.moves, instance.status, "FAILED", reason, now)
    known = instance.status == "FAILED"  # it was told before, and only what it owes brought us here
    outbox = [] if known else status_entries(instance, change)
    settle = Settle(
        instance_id=instance.id,
        epoch=instance.epoch,
        owner=batch.owner,
        state=encode_state(state),
        status="FAILED",
        reason=reason,
        started_at=state.started,
        completed_at=now,
        updated_at=now,
        wake_at=now,
        timer_at=None,
        waits=[],
        outbox=outbox,
        history=[],
    )
    outcome = await batch.settle(settle)
    if outcome == "ok":
        batch.settled(instance, settle, [*instance.outbox, *outbox])
    elif outcome == "lost":
        raise LeaseLostSignal
