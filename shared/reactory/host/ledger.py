"""What one pass has decided and what of it is durable: the journal, the snapshot, the history, the blobs, the outbox.

Every write is fenced by the lease's epoch and refused while the inbox holds something; then the caller has to take the
inbox in first.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import msgspec

from reactory.host.batch import Batch
from reactory.host.errands import Errand, of_effect, of_waits, open_waits
from reactory.host.outbox import BUS_KINDS
from reactory.host.signals import LeaseLostSignal, TooLargeSignal
from reactory.kernel.effects import Emit, StartChild
from reactory.kernel.facts import Begin, Fact, Tick, encode_fact
from reactory.kernel.machine import Machine
from reactory.kernel.records import Record, encode_record
from reactory.kernel.snapshot import content_id, forget_unreferenced, snapshot
from reactory.kernel.values import make_ref
from reactory.ports.store import HistoryChunk, Instance, OutboxEntry, Outcome, Push, Settle

ERRAND_BYTES = 2_048
"""What an errand carries beyond this goes out of line."""


class Ledger:
    """``instance`` is kept as the database has it: its snapshot and journal are what a rebuilding starts from. ``opened`` is how
    many waits that snapshot has seen opened.
    """

    def __init__(self, batch: Batch, instance: Instance) -> None:
        self.instance = instance
        self._batch = batch
        self._limits = batch.services.limits
        self._journal_bytes = sum(map(len, instance.journal))
        self._tail_count = instance.history_count
        self._tail_bytes = 0
        self._unwritten: list[str] = []
        self._unwritten_bytes = 0
        self._acted_on = 0
        self.must_write = False
        self._blobs: dict[str, bytes] = {}
        self._pages: dict[str, bytes] = {}
        self._news: list[OutboxEntry] = []
        self._is_pressing = False
        """Others than the bus wait for some of the news."""
        self._owed: set[str] = set()
        self.opened = 0
        self._spilled: dict[str, int] = {}
        self._begin = instance.blob_prefix

    # --- taking down ----------------------------------------------------------------------------------------------

    def add(self, fact: Fact) -> None:
        """A fact that was applied. What only says that time has passed needs no write of its own: the next owner would
        find it out again.
        """
        text = encode_fact(fact)
        self._unwritten.append(text)
        self._unwritten_bytes += len(text)
        self.must_write = self.must_write or not isinstance(fact, Begin | Tick)

    def acted(self) -> None:
        """Steps were started on the ground of all facts so far: whatever comes from outside comes after these."""
        self._acted_on = len(self._unwritten)

    @property
    def has_unwritten(self) -> bool:
        return bool(self._unwritten)

    def is_full(self) -> bool:
        """Whether the journal has grown so far that the next write should be a settle."""
        return (
            self.instance.journal_count + len(self._unwritten) > self._limits.journal_facts
            or self._journal_bytes + self._unwritten_bytes > self._limits.journal_bytes
        )

    def keep_blob(self, blob_id: str, encoded: bytes) -> None:
        self._blobs[blob_id] = encoded

    def keep_page(self, page_id: str, encoded: bytes) -> None:
        """A page's id says nothing of who wrote it: its content must follow from what is durable already, so that
        whoever writes it after a crash writes the same. It waits for the settle.
        """
        self._pages[page_id] = encoded

    def owe(self, entries: Sequence[OutboxEntry]) -> None:
        self._news += entries
        self._is_pressing = self._is_pressing or any(entry.kind not in BUS_KINDS for entry in entries)

    def owe_errand(self, effect: Errand, number: int) -> None:
        """Something to be done outside, after the state that asks for it is durable. A child's large input, and an
        event's, go out of line: the outbox is a part of the document.
        """
        instance = self.instance
        if isinstance(effect, StartChild):
            effect = replace(effect, input=self._out_of_line(effect.input))
        elif isinstance(effect, Emit):
            effect = replace(effect, data=self._out_of_line(effect.data))
        self.owe([of_effect(instance, effect, len(self._news) + 1000 * number)])

    def _out_of_line(self, value: Any) -> Any:
        encoded = msgspec.json.encode(value)
        if len(encoded) <= ERRAND_BYTES:
            return value
        blob_id = content_id(f"{self._begin}/errand", encoded)
        self._blobs[blob_id] = encoded
        return make_ref(blob_id, len(encoded))

    def spill(self, events: Mapping[str, int]) -> None:
        """Consumed events that leave the state: kept outside of it before the state without them is."""
        self._spilled |= events

    def is_urgent(self, machine: Machine) -> bool:
        """Whether others have to know something now, although steps are still running."""
        return self._is_pressing or machine.state.opened != self.opened

    # --- writing --------------------------------------------------------------------------------------------------

    async def push(self) -> bool:
        """Append what is unwritten to the journal. False: the inbox holds something."""
        await self._store_blobs()
        instance = self.instance
        push = Push(instance.id, instance.epoch, self._batch.owner, instance.journal_count, self._unwritten)
        if not _written(await self._batch.push(push)):
            return False
        self._journaled(self._unwritten)
        self._forget_unwritten()
        return True

    async def take_inbox(self) -> list[str]:
        """Move the inbox to the journal, behind the facts that steps were started for and before all that came since.

        Answers the latter (JSON texts), which have to be applied anew.
        """
        instance = self.instance
        before, after = self._unwritten[: self._acted_on], self._unwritten[self._acted_on :]
        push = Push(instance.id, instance.epoch, self._batch.owner, instance.journal_count, before)
        entries = await self._batch.absorb(push)
        if entries is None:
            raise LeaseLostSignal
        self._journaled([*before, *(entry.fact for entry in entries)])
        self._forget_unwritten()
        self._news, self._pages, self._spilled = [], {}, {}
        self._is_pressing = False
        return after

    async def settle(self, machine: Machine, timer: int | None, *, keep_lease: bool) -> bool:
        """Write the snapshot; ``timer`` is when the instance next needs somebody. False: the inbox holds something."""
        if self._pages:
            if self._unwritten and not await self.push():
                return False
            self._blobs.update(self._pages)
            self._pages = {}
        if self._spilled:
            await self._batch.remember_consumed(instance_id=self.instance.id, events=self._spilled)
            self._spilled = {}
        settle = await self._make_settle(machine, timer, keep_lease=keep_lease)
        if not _written(await self._batch.settle(settle)):
            return False
        self._settled(machine, settle)
        return True

    async def _make_settle(self, machine: Machine, timer: int | None, *, keep_lease: bool) -> Settle:
        state, instance = machine.state, self.instance
        waits = open_waits(machine)
        news = [*self._news, *of_waits(instance, machine, instance.waits, waits)]
        history = await self._keep_history(machine.records)
        text, blobs = snapshot(state, machine.context.owner, machine.context.values, machine.context.blobs)
        self._blobs.update(blobs)
        await self._store_blobs()
        now = self._batch.services.clock.now()
        self._owed = self._batch.still_owed(instance.id, self._owed)
        owes = self._owed or news or instance.outbox
        return Settle(
            instance_id=instance.id,
            epoch=instance.epoch,
            owner=self._batch.owner,
            state=text,
            status=state.status,
            reason=state.reason,
            started_at=state.started,
            completed_at=state.finished,
            updated_at=now,
            wake_at=min(now, timer or now) if owes else timer,
            timer_at=timer,
            waits=waits,
            outbox=news,
            history=history,
            keep_lease=keep_lease,
            journal_count=instance.journal_count,
            version=machine.program.version if machine.program.version != instance.version else None,
            fingerprint=machine.program.fingerprint if machine.program.version != instance.version else None,
        )

    def _settled(self, machine: Machine, settle: Settle) -> None:
        """The document says it now. What it owes to others is told by the batch."""
        instance = self.instance
        self._tail_count += len(settle.history)
        self._tail_bytes += sum(map(len, settle.history))
        machine.records = []
        self.opened = machine.state.opened
        forget_unreferenced(machine.state, machine.context.values)
        self._forget_unwritten()
        news = [*instance.outbox, *settle.outbox]
        instance.waits = settle.waits
        instance.version = settle.version or instance.version
        instance.fingerprint = settle.fingerprint or instance.fingerprint
        instance.state, instance.journal, instance.journal_count = settle.state, [], 0
        instance.status, instance.reason, instance.outbox = settle.status, settle.reason, []
        self._journal_bytes, self._news, self._is_pressing = 0, [], False
        self._owed |= {entry.id for entry in news}
        self._batch.settled(instance, settle, news)

    def _journaled(self, facts: list[str]) -> None:
        self.instance.journal = [*self.instance.journal, *facts]
        self.instance.journal_count += len(facts)
        self._journal_bytes += sum(map(len, facts))

    def _forget_unwritten(self) -> None:
        self._unwritten, self._unwritten_bytes, self._acted_on, self.must_write = [], 0, 0, False

    # --- out of line ----------------------------------------------------------------------------------------------

    async def _store_blobs(self) -> None:
        """Values out of line are stored before anything refers to them."""
        if self._blobs:
            blobs: Mapping[str, bytes]
            blobs, self._blobs = self._blobs, {}
            await self._batch.put_blobs(blobs)

    async def _keep_history(self, records: Sequence[Record]) -> list[str]:
        """The records for the document's own tail; once that is full, they go to the ``steps`` collection first."""
        texts = [self._record_text(record) for record in records]
        limits = self._limits
        size = sum(map(len, texts))
        if self._tail_count + len(texts) <= limits.tail_records and self._tail_bytes + size <= limits.tail_bytes:
            return texts
        await self._batch.append_history(_chunks(self.instance, records[0].seq, texts, limits.tail_bytes * 8))
        return []

    def _record_text(self, record: Record) -> str:
        """A record of any size fits: what is large in it goes out of line."""
        text = encode_record(record)
        if len(text) <= self._limits.inline_limit:
            return text
        encoded = msgspec.json.encode(record.output)
        blob_id = content_id(f"{self._begin}/r{record.seq}", encoded)
        self._blobs[blob_id] = encoded
        return encode_record(msgspec.structs.replace(record, output=make_ref(blob_id, len(text))))


def _written(outcome: Outcome) -> bool:
    """Whether the write happened; False when the inbox was in its way."""
    match outcome:
        case "ok":
            return True
        case "inbox":
            return False
        case "lost":
            raise LeaseLostSignal
        case "too_large":
            raise TooLargeSignal


def _chunks(instance: Instance, first: int, texts: Sequence[str], most_bytes: int) -> list[HistoryChunk]:
    """Records in chunks that fit a document however large they are."""
    chunks: list[HistoryChunk] = []
    begin = size = 0
    for number, text in enumerate(texts):
        if number > begin and size + len(text) > most_bytes:
            chunks.append(HistoryChunk(instance.id, first + begin, list(texts[begin:number]), instance.epoch))
            begin, size = number, 0
        size += len(text)
    chunks.append(HistoryChunk(instance.id, first + begin, list(texts[begin:]), instance.epoch))
    return chunks
