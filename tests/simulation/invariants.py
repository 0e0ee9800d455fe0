"""What must hold when a run is over: histories, states, news and outcomes agree."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import msgspec

from reactory.definition.program import SagaConfig
from reactory.exceptions import StoreUnavailableError
from reactory.host.recovery import restore
from reactory.host.values import fetch, resolved
from reactory.kernel import paths
from reactory.kernel.effects import AttemptFailed, Emit, Load, StartChild, StatusChanged
from reactory.kernel.facts import (
    Answered,
    Begin,
    ChildEnded,
    Control,
    EventArrived,
    Fact,
    Failed,
    Held,
    Interrupted,
    Succeeded,
    Tick,
    decode_fact,
)
from reactory.kernel.machine import Machine
from reactory.kernel.records import Record, decode_record
from reactory.kernel.snapshot import decode_state
from reactory.kernel.state import State
from reactory.kernel.values import SHALLOW
from reactory.ports.store import Instance
from tests.simulation.outside import eligible
from tests.simulation.reference import undisturbed

if TYPE_CHECKING:
    from tests.simulation.chronicle import Chronicle
    from tests.simulation.world import World

_EXTERNAL = (Control, EventArrived, Answered, ChildEnded)
"""Facts that come through the inbox: the journal has them all."""

_TAKING_UP = frozenset({"resume", "retry", "rewind"})
_WAITING = frozenset({"wait_event", "user_activity", "activity", "invoke_workflow"})
_TOLD_TWICE = frozenset({("child", "for_each"), ("answer", "user_activity")})
"""Facts that end a part of a step, or one whose end has a record of its own."""

_ENDED = frozenset({"COMPLETED", "SKIPPED"})


def check(world: World) -> None:
    """Judge a run that has come to its end; what is wrong is noted in its violations."""
    judges = [_Judge(world, instance_id) for instance_id in world.started]
    comparable = world.setting.workload.deterministic and not any(judge.is_disturbed() for judge in judges)
    for judge in judges:
        try:
            judge.check(comparable=comparable)
        except StoreUnavailableError as error:
            judge.violate("whatever is referred to is stored", error.message)
    _work_items_are_open_waits(world)
    _slots_are_given_back(world)
    _events_reach_their_waits(world)


def _work_items_are_open_waits(world: World) -> None:
    """Whoever looks for work finds what is waited for, and nothing else."""
    waits = {wait.id for name in world.started for wait in world.auditor.document(name).waits if wait.kind in _ASKED}
    items = {item.id for item in world.backend.tasks._items.values() if not item.closed}
    if waits != items:
        world.auditor.violate("work items are open waits", f"items {sorted(items)}, waits {sorted(waits)}")


_ASKED = ("user", "activity")


def _slots_are_given_back(world: World) -> None:
    """EH-6: nobody keeps a slot but who died, was frozen, or could not reach the counters."""
    if world.kept and not world.trace.freezes:
        world.auditor.violate("slots are given back", f"{world.kept}")


def _events_reach_their_waits(world: World) -> None:
    """WH-9: no wait stays open for which there is an event."""
    for name in world.started:
        found = world.auditor.document(name)
        for wait in found.waits:
            missed = eligible(world, found, wait) if wait.kind == "event" else []
            if missed:
                world.auditor.violate("an event reaches who waits for it", f"{wait.id} of {name} missed {missed}")


class _Judge:
    def __init__(self, world: World, instance_id: str) -> None:
        self.world = world
        self.instance: Instance = world.auditor.document(instance_id)
        self.chronicle: Chronicle = world.auditor.chronicles[instance_id]
        self.records = self._history()

    def violate(self, rule: str, detail: str) -> None:
        self.world.auditor.violate(rule, f"{self.instance.id}: {detail}")

    def is_disturbed(self) -> bool:
        """Whether its outcome may be another than that of an undisturbed run, and rightly so."""
        if self.world.operated or self.chronicle.controls:
            return True
        if self._was_frozen_out():
            return True
        interrupted = any(record.event == "interrupted" for record in self.records)
        return interrupted and (bool(self.chronicle.order.once) or self._was_given_up())

    def check(self, *, comparable: bool) -> None:
        if self.instance.state is None:
            return  # it never began, which liveness has told
        self._history_has_no_gaps()
        self._nothing_ends_twice()
        self._finished_steps_never_run_again()
        self._every_fact_is_used_once()
        self._waits_are_satisfied_once()
        self._holds_cost_no_attempt()
        self._children_agree()
        if not self.chronicle.surgery:
            self._compensation_goes_backwards()
        machine, moves = self._replayed()
        if machine is not None:
            self._replay_gives_the_state(machine)
            self._news_match(moves)
            self._alerts_match(machine)
            self._children_are_those_asked_for(machine)
            self._events_are_those_emitted(machine)
            if comparable:
                self._outcome_is_that_of_an_undisturbed_run(machine)

    # --- the history ----------------------------------------------------------------------------------------------

    def _history(self) -> list[Record]:
        """As clients read it: the chunks of the last owner of each number, and the document's own tail."""
        store, instance = self.world.backend.instances, self.instance
        chunks = sorted(store.history(instance.id, -1, 10_000), key=lambda chunk: chunk.epoch)
        texts = [*(text for chunk in chunks for text in chunk.records), *instance.history]
        settled = 0 if instance.state is None else decode_state(instance.state).seq
        found = {record.seq: record for record in map(decode_record, texts) if record.seq < settled}
        return [found[seq] for seq in sorted(found)]

    def _history_has_no_gaps(self) -> None:
        numbers = [record.seq for record in self.records]
        assert self.instance.state is not None
        expected = decode_state(self.instance.state).seq
        if numbers != list(range(expected)):
            self.violate("the history has no gaps", f"{numbers} of {expected}")

    def _nothing_ends_twice(self) -> None:
        """Joins and containers included: each execution ends once. An operator's retry repeats nothing that ended."""
        assert self.instance.state is not None
        executions = decode_state(self.instance.state).generation + 1
        ended = [record for record in self.records if record.path and record.status in _ENDED]
        ends = Counter(record.path for record in ended if (record.event, record.type) not in _TOLD_TWICE)
        twice = sorted(path for path, count in ends.items() if count > executions)
        if twice:
            self.violate("everything ends once", f"{twice}")

    def _finished_steps_never_run_again(self) -> None:
        """Per execution: what a rewind or a saga begins anew has a generation of its own."""
        used = {
            (record.path, generation): record.attempt
            for record in self.records
            if _is_used(record) and (generation := self._generation(record)) is not None
        }
        for start in self.chronicle.starts:
            attempt = used.get((start.path, start.generation))
            if attempt is None or start.zombie:
                continue
            recorded = self.chronicle.recorded.get((start.path, attempt, start.generation))
            if recorded is None or start.event > recorded:
                self.violate(
                    "a finished step never runs again", f"{start} though its success was recorded at {recorded}"
                )

    def _generation(self, record: Record) -> int | None:
        """Of the execution whose result it is, as the body told; None where the cache may have given it."""
        if record.path and paths.step_id(record.path) in self.chronicle.order.cached:
            return None
        output = resolved(self.world.backend.blobs, record.output, self.chronicle.family)
        found = output["generation"]
        assert isinstance(found, int)
        return found

    def _every_fact_is_used_once(self) -> None:
        """What was in the journal is in the history, in that order, and each once."""
        journaled = [
            _key(fact) for fact in map(decode_fact, self.chronicle.facts) if not isinstance(fact, Begin | Tick)
        ]
        journaled = [self._stripped(key) for key in journaled]
        recorded = [self._record_key(record) for record in self.records if _is_fact(record)]
        rest = iter(recorded)
        lost = [key for key in journaled if key not in rest]  # consumes what comes before: a test of order, too
        if lost:
            self.violate("every recorded result is used once", f"not in the history, or not in this order: {lost}")
        twice = [key for key, count in Counter(k for k in recorded if _is_unique(k)).items() if count > 1]
        if twice:
            self.violate("every recorded result is used once", f"used twice: {twice}")

    def _stripped(self, key: tuple[Any, ...]) -> tuple[Any, ...]:
        """Without the generation of a step that may take another's result."""
        return (*key[:3], self.chronicle.generation(key[1], key[3])) if key[0] == "ok" else key

    def _record_key(self, record: Record) -> tuple[Any, ...]:
        match record.event:
            case "ok":
                return "ok", record.path, record.attempt, self._generation(record)
            case "failed" if not record.id:
                return "failed", record.path, record.attempt
            case "failed":
                return "answer", record.id
            case "interrupted":
                return ("Interrupted",)
            case "held":
                return "held", record.path, record.attempt, record.time
            case event:
                return event, record.id

    def _holds_cost_no_attempt(self) -> None:
        """CB-2: the next that is tried after a hold has the number that was held; executions begun anew count from 1."""
        held: dict[str, tuple[int, int]] = {}
        begun: set[str] = set()
        for record in self.records:
            if record.event == "held":
                self.world.marks.hit(f"held by {record.by}")
            if record.event == "interrupted":
                held.clear()  # what ran then may have failed with it
            if record.event == "control" and record.action in _TAKING_UP:
                for path in begun & held.keys():
                    del held[path]  # it was begun, and cut off: what is taken up is another attempt
            if record.event in ("tick", "control"):
                begun |= {path for path, (_, until) in held.items() if until <= record.at}
            if record.status == "IGNORED" or record.event not in ("held", "ok", "failed") or not record.attempt:
                continue
            begun.discard(record.path)
            expected, _ = held.pop(record.path, (record.attempt, 0))
            if record.attempt not in (expected, 1):
                self.violate("a hold costs no attempt", f"{record} after attempt {expected} was held")
            if record.event == "held":
                held[record.path] = record.attempt, record.time

    def _alerts_match(self, machine: Machine) -> None:
        """EH-7: one alert per failed attempt of category system, and no other."""
        failed = [e for e in machine.effects if isinstance(e, AttemptFailed) and e.error.category == "system"]
        expected = {f"{self.instance.id}:alert:{effect.number}:{effect.path}" for effect in failed}
        if expected:
            self.world.marks.hit("alerted")
        if expected != self.chronicle.alerts:
            self.violate("the alerts are the failures", f"told {self.chronicle.alerts}, failed {expected}")

    # --- waits, children, compensation ----------------------------------------------------------------------------

    def _waits_are_satisfied_once(self) -> None:
        """WH-9, WH-11: an event serves the waits that are open when it comes, and no later one; one answer counts."""
        events = [record.id for record in self.records if record.event == "event" and record.status != "IGNORED"]
        answers = [record.id for record in self.records if record.event in ("answer", "failed") and record.id]
        ignored = [r.id for r in self.records if r.event in ("answer", "failed") and r.id and r.status == "IGNORED"]
        twice = [key for key, count in (Counter(events) + (Counter(answers) - Counter(ignored))).items() if count > 1]
        if twice:
            self.violate("a wait is satisfied once", f"{twice}")

    def _children_agree(self) -> None:
        """A parent's step has the result that its child ended with."""
        blobs = self.world.backend.blobs
        for record in self.records:
            if record.event != "child" or record.status != "COMPLETED":
                continue
            child = self.world.auditor.document(record.id)
            state = None if child.state is None else decode_state(child.state)
            mine = resolved(blobs, record.output, self.chronicle.family)
            theirs = None if state is None else resolved(blobs, state.output, child.family)
            if child.status != "COMPLETED" or mine != theirs:
                self.violate("parent and child agree", f"{record.id} is {child.status}: {_differences(mine, theirs)}")

    def _children_are_those_asked_for(self, machine: Machine) -> None:
        """One child for each attempt."""
        asked = {effect.id for effect in machine.effects if isinstance(effect, StartChild)}
        family = map(self.world.auditor.document, self.world.started)
        there = {one.id for one in family if one.parent == self.instance.id}
        if asked != there:
            self.violate("one child per attempt", f"asked for {sorted(asked)}, there are {sorted(there)}")

    def _events_are_those_emitted(self, machine: Machine) -> None:
        emitted = {effect.id for effect in machine.effects if isinstance(effect, Emit)}
        stored = {e.id for e in self.world.backend.events._events.values() if e.source == self.instance.id}
        if emitted != stored:
            self.violate("what is emitted is published", f"emitted {sorted(emitted)}, stored {sorted(stored)}")

    def _compensation_goes_backwards(self) -> None:
        """WH-15: what a saga has finished is undone in reverse order, each once, before the saga goes on."""
        nodes = self.chronicle.program.nodes
        finished: list[str] = []
        undoing: list[str] = []
        crashed = False
        for record in self.records:
            crashed = crashed or record.event == "interrupted"
            node = nodes.get(paths.step_id(record.path)) if record.path else None
            if node is None or record.event in ("control", "interrupted"):
                continue
            if record.status == "COMPENSATING":
                undoing.append(record.path)
                crashed = False
            elif record.status == "CANCELLED" and record.path in undoing:
                undoing.remove(record.path)  # it has lost against others, or an end cut it short
            elif record.status == "COMPENSATED" and isinstance(node.config, SagaConfig):
                self.world.marks.hit("compensated")
                if crashed:
                    self.world.marks.hit("compensated across a crash")
            elif record.status == "COMPENSATED" and undoing:
                self._undone(record.path, undoing, finished)
            elif record.status == "COMPLETED" and node.compensate_with is not None:
                finished.append(record.path)
        if self.instance.status == "COMPLETED":
            left = [path for path in finished if any(path.startswith(f"{saga}/") for saga in undoing)]
            if left and not any(nodes[paths.step_id(saga)].retry for saga in undoing):
                self.violate("a compensation is complete", f"not undone: {left}")

    def _undone(self, path: str, undoing: list[str], finished: list[str]) -> None:
        if path not in finished:
            return  # it had failed, or was cut off
        saga = next(saga for saga in reversed(undoing) if path.startswith(f"{saga}/"))
        inside = [one for one in finished if one.startswith(f"{saga}/")]
        if inside[-1] != path:
            self.violate("a compensation goes backwards", f"{path} was undone before {inside[-1]}")
        finished.remove(path)

    # --- the replay -----------------------------------------------------------------------------------------------

    def _replayed(self) -> tuple[Machine | None, list[StatusChanged]]:
        """A fresh machine with the facts of the history, and the moves that it made."""
        fresh = msgspec.structs.replace(self.instance, state=None)
        machine = restore(fresh, self.chronicle.program, {})
        facts = map(decode_fact, self.chronicle.facts)
        external: deque[Fact] = deque(fact for fact in facts if isinstance(fact, _EXTERNAL))
        for record in self.records:
            if not _is_fact(record) or (record.event == "begin" and record.seq < machine.state.seq):
                continue  # who pauses an instance before it has begun makes it begin
            if record.id not in self.chronicle.hasty:
                self._drain(machine)
            if any(live.older for live in machine.state.live.values()):
                self.world.marks.hit("undone from pages")
            if machine.state.seq != record.seq:
                self.violate("a replay gives the same history", f"at {machine.state.seq} instead of {record}")
                return None, []
            fact = self._fact(machine, record, external)
            if fact is None:
                self.violate("every recorded result is used once", f"{record} comes from no fact")
                return None, []
            # what came too late to begin anything is in no history, and may have moved the clock on
            machine.state.now = max(machine.state.now, record.at)
            machine.apply(fact)
        self._drain(machine)
        return machine, [effect for effect in machine.effects if isinstance(effect, StatusChanged)]

    def _fact(self, machine: Machine, record: Record, external: deque[Fact]) -> Fact | None:
        """The fact that a record tells of; what came from outside as the journal has it."""
        key = self._record_key(record)
        if key[0] in ("event", "answer", "child", "control"):
            fact = external.popleft() if external else None
            if fact is None or _key(fact) != key:
                return None
            if isinstance(fact, Control) and fact.action == "migrate":
                wanted = fact.version, fact.fingerprint
                target = msgspec.structs.replace(self.instance, version=fact.version)
                machine.context.programs[wanted] = self.world.program(target)
            return fact
        live = machine.state.live.get(record.path)
        generation = 0 if live is None else live.generation
        if record.event == "ok":
            told = self._generation(record)
            if told is not None and record.status == "COMPLETED" and told != generation:
                self.violate("a result belongs to its execution", f"{record} was used in generation {generation}")
            generation = generation if told is None else told
        elif record.event in ("failed", "held") and record.status == "IGNORED":
            generation = -1
        return _own_fact(record, generation)

    def _drain(self, machine: Machine) -> None:
        while not machine.drain():
            last = machine.effects[-1] if machine.effects else None
            if isinstance(last, Load):
                machine.effects.pop()
                values = machine.context.values
                values[last.ref["id"]] = fetch(self.world.backend.blobs, last.ref, self.instance.family, values)

    def _replay_gives_the_state(self, machine: Machine) -> None:
        assert self.instance.state is not None
        stored = self._whole(decode_state(self.instance.state))
        again = self._whole(machine.state, machine.context.values)
        if stored != again:
            self.violate("a replay gives the same state", f"{_differences(stored, again)}")

    def _whole(self, state: State, fresh: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Without the time of the last fact: one that came too late to begin anything is in no history. ``fresh`` are the
        values out of line that only this machine has.
        """
        document = msgspec.to_builtins(state)
        for live in document.get("live", {}).values():
            for page in live.get("older", ()):
                page["ref"].pop(SHALLOW)  # what matters here is all that it says, however much of it is out of line
        whole = resolved(self.world.backend.blobs, document, self.instance.family, fresh)
        return {name: value for name, value in whole.items() if value not in ({}, None) and name != "now"}

    def _news_match(self, moves: list[StatusChanged]) -> None:
        """Everybody was told of every move, under one number each."""
        told: dict[str, dict[str, Any]] = {}
        for event in self.chronicle.published:
            seen = {name: event[name] for name in ("type", "previousStatus", "status", "reason")}
            if told.setdefault(event["id"], seen) != seen:
                self.violate("one number, one piece of news", f"{event['id']}: {told[event['id']]} and {seen}")
        expected = dict(_expected(self.instance.id, moves))
        if told != expected:
            self.violate("the news are the moves", f"told {told}, moved {expected}")
        final = moves[-1].status if moves else "PENDING"
        if final != self.instance.status:
            self.violate("the news are the moves", f"ended {self.instance.status}, moved to {final}")

    def _outcome_is_that_of_an_undisturbed_run(self, machine: Machine) -> None:
        fresh = msgspec.structs.replace(self.instance, state=None)
        if fresh.fragment is not None:
            return  # its parent's outcome shows what it did
        other, records = undisturbed(fresh, self.world.program, self.world.backend.blobs)
        blobs, owner = self.world.backend.blobs, self.instance.id
        runs = ((machine, self.records), (other, records))
        mine, theirs = (_timeless(resolved(blobs, _outcome(*run), owner, run[0].context.values)) for run in runs)
        if mine != theirs:
            self.violate("the outcome is that of an undisturbed run", f"{_differences(mine, theirs)}")

    def _was_frozen_out(self) -> bool:
        """Whether attempts were used up by time-outs that the undisturbed run does not have: a process was frozen in
        the midst of a step.
        """
        failed = (r for r in self.records if r.event == "failed" and r.type == "task" and r.error is not None)
        return self.world.trace.freezes > 0 and any(r.error.code == "step_timeout" for r in failed if r.error)

    def _was_given_up(self) -> bool:
        return any(r.error is not None and r.error.code == "step_interrupted" for r in self.records)


def _is_used(record: Record) -> bool:
    return record.event == "ok" and record.status == "COMPLETED"


def _is_fact(record: Record) -> bool:
    """Not, what the kernel has decided by itself: the time-out of a wait is an attempt's failure, but no fact."""
    if record.event == "failed":
        return bool(record.id) or record.type not in _WAITING
    return record.event != "step"


def _is_unique(key: tuple[Any, ...]) -> bool:
    if key[0] == "control":  # what a parent asks for may be sent twice, and is known by a moment of the sender's clock
        return not key[1].startswith("parent:")
    return key[0] == "ok" and key[3] is not None


def _own_fact(record: Record, generation: int) -> Fact:
    """The fact that a record of the instance's own doing tells of."""
    match record.event:
        case "begin":
            return Begin(record.at)
        case "tick":
            return Tick(record.at)
        case "interrupted":
            return Interrupted(record.at)
        case "held":
            by: Any = record.by
            return Held(record.path, record.attempt, record.at, record.time, by, record.key, generation)
        case "ok":
            return Succeeded(record.path, record.attempt, record.started, record.at, record.output, generation)
        case _:
            assert record.error is not None
            return Failed(record.path, record.attempt, record.error, record.started, record.at, generation)


def _key(fact: Fact) -> tuple[Any, ...]:
    match fact:
        case Succeeded():
            return "ok", fact.path, fact.attempt, fact.generation
        case Failed():
            return "failed", fact.path, fact.attempt
        case Held():
            return "held", fact.path, fact.attempt, fact.until
        case Control():
            return "control", fact.id
        case EventArrived():
            return "event", fact.id
        case Answered():
            return "answer", fact.wait
        case ChildEnded():
            return "child", fact.child
        case _:
            return (type(fact).__name__,)


def _expected(instance_id: str, moves: list[StatusChanged]) -> Iterator[tuple[str, dict[str, Any]]]:
    for move in moves:
        seen = {"previousStatus": move.previous, "status": move.status, "reason": move.reason}
        yield f"{instance_id}:{move.number}", {"type": "Workflow Instance Status Change", **seen}
        if move.reason is not None and move.reason.get("code") == "dead_lettered":
            yield f"{instance_id}:{move.number}.dead", {"type": "Workflow Instance Dead Lettered", **seen}
        if move.reason is not None and move.reason.get("code") == "manual_intervention":
            yield f"{instance_id}:{move.number}.manual", {"type": "Workflow Manual Intervention Required", **seen}


def _outcome(machine: Machine, records: list[Record]) -> dict[str, Any]:
    """What a user sees of the result: no times, no order of what runs side by side."""
    ended = {record.path: [record.status, record.output] for record in records if record.path}
    reason = machine.state.reason
    return {
        "status": machine.state.status,
        "reason": reason and (reason["code"]),
        "variables": machine.state.variables,
        "output": machine.state.output,
        "ended": {path: end for path, end in ended.items() if end[0] in _ENDED},
    }


def _differences(one: Any, other: Any) -> Any:
    """What differs, as deep as there are maps."""
    if not (isinstance(one, dict) and isinstance(other, dict)):
        return (one, other)
    names = [*one, *(name for name in other if name not in one)]
    return {name: _differences(one.get(name), other.get(name)) for name in names if one.get(name) != other.get(name)}


_TIMELY = ("actualDuration", "generation", "eventId", "instanceId")
"""What depends on what runs side by side: generations are counted per instance, and ids are made of them."""


def _timeless(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _timeless(entry) for key, entry in value.items() if key not in _TIMELY}
    return [_timeless(entry) for entry in value] if isinstance(value, list) else value
