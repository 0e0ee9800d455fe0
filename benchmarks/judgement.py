"""What must not be seen in the notes of the steps, whatever was killed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator

from benchmarks.effects import Effect
from benchmarks.proof import BEFORE
from benchmarks.recorded import Attempt


def begun_again(recorded: Iterable[Attempt], happened: Iterable[Effect]) -> Iterator[str]:
    """Executions that began after a success of their step, or the end of their attempt, had been recorded (WH-1)."""
    of_key: dict[str, list[Attempt]] = defaultdict(list)
    for attempt in recorded:
        of_key[attempt.key].append(attempt)
    for effect in happened:
        if effect.phase != "begin":
            continue
        for attempt in of_key[effect.key]:
            if effect.at_ms > attempt.at and (attempt.succeeded or effect.attempt <= attempt.attempt):
                yield f"attempt {effect.attempt} of {effect.key} began again at {effect.at_ms}, after {attempt}"


def begun_out_of_order(happened: Iterable[Effect]) -> Iterator[str]:
    """Executions that began when a step that has to come after them had begun: their result had not been durable."""
    begun: dict[str, set[str]] = defaultdict(set)
    for effect in happened:
        if effect.phase != "begin":
            continue
        instance, _, path = effect.key.partition("/")
        step = path.rpartition("/")[2]
        for later in sorted(begun[instance]):
            if step in BEFORE[later]:
                yield f"attempt {effect.attempt} of {effect.key} began after step '{later}' of its instance had begun"
        begun[instance].add(step)


def begun_twice(happened: Iterable[Effect]) -> Iterator[str]:
    """Attempts that began more than once: where nothing was killed there is no reason for it."""
    first: dict[tuple[str, int], Effect] = {}
    for effect in happened:
        if effect.phase != "begin":
            continue
        known = first.setdefault((effect.key, effect.attempt), effect)
        if known is not effect:
            yield f"attempt {effect.attempt} of {effect.key} began in {known.pid} and again in {effect.pid}"
