"""Stands at the database's door: performs every call, and checks what must hold at every moment."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from reactory.adapters.memory.instances import MemoryInstances
from reactory.host.outbox import BUS_KINDS, EVENT
from reactory.kernel.facts import Control, Fact, Interrupted, Succeeded, decode_fact
from reactory.kernel.records import Record, decode_record
from reactory.ports.bus import BusEvent
from reactory.ports.store import HistoryChunk, InboxEntry, Instance, Outcome, Push, Settle
from reactory.steps.context import StepContext
from tests.simulation.chronicle import BodyStart, Chronicle

if TYPE_CHECKING:
    from tests.simulation.marks import Marks
    from tests.simulation.process import Process, TrueClock
    from tests.simulation.trace import Trace

OPEN = ("PENDING", "RUNNING")
FINAL = ("COMPLETED", "CANCELLED")


class _Settled(msgspec.Struct):
    """What the checks want to know of a snapshot."""

    seq: int = 0
    now: int = 0


_SETTLED = msgspec.json.Decoder(_Settled)


class Auditor:
    """``violations`` are the rules that were broken, each with what broke it first. ``skew_ms`` is how far the clock of
    a process may be ahead. ``unwritten`` holds, by the settle's id, the facts that it covers beside the journal.
    """

    def __init__(self, store: MemoryInstances, clock: TrueClock, trace: Trace, marks: Marks, skew_ms: int) -> None:
        self.store = store
        self.clock = clock
        self.trace = trace
        self.marks = marks
        self.skew_ms = skew_ms
        self.violations: dict[str, str] = {}
        self.chronicles: dict[str, Chronicle] = {}
        self.unwritten: dict[int, tuple[Settle, list[str]]] = {}
        self.on_create: Callable[[Instance], Chronicle]
        self.on_write: Callable[[str], None] = lambda _instance_id: None
        self._methods: dict[str, Callable[..., Any]] = {
            "create": self._create,
            "claim": self._claim,
            "reclaim": self._reclaim,
            "push": self._push,
            "absorb": self._absorb,
            "settle": self._settle,
            "told": self._told,
            "renew": self._renew,
            "send": self._send,
            "append_history": self._append_history,
        }

    def violate(self, rule: str, detail: str) -> None:
        if rule not in self.violations:
            self.violations[rule] = detail
            self.trace.note("!", "VIOLATION", f"{rule}: {detail}")

    def perform(self, process: Process, method: str, args: tuple[Any, ...]) -> Any:
        """The effect of one call on the instances."""
        special = self._methods.get(method)
        if special is None:
            self.trace.note(process.name, method)
            return getattr(self.store, method)(*args)
        return special(process, *args)

    def document(self, instance_id: str) -> Instance:
        """The stored document itself, not a copy."""
        return self.store._instances[instance_id]

    # --- what the store does --------------------------------------------------------------------------------------

    def _create(self, process: Process, instances: Sequence[Instance]) -> list[Instance | None]:
        found = self.store.create(instances)
        for instance, existing in zip(instances, found, strict=True):
            self.trace.note(process.name, "create", instance.id)
            if existing is None:
                self.chronicles[instance.id] = self.on_create(instance)
                self._check(instance.id)
        return found

    def _claim(
        self, process: Process, ids: Sequence[str], owner: str, lease_ms: int, horizon_ms: int
    ) -> list[Instance]:
        now = self.clock.now()
        live = {i for i in ids if (found := self.store._instances.get(i)) and (found.lease_until or 0) > now}
        claimed = self.store.claim(ids, owner, lease_ms, horizon_ms)
        self.trace.note(process.name, "claim", f"{','.join(ids)} -> {','.join(c.id for c in claimed)} as {owner}")
        for instance in claimed:
            if instance.id in live:
                self.violate("one owner at a time", f"{instance.id} was claimed while its lease was live")
            if instance.interrupted:
                self.marks.hit("claimed an expired lease")
            chronicle = self.chronicles[instance.id]
            chronicle.overlooked[process.name], chronicle.holder = False, process.name
            self._check(instance.id)
        if live:
            self.marks.hit("hint met a live lease", len(live))
        return claimed

    def _reclaim(self, process: Process, instance_id: str, epoch: int, owner: str, lease_ms: int) -> Instance | None:
        taken = self.store.reclaim(instance_id, epoch, owner, lease_ms)
        self.trace.note(process.name, "reclaim", f"{instance_id} {taken is not None}")
        if taken is None:
            self.marks.hit("write refused")
            return None
        self.chronicles[instance_id].overlooked[process.name] = False
        self._check(instance_id)
        return taken

    def _push(self, process: Process, batch: Sequence[Push]) -> list[Outcome]:
        if len(batch) > 1:
            self.marks.hit("several instances in one write")
        outcomes = self.store.push(batch)
        for item, outcome in zip(batch, outcomes, strict=True):
            self.trace.note(process.name, "push", f"{item.instance_id} {outcome} {' '.join(item.facts)}")
            if outcome == "ok":
                self._journaled(process, item, item.facts)
            self._outcome(process, item, outcome, "push")
        return outcomes

    def _absorb(self, process: Process, push: Push) -> list[InboxEntry] | None:
        entries = self.store.absorb(push)
        texts = [*push.facts, *(entry.fact for entry in entries or ())]
        self.trace.note(process.name, "absorb", f"{push.instance_id} {entries is not None} {' '.join(texts)}")
        if entries is not None:
            self._journaled(process, push, texts)
            if entries:
                self.marks.hit("inbox absorbed")
        self._outcome(process, push, "lost" if entries is None else "ok", "absorb")
        return entries

    def _settle(self, process: Process, batch: Sequence[Settle]) -> list[Outcome]:
        if len(batch) > 1:
            self.marks.hit("several instances in one write")
        journals = [[*self.document(item.instance_id).journal] for item in batch]
        outcomes = self.store.settle(batch)
        for item, outcome, journal in zip(batch, outcomes, journals, strict=True):
            kept = " keeping the lease" if item.keep_lease else ""
            owes = f" owes {','.join(entry.id for entry in item.outbox)}" if item.outbox else ""
            self.trace.note(process.name, "settle", f"{item.instance_id} {outcome} {item.status}{kept}{owes}")
            if outcome == "ok":
                self._settled(item, journal)
                self.chronicles[item.instance_id].teller = process.name
            self._outcome(process, item, outcome, "settle")
        return outcomes

    def _told(self, process: Process, owner: str, entries: Mapping[str, Sequence[str]]) -> None:
        for instance_id, ids in entries.items():
            known = {event["id"] for event in self.chronicles[instance_id].published}
            owed = {entry.id for entry in self.document(instance_id).outbox if entry.kind in BUS_KINDS}
            missing = [entry for entry in ids if entry in owed and f"{instance_id}:{entry}" not in known]
            if missing:
                self.violate("nothing is struck off untold", f"{instance_id}: {missing}")
            self.trace.note(process.name, "told", f"{instance_id} {','.join(ids)}")
        self.store.told(owner, entries)
        for instance_id in entries:
            self._check(instance_id)

    def _renew(self, process: Process, ids: Sequence[str], owner: str, lease_ms: int) -> set[str]:
        held = self.store.renew(ids, owner, lease_ms)
        self.trace.note(process.name, "renew", f"{','.join(ids)} -> {','.join(sorted(held))}")
        if held:
            self.marks.hit("lease renewed")
        return held

    def _send(
        self, process: Process, instance_id: str, entry: InboxEntry, statuses: Sequence[str] | None = None
    ) -> Instance | None:
        after = self.store.send(instance_id, entry, statuses)
        self.trace.note(process.name, "send", f"{instance_id} {after is not None} {entry.fact}")
        if after is not None:
            self._check(instance_id)
        return after

    def _append_history(self, process: Process, chunks: Sequence[HistoryChunk]) -> None:
        self.store.append_history(chunks)
        for chunk in chunks:
            self.trace.note(process.name, "append_history", f"{chunk.instance_id} from {chunk.first}")
            self.marks.hit("history in chunks")

    # --- what must hold -------------------------------------------------------------------------------------------

    def _outcome(self, process: Process, item: Push | Settle, outcome: Outcome, method: str) -> None:
        chronicle = self.chronicles[item.instance_id]
        document = self.document(item.instance_id)
        if outcome == "lost":
            self.marks.hit("write refused")
            if process.freezes and document.epoch > item.epoch:
                self.marks.hit("thawed after the lease was lost")
            return
        if outcome == "inbox":
            self.marks.hit("inbox hit at push" if method == "push" else "inbox hit at settle")
            return
        if document.epoch != item.epoch:
            self.violate(
                "no write under an old epoch", f"{process.name} wrote {item.instance_id} under {item.epoch} by {method}"
            )
        writer = chronicle.owners.setdefault(item.epoch, item.owner)
        if writer != item.owner:
            self.violate("one owner per epoch", f"{item.instance_id}: {writer} and {item.owner} in epoch {item.epoch}")
        chronicle.overlooked[process.name] = bool(document.inbox)
        self.on_write(item.instance_id)
        self._check(item.instance_id)

    def _journaled(self, process: Process, item: Push, texts: Sequence[str]) -> None:
        chronicle = self.chronicles[item.instance_id]
        chronicle.facts += texts
        for text in texts:
            fact = decode_fact(text)
            self._recorded(chronicle, fact)
            if fact.at > self.clock.now() + self.skew_ms:
                self.violate("no fact from the future", f"{item.instance_id}: {text} at {self.clock.now()}")

    def _recorded(self, chronicle: Chronicle, fact: Fact) -> None:
        match fact:
            case Succeeded(path=path, attempt=attempt):
                chronicle.recorded.setdefault((path, attempt), len(self.trace))
                chronicle.succeeded.add(path)
            case Interrupted():
                self.marks.hit("interrupted replay")
            case Control(action=action):
                chronicle.controls += 1
                chronicle.retries_asked += action == "retry"
            case _:
                pass

    def _settled(self, item: Settle, journal: list[str]) -> None:
        """Facts that were never in the journal are durable by their records."""
        chronicle = self.chronicles[item.instance_id]
        chronicle.applied += [*journal, *self.unwritten.get(id(item), (item, []))[1]]
        chronicle.given_up = chronicle.given_up or id(item) not in self.unwritten
        settled = _SETTLED.decode(item.state)
        if settled.now > self.clock.now() + self.skew_ms:
            self.violate("no fact from the future", f"{item.instance_id} settled at {self.clock.now()}: {settled.now}")
        if item.keep_lease:
            self.marks.hit("settled in between")
        elif item.status == "RUNNING" and item.timer_at is not None and item.timer_at <= item.updated_at:
            self.marks.hit("handed on")
        for record in self._new_records(item, chronicle.seen, settled.seq):
            self._record(chronicle, record)
        chronicle.seen = settled.seq
        self._moved(chronicle, item)

    def _new_records(self, item: Settle, begin: int, end: int) -> list[Record]:
        """Those that this settle makes true: in the tail, or in a chunk that nobody has replaced."""
        chunks = self.store._steps.get(item.instance_id, {}).values()
        found: dict[int, str] = {}
        for chunk in sorted(chunks, key=lambda chunk: chunk.epoch):
            found |= {n: text for n, text in enumerate(chunk.records, chunk.first) if begin <= n < end}
        records = {seq: decode_record(text) for seq, text in found.items()}
        tail = [decode_record(text) for text in item.history]
        return [*(records | {record.seq: record for record in tail}).values()]

    def _record(self, chronicle: Chronicle, record: Record) -> None:
        if record.event == "ok" and record.status == "COMPLETED":
            chronicle.recorded.setdefault((record.path, record.attempt), len(self.trace))
            chronicle.succeeded.add(record.path)
        elif record.event == "ok":
            self.marks.hit("late result ignored")

    def _moved(self, chronicle: Chronicle, item: Settle) -> None:
        before, after = chronicle.status, item.status
        chronicle.status = after
        if before in FINAL and after != before:
            self.violate("a terminal status stays", f"{item.instance_id}: {before} became {after}")
        if before == "FAILED" and after != "FAILED":
            chronicle.retries_asked -= 1
            if chronicle.retries_asked < 0:
                self.violate("a terminal status stays", f"{item.instance_id}: FAILED became {after} without a retry")

    def _check(self, instance_id: str) -> None:
        """No open instance, no unread request and no untold news without a wake-up."""
        found = self.document(instance_id)
        owes = bool(found.inbox or found.outbox)
        if found.wake_at is None:
            if owes or (found.status in OPEN and not found.waits):
                what = f"status {found.status}, inbox {len(found.inbox)}, outbox {len(found.outbox)}"
                self.violate("everything open has a wake-up", f"{instance_id}: {what}")
        elif owes and found.wake_at > self.clock.now() + self.skew_ms:
            self.violate("what is owed is due", f"{instance_id} wakes at {found.wake_at}, now {self.clock.now()}")

    # --- what others do -------------------------------------------------------------------------------------------

    def body_starts(self, process: Process, context: StepContext) -> None:
        """A step's body begins."""
        chronicle = self.chronicles[context.instance_id]
        path, attempt, key = context.path, context.attempt, context.idempotency_key
        zombie = process.last_call == "renew" and process.frozen_since
        start = BodyStart(len(self.trace), path, attempt, key, process.name, zombie)
        self.trace.note(process.name, "body starts", f"{context.instance_id} {path} {attempt}")
        for other in chronicle.starts:
            if other.path == path and other.key != key:
                self.violate("one step has one idempotency key", f"{path}: {other.key} and {key}")
            if (other.path == path) != (other.key == key):
                self.violate("an idempotency key has one step", f"{path} and {other.path}: {key}")
            if (other.path, other.attempt) == (path, attempt):
                self.marks.hit("body ran twice")
                if path.rpartition("/")[2] in chronicle.order.once:
                    self.violate("at most once", f"{context.instance_id} {path} attempt {attempt} ran again")
        chronicle.starts.append(start)
        if zombie:
            return
        if chronicle.holder != process.name:
            self.violate("no step starts without the lease", f"{context.instance_id} {path} by {process.name}")
        if chronicle.overlooked.get(process.name):
            self.violate("requests are honoured before the next step", f"{context.instance_id} {path} started")
        missing = [before for before in chronicle.order.before(path) if before not in chronicle.succeeded]
        if missing:
            self.violate(
                "durable before its successor starts", f"{context.instance_id} {path} started before {missing}"
            )

    def published(self, process: Process, events: Sequence[BusEvent]) -> None:
        for event in events:
            if event.detail_type == EVENT:
                self.trace.note(process.name, "publish", f"{event.id} {event.detail['name']}")
                continue
            instance_id = event.id.rpartition(":")[0]
            chronicle = self.chronicles[instance_id]
            self.trace.note(process.name, "publish", f"{event.id} {event.detail['status']}")
            if any(known["id"] == event.id for known in chronicle.published):
                self.marks.hit("told twice")
            elif chronicle.teller != process.name:
                self.marks.hit("told by another")
            detail = {"id": event.id, "type": event.detail_type, "by": process.name, **event.detail}
            chronicle.published.append(detail)
