"""Rare states, by name: that a run was in one of them is noted, and a test asserts that enough runs were in each."""

from __future__ import annotations

from collections import Counter

MARKS: dict[str, str] = {
    # writes
    "ambiguous write had happened": "a write was applied, and its caller was told that nobody knows",
    "ambiguous write was lost": "the same, and it was not applied",
    "ambiguous push had happened": "the facts are in the journal though their owner was not told so",
    "ambiguous settle had happened": "the instance is settled and free though its owner was not told so",
    "ambiguous claim had happened": "somebody holds a lease and does not know it",
    "late write applied": "a write that its caller had given up arrived, and fitted",
    "late write refused": "a write that its caller had given up arrived, and did not fit any more",
    "partial batch": "some items of a bulk write were written, the others not",
    "several instances in one write": "group commit",
    "fail-over": "a call met a database without a primary",
    # leases
    "write refused": "an owner wrote without holding the lease",
    "thawed after the lease was lost": "an owner that was frozen tried to write when another had claimed the instance",
    "claimed an expired lease": "the last owner had vanished",
    "hint met a live lease": "a worker was woken for an instance that somebody else holds",
    "lease renewed": "a heartbeat",
    # the inbox
    "inbox hit at push": "a request from outside came between two facts",
    "inbox hit at settle": "a request from outside came at the last moment",
    "inbox absorbed": "requests were moved to the journal",
    # the pass
    "interrupted replay": "the fact Interrupted was recorded",
    "settled in between": "the journal was full, or a computation long",
    "handed on": "the time of a function was nearly over",
    "left to the lease": "the time of a function was over while a step was running",
    "drained": "a process was told to end while it worked",
    "killed at its time limit": "a function did not end in time",
    "body ran twice": "an attempt was made again because its result was not recorded",
    "late result ignored": "a result came that nobody waited for any more",
    # storage
    "history in chunks": "records went to the steps collection",
    "value out of line": "a value went to the blob store",
    # telling
    "told twice": "an event was published again",
    "told by another": "an owner died between settle and tell, and another published for it",
    # messages
    "message lost": "a hint was never received",
    "message doubled": "a hint was received twice",
    "redelivered": "a message came back",
    "dead letter": "a message was received in vain as often as it may be",
    "throttled": "a message found no free function",
    # guards
    "held by circuit": "a step waited for a breaker",
    "held by rate": "a step waited for its turn",
    "held by concurrency": "a step waited for a slot",
    "a breaker is open": "failures have opened a breaker",
    "a breaker is half_open": "its time was over, and somebody tried",
    "a breaker is closed": "and it went well",
    "counters out of reach": "a breaker, a rate or a slot could not be asked or told",
    "alerted": "an error of the system was told to whom it concerns",
    # events, answers, children
    "event of the future": "an event was published before its time",
    "look found an earlier event": "whoever began to wait found events that came before",
    "posted twice": "somebody was told again what stood in the inbox already",
    "post met a leased instance": "an event, an answer or a child's end came to an instance that somebody was advancing",
    "late event ignored": "an event was delivered and no wait was there for it any more",
    "late answer ignored": "the same for an answer",
    "late child ignored": "the same for the end of a child",
    "late answer refused": "who answered was told that he is too late",
    "worker stayed silent": "a worker took an activity and was not heard of for longer than it may be",
    "undone from pages": "a saga had more to undo than stays in its state",
    "parent told twice": "a child's end was told again",
    "child taken up again": "the retry of a parent reached its failed child",
    "child cancelled by its parent": "a parent did not want its child any more",
    "compensated": "a saga undid what it had done",
    "compensated across a crash": "and its owner vanished in the midst of it",
    # operators
    "paused": "an instance was paused",
    "resumed": "and resumed",
    "cancelled": "an instance was cancelled",
    "retried": "a failed instance was taken up again",
    "rewound": "an instance went back to a finished step",
    "rewound beside what goes on": "the same, in an item or a branch that has failed while the others went on",
    "rewound during a running step": "the same, while something of it may have been running",
    "migrated": "an instance went on as another version",
    "control refused": "an operator was too late",
}


class Marks(Counter[str]):
    def hit(self, name: str, times: int = 1) -> None:
        if name not in MARKS:
            raise KeyError(f"no mark is called '{name}': declare it in MARKS")
        self[name] += times
