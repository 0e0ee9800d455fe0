"""What must hold when a run is over: histories, states, news and outcomes agree."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import msgspec

from reactory.exceptions import StoreUnavailableError
from reactory.host.recovery import restore
from reactory.host.values import fetch, resolved
from reactory.kernel.effects import Load, StatusChanged
from reactory.kernel.facts import Begin, Control, Fact, Failed, Interrupted, Succeeded, Tick, decode_fact
from reactory.kernel.machine import Machine
from reactory.kernel.records import Record, decode_record
from reactory.kernel.snapshot import decode_state
from reactory.ports.store import Instance
from tests.simulation.reference import undisturbed

if TYPE_CHECKING:
    from tests.simulation.chronicle import Chronicle
    from tests.simulation.world import World

_FACTS = frozenset({"begin", "tick", "ok", "failed", "interrupted", "control"})
_ENDED = frozenset({"COMPLETED", "SKIPPED"})


def check(world: World) -> None:
    """Judge a run that has come to its end; what is wrong is noted in its violations."""
    for instance_id in world.started:
        judge = _Judge(world, instance_id)
        try:
            judge.check()
        except StoreUnavailableError as error:
            judge.violate("whatever is referred to is stored", error.message)


class _Judge:
    def __init__(self, world: World, instance_id: str) -> None:
        self.world = world
        self.instance: Instance = world.auditor.document(instance_id)
        self.chronicle: Chronicle = world.auditor.chronicles[instance_id]
        self.records = self._history()

    def violate(self, rule: str, detail: str) -> None:
        self.world.auditor.violate(rule, f"{self.instance.id}: {detail}")

    def check(self) -> None:
        if self.instance.state is None:
            return  # it never began, which liveness has told
        self._history_has_no_gaps()
        self._nothing_ends_twice()
        self._finished_steps_never_run_again()
        self._every_fact_is_used_once()
        machine, moves = self._replayed()
        if machine is not None:
            self._replay_gives_the_state(machine)
            self._news_match(moves)
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
        ends = Counter(record.path for record in self.records if record.path and record.status in _ENDED)
        twice = sorted(path for path, count in ends.items() if count > 1)
        if twice:
            self.violate("everything ends once", f"{twice}")

    def _finished_steps_never_run_again(self) -> None:
        used = {record.path: record.attempt for record in self.records if _is_used(record)}
        for start in self.chronicle.starts:
            attempt = used.get(start.path)
            if attempt is None or start.zombie:
                continue
            recorded = self.chronicle.recorded.get((start.path, attempt))
            if recorded is None or start.event > recorded:
                self.violate(
                    "a finished step never runs again", f"{start} though its success was recorded at {recorded}"
                )

    def _every_fact_is_used_once(self) -> None:
        """What was in the journal is in the history, in that order, and each once."""
        journaled = [
            _key(fact) for fact in map(decode_fact, self.chronicle.facts) if not isinstance(fact, Begin | Tick)
        ]
        recorded = [_key(_fact(record)) for record in self.records if record.event in _FACTS]
        rest = iter(recorded)
        lost = [key for key in journaled if key not in rest]  # consumes what comes before: a test of order, too
        if lost:
            self.violate("every recorded result is used once", f"not in the history, or not in this order: {lost}")
        twice = [key for key, count in Counter(k for k in recorded if k[0] in ("ok", "control")).items() if count > 1]
        if twice:
            self.violate("every recorded result is used once", f"used twice: {twice}")

    # --- the replay -----------------------------------------------------------------------------------------------

    def _replayed(self) -> tuple[Machine | None, list[StatusChanged]]:
        """A fresh machine with the facts of the history, and the moves that it made."""
        fresh = msgspec.structs.replace(self.instance, state=None)
        machine = restore(fresh, self.chronicle.program, {})
        for record in self.records:
            if record.event not in _FACTS or (record.event == "begin" and record.seq < machine.state.seq):
                continue  # who pauses an instance before it has begun makes it begin
            if record.id not in self.chronicle.hasty:
                self._drain(machine)
            if machine.state.seq != record.seq:
                self.violate("a replay gives the same history", f"at {machine.state.seq} instead of {record}")
                return None, []
            machine.apply(_fact(record))
        self._drain(machine)
        return machine, [effect for effect in machine.effects if isinstance(effect, StatusChanged)]

    def _drain(self, machine: Machine) -> None:
        while not machine.drain():
            last = machine.effects[-1] if machine.effects else None
            if isinstance(last, Load):
                machine.effects.pop()
                values = machine.context.values
                values[last.ref["id"]] = fetch(self.world.backend.blobs, last.ref, self.instance.id, values)

    def _replay_gives_the_state(self, machine: Machine) -> None:
        assert self.instance.state is not None
        stored = self._whole(decode_state(self.instance.state))
        again = self._whole(machine.state)
        if stored != again:
            self.violate("a replay gives the same state", f"{_differences(stored, again)}")

    def _whole(self, state: Any) -> dict[str, Any]:
        """Without the time of the last fact: one that came too late to begin anything is in no history."""
        whole = resolved(self.world.backend.blobs, msgspec.to_builtins(state), self.instance.id)
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
        if self.world.operated or not self.world.setting.workload.deterministic or self.chronicle.controls:
            return
        interrupted = any(record.event == "interrupted" for record in self.records)
        if interrupted and (self.chronicle.order.once or self._was_given_up()):
            return
        fresh = msgspec.structs.replace(self.instance, state=None)
        other, records = undisturbed(fresh, self.chronicle.program)
        blobs, owner = self.world.backend.blobs, self.instance.id
        runs = ((machine, self.records), (other, records))
        mine, theirs = (_timeless(resolved(blobs, _outcome(*run), owner)) for run in runs)
        if mine != theirs:
            self.violate("the outcome is that of an undisturbed run", f"{_differences(mine, theirs)}")

    def _was_given_up(self) -> bool:
        return any(r.error is not None and r.error.code == "step_interrupted" for r in self.records)


def _is_used(record: Record) -> bool:
    return record.event == "ok" and record.status == "COMPLETED"


def _fact(record: Record) -> Fact:
    """The fact that a record tells of."""
    match record.event:
        case "begin":
            return Begin(record.at)
        case "tick":
            return Tick(record.at)
        case "interrupted":
            return Interrupted(record.at)
        case "ok":
            return Succeeded(record.path, record.attempt, record.started, record.at, record.output)
        case "failed":
            assert record.error is not None
            return Failed(record.path, record.attempt, record.error, record.started, record.at)
        case _:
            action: Any = record.action
            return Control(record.id, action, record.at, record.reason, record.by)


def _key(fact: Fact) -> tuple[Any, ...]:
    match fact:
        case Succeeded():
            return "ok", fact.path, fact.attempt
        case Failed():
            return "failed", fact.path, fact.attempt
        case Control():
            return "control", fact.id
        case _:
            return (type(fact).__name__,)


def _expected(instance_id: str, moves: list[StatusChanged]) -> Iterator[tuple[str, dict[str, Any]]]:
    for move in moves:
        seen = {"previousStatus": move.previous, "status": move.status, "reason": move.reason}
        yield f"{instance_id}:{move.number}", {"type": "Workflow Instance Status Change", **seen}
        if move.reason is not None and move.reason.get("code") == "dead_lettered":
            yield f"{instance_id}:{move.number}.dead", {"type": "Workflow Instance Dead Lettered", **seen}


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


def _timeless(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _timeless(entry) for key, entry in value.items() if key != "actualDuration"}
    return [_timeless(entry) for entry in value] if isinstance(value, list) else value
