"""Stands at the database's door: performs every call, and checks what must hold at every moment."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import takewhile
from typing import TYPE_CHECKING, Any

from reactory.adapters.memory.instances import MemoryInstances
from reactory.host.circuit_event import CIRCUIT_CHANGE
from reactory.host.outbox import ALERT, EVENT
from reactory.host.values import resolved
from reactory.kernel.facts import ChildEnded, Control, Fact, Interrupted, Succeeded, decode_fact
from reactory.kernel.records import decode_record
from reactory.kernel.snapshot import decode_state
from reactory.ports.bus import BusEvent
from reactory.ports.store import HistoryChunk, InboxEntry, Instance, Outcome, Post, Push, Settle
from reactory.steps.context import StepContext
from tests.simulation.chronicle import BodyStart, Chronicle
from tests.simulation.counts import miscounts

if TYPE_CHECKING:
    from reactory.ports.blobs import Blobs
    from tests.simulation.marks import Marks
    from tests.simulation.process import Process, TrueClock
    from tests.simulation.trace import Trace

OPEN = ("PENDING", "RUNNING")
FINAL = ("COMPLETED", "CANCELLED")
HORIZON_MS = 2_000
"""How much earlier than it is due an instance may be claimed."""


class Auditor:
    """``violations`` are the rules that were broken, each told once per instance. ``skew_ms`` is how far the clock of
    a process may be ahead.
    """

    def __init__(  # noqa: PLR0917 - what all processes share
        self, store: MemoryInstances, blobs: Blobs, clock: TrueClock, trace: Trace, marks: Marks, skew_ms: int
    ) -> None:
        self.store = store
        self.blobs = blobs
        self.clock = clock
        self.trace = trace
        self.marks = marks
        self.skew_ms = skew_ms
        self.violations: dict[str, str] = {}
        self.chronicles: dict[str, Chronicle] = {}
        self.on_create: Callable[[Instance], Chronicle]
        self._methods: dict[str, Callable[..., Any]] = {
            "create": self._create,
            "claim": self._claim,
            "push": self._push,
            "absorb": self._absorb,
            "settle": self._settle,
            "told": self._told,
            "renew": self._renew,
            "send": self._send,
            "post": self._post,
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
            if existing is None and instance.id in self.chronicles:
                self.violate("an instance is created once", instance.id)
            elif existing is None:
                self.chronicles[instance.id] = self.on_create(instance)
                self._check(instance.id)
        return found

    def _claim(
        self, process: Process, ids: Sequence[str], owner: str, lease_ms: int, horizon_ms: int
    ) -> list[Instance]:
        now = self.clock.now()
        known = [found for i in ids if (found := self.store._instances.get(i)) is not None]
        live = {found.id for found in known if (found.lease_until or 0) > now and found.lease_owner != owner}
        claimed = self.store.claim(ids, owner, lease_ms, horizon_ms)
        self.trace.note(process.name, "claim", f"{','.join(ids)} -> {','.join(c.id for c in claimed)} as {owner}")
        for instance in claimed:
            if instance.id in live:
                self.violate("one owner at a time", f"{instance.id} was claimed while its lease was live")
            self.chronicles[instance.id].holder = process.name
            if instance.interrupted:
                self.marks.hit("claimed an expired lease")
            self.chronicles[instance.id].overlooked[process.name] = False
            self._check(instance.id)
        if live:
            self.marks.hit("hint met a live lease", len(live))
        return claimed

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
        journals = [self.document(item.instance_id).journal for item in batch]
        outcomes = self.store.settle(batch)
        for item, outcome, journal in zip(batch, outcomes, journals, strict=True):
            kept = " keeping the lease" if item.keep_lease else ""
            owes = f" owes {','.join(entry.id for entry in item.outbox)}" if item.outbox else ""
            self.trace.note(process.name, "settle", f"{item.instance_id} {outcome} {item.status}{kept}{owes}")
            if outcome == "ok":
                self.chronicles[item.instance_id].hasty.update(_hasty(journal))
                self._settled(process, item)
            self._outcome(process, item, outcome, "settle")
        return outcomes

    def _told(self, process: Process, owner: str, entries: Mapping[str, Sequence[str]]) -> None:
        for instance_id, ids in entries.items():
            known = {event["id"] for event in self.chronicles[instance_id].published}
            missing = [entry for entry in ids if ":" not in entry and f"{instance_id}:{entry}" not in known]
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
        if after is not None and entry.id.startswith("parent:"):
            self.marks.hit("child taken up again" if entry.id == "parent:retry" else "child cancelled by its parent")
        self.trace.note(process.name, "send", f"{instance_id} {after is not None} {entry.fact}")
        if after is not None:
            self._check(instance_id)
        return after

    def _post(self, process: Process, batch: Sequence[Post]) -> set[str]:
        found = {item.instance_id: self.store._instances.get(item.instance_id) for item in batch}
        open_waits = {name: {wait.id for wait in one.waits} for name, one in found.items() if one is not None}
        held = {(name, entry.id) for name, one in found.items() if one is not None for entry in one.inbox}
        told = self.store.post(batch)
        for item in batch:
            heard = item.instance_id in told
            self.trace.note(process.name, "post", f"{item.instance_id} {heard} {item.entry.fact}")
            if not heard:
                continue
            if (item.instance_id, item.entry.id) in held:
                self.marks.hit("posted twice")
            elif not open_waits[item.instance_id] & set(item.waits):
                self.violate("nobody is told of what he does not wait for", f"{item.instance_id}: {item.entry.fact}")
            self._posted(item)
            self._check(item.instance_id)
        return told

    def _posted(self, item: Post) -> None:
        document = self.document(item.instance_id)
        if (document.lease_until or 0) > self.clock.now():
            self.marks.hit("post met a leased instance")
        fact = decode_fact(item.entry.fact)
        if not isinstance(fact, ChildEnded):
            return
        chronicle = self.chronicles[item.instance_id]
        if item.entry.id in chronicle.reported:
            self.marks.hit("parent told twice")
        chronicle.reported.add(item.entry.id)
        child = self.store._instances.get(fact.child)
        moves = 0 if child is None or child.state is None else decode_state(child.state).moves
        if child is not None and (fact.number > moves or (fact.number == moves and fact.status != child.status)):
            self.violate(
                "a parent is told of what is durable", f"{item.entry.fact}, but the child has moved {moves} times"
            )

    def _append_history(self, process: Process, chunks: Sequence[HistoryChunk]) -> None:
        self.store.append_history(chunks)
        for chunk in chunks:
            self.trace.note(process.name, "append_history", f"{chunk.instance_id} from {chunk.first}")
            self.marks.hit("history in chunks")
            known = self.chronicles[chunk.instance_id].chunks
            for text in chunk.records:
                known.setdefault((text, chunk.epoch), decode_record(text).seq)

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
                execution = (path, attempt, chronicle.generation(path, fact.generation))
                chronicle.recorded.setdefault(execution, len(self.trace))
                chronicle.succeeded.add(path)
            case Interrupted():
                self.marks.hit("interrupted replay")
            case Control(action=action):
                chronicle.controls += 1
                chronicle.retries_asked += action in ("retry", "rewind")
                chronicle.surgery += action in ("rewind", "migrate")
                if action == "rewind" and chronicle.is_busy():
                    self.marks.hit("rewound during a running step")
            case _:
                pass

    def _settled(self, process: Process, item: Settle) -> None:
        """Facts that were never in the journal are durable by their records."""
        chronicle = self.chronicles[item.instance_id]
        settled = decode_state(item.state)
        if settled.now > self.clock.now() + self.skew_ms:
            self.violate("no fact from the future", f"{item.instance_id} settled at {self.clock.now()}: {settled.now}")
        for miscount in miscounts(settled):
            self.violate("the counts are true", f"{item.instance_id}: {miscount}")
        if item.keep_lease:
            self.marks.hit("settled in between")
        elif item.timer_at is not None and item.timer_at <= item.updated_at:
            self.marks.hit("handed on")
        chronicle.tellers.update((f"{item.instance_id}:{entry.id}", process.name) for entry in item.outbox)
        for text in item.history:
            self._record(chronicle, text)
        for (text, epoch), seq in list(chronicle.chunks.items()):
            if seq < settled.seq and epoch == item.epoch:
                self._record(chronicle, text)
                del chronicle.chunks[text, epoch]
        self._moved(chronicle, item)

    def _record(self, chronicle: Chronicle, text: str) -> None:
        record = decode_record(text)
        if record.event == "ok" and record.status == "COMPLETED":
            output = resolved(self.blobs, record.output, chronicle.family)
            execution = (record.path, record.attempt, chronicle.generation(record.path, output["generation"]))
            chronicle.recorded.setdefault(execution, len(self.trace))
            chronicle.succeeded.add(record.path)
        elif record.event == "ok":
            self.marks.hit("late result ignored")
        elif record.event in ("event", "answer", "child") and record.status == "IGNORED":
            self.marks.hit(f"late {record.event} ignored")

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
        elif self._would_be_stranded(found, found.wake_at):
            self.violate("what is held is due", f"{instance_id} would be found at {found.wake_at} only")

    def _would_be_stranded(self, found: Instance, wake_at: int) -> bool:
        """Whether nobody would look for an open instance in time if its owner died."""
        held = found.lease_until is not None and found.status in OPEN
        return held and wake_at > self.clock.now() + self.skew_ms + HORIZON_MS

    def left(self, process: Process) -> None:
        """An invocation is over: what its process holds still runs out by itself."""
        now = self.clock.now()
        for instance_id, chronicle in self.chronicles.items():
            if chronicle.holder == process.name and (self.document(instance_id).lease_until or 0) > now:
                self.marks.hit("left to the lease")

    # --- what others do -------------------------------------------------------------------------------------------

    def body_starts(self, process: Process, context: StepContext) -> None:
        """A step's body begins."""
        chronicle = self.chronicles[context.instance_id]
        path, attempt, key = context.path, context.attempt, context.idempotency_key
        generation = context.generation
        zombie = process.last_call == "renew" and process.frozen_since
        start = BodyStart(len(self.trace), path, attempt, generation, key, process.name, zombie)
        self.trace.note(process.name, "body starts", f"{context.instance_id} {path} {attempt}")
        for other in chronicle.starts:
            same = (other.path, other.generation) == (path, generation)
            if same and other.key != key:
                self.violate("one step has one idempotency key", f"{path}: {other.key} and {key}")
            if not same and other.key == key:
                self.violate("an idempotency key has one step", f"{path} and {other.path}: {key}")
            if same and other.attempt == attempt:
                self.marks.hit("body ran twice")
                if path.rpartition("/")[2] in chronicle.order.once:
                    self.violate("at most once", f"{context.instance_id} {path} attempt {attempt} ran again")
        chronicle.starts.append(start)
        if zombie:
            return
        if chronicle.overlooked.get(process.name):
            self.violate("requests are honoured before the next step", f"{context.instance_id} {path} started")
        missing = [before for before in chronicle.order.before(path) if before not in chronicle.succeeded]
        if missing and not chronicle.surgery:
            self.violate(
                "durable before its successor starts", f"{context.instance_id} {path} started before {missing}"
            )

    def published(self, process: Process, events: Sequence[BusEvent]) -> None:
        for event in events:
            if event.detail_type == EVENT:
                self.trace.note(process.name, "publish", event.id)
                continue
            if event.detail_type == CIRCUIT_CHANGE:
                self.trace.note(process.name, "publish", event.id)
                self.marks.hit(f"a breaker is {event.detail['state']}")
                continue
            instance_id = event.id.partition(":")[0]
            chronicle = self.chronicles[instance_id]
            self.trace.note(process.name, "publish", f"{event.id} {event.detail.get('status', '')}")
            if any(known["id"] == event.id for known in chronicle.published):
                self.marks.hit("told twice")
            elif chronicle.tellers.get(event.id) != process.name:
                self.marks.hit("told by another")
            if event.detail_type == ALERT:
                chronicle.alerts.add(event.id)
                continue
            detail = {"id": event.id, "type": event.detail_type, "by": process.name, **event.detail}
            chronicle.published.append(detail)


def _hasty(journal: Sequence[str]) -> list[str]:
    """The ids of the requests that come first after a snapshot: each but the first is obeyed before what the one before
    it has left to do.
    """
    requests = takewhile(_is_hasty, map(decode_fact, journal))
    return [fact.id for fact in requests if isinstance(fact, Control)][1:]


def _is_hasty(fact: Fact) -> bool:
    return isinstance(fact, Control) and fact.action not in ("rewind", "migrate")
