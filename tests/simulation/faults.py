"""What goes wrong, decided by the seed: how each call of a port ends, and how long everything takes.

A run does not suffer from everything at once: each seed chooses some kinds of faults and how often they come, so that
what one kind hides another run can see.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from random import Random
from typing import Literal, Protocol

Verdict = Literal[
    "done",
    "crash before",
    "crash after",
    "freeze after",
    "refused",  # nothing happened, and the caller is told so
    "unheard",  # it happened, and the caller is told that nobody knows
    "lost",  # nothing happened, and the caller is told that nobody knows
    "late",  # the same, but it happens some time later
    "partly",  # some items of a batch were written, and the caller is told that nobody knows
]

ONLY_WRITES = frozenset({"unheard", "lost", "late", "partly"})


@dataclass(frozen=True, slots=True)
class Profile:
    """Probabilities per call, message or second, and times in seconds. The default is a world without faults."""

    crash: float = 0.0
    freeze: float = 0.0
    refused: float = 0.0
    ambiguous: float = 0.0
    message_lost: float = 0.0
    message_doubled: float = 0.0
    message_late: float = 0.0
    slow: float = 0.0
    kills: float = 0.0
    drains: float = 0.0
    failovers: float = 0.0
    sweeps_missed: float = 0.0
    operators: float = 0.0
    skew_ms: int = 0
    on_thread: float = 0.0
    containers: int = 4
    function_s: tuple[float, float] = (120.0, 120.0)

    def healed(self) -> Profile:
        """No more faults. Clocks stay wrong, and functions as short as they were."""
        return replace(Profile(), skew_ms=self.skew_ms, function_s=self.function_s, containers=self.containers)


def random_profile(random: Random) -> Profile:
    def sometimes(*rates: float) -> float:
        return random.choice(rates) if random.random() < 0.4 else 0.0

    return Profile(
        crash=sometimes(0.005, 0.02, 0.06),
        freeze=sometimes(0.02, 0.08, 0.2),
        refused=sometimes(0.01, 0.05),
        ambiguous=sometimes(0.01, 0.05, 0.15),
        message_lost=sometimes(0.1, 0.5, 1.0),
        message_doubled=sometimes(0.1, 0.5),
        message_late=sometimes(0.1, 0.5),
        slow=sometimes(0.02, 0.1),
        kills=sometimes(0.02, 0.1),
        drains=sometimes(0.02, 0.1),
        failovers=sometimes(0.02, 0.05),
        sweeps_missed=sometimes(0.3, 0.8),
        operators=sometimes(0.05, 0.2, 0.5, 2.0),
        skew_ms=random.choice((0, 0, 50, 2_000, 60_000)),
        on_thread=random.choice((0.0, 0.3)),
        containers=random.choice((1, 2, 4)),
        function_s=random.choice(((120.0, 120.0), (20.0, 60.0), (14.0, 15.0))),
    )


class Faults(Protocol):
    """Decides. ``failing_over`` is set while the database has no primary; ``calm`` ends all faults."""

    profile: Profile
    random: Random
    failing_over: bool

    def verdict(self, kind: str, port: str, method: str, *, writes: bool) -> Verdict:
        """How a call of a port by a process of that kind (``worker``, ``sweeper``, …) ends."""
        ...

    def latency(self) -> float:
        """Seconds on the way to a port, or back."""
        ...

    def on_thread(self) -> bool:
        """Whether a call of several ports may be interrupted between them."""
        ...

    def freeze_s(self) -> float:
        """How long a process is frozen."""
        ...

    def late_s(self) -> float:
        """After how many seconds a write arrives that its caller has given up."""
        ...

    def part(self, items: int) -> int:
        """How many items of a bulk write are written."""
        ...

    def calm(self) -> None: ...


class RandomFaults:
    """By the profile."""

    def __init__(self, profile: Profile, random: Random) -> None:
        self.profile = profile
        self.random = random
        self.failing_over = False
        self._set(profile)

    def _set(self, profile: Profile) -> None:
        self.profile = profile
        kinds = (
            ("crash before", profile.crash / 2),
            ("crash after", profile.crash / 2),
            ("freeze after", profile.freeze),
            ("refused", profile.refused),
            ("unheard", profile.ambiguous * 0.4),
            ("lost", profile.ambiguous * 0.2),
            ("late", profile.ambiguous * 0.2),
            ("partly", profile.ambiguous * 0.2),
        )
        self._kinds: list[tuple[Verdict, float]] = [(kind, rate) for kind, rate in kinds if rate]  # type: ignore[misc]
        self._any = sum(rate for _, rate in self._kinds)

    def verdict(self, kind: str, port: str, method: str, *, writes: bool) -> Verdict:
        random = self.random
        if self.failing_over and port in ("instances", "definitions"):
            return random.choice(("refused", "refused", "unheard", "lost", "late")) if writes else "refused"
        rolled = random.random()
        if rolled >= self._any:
            return "done"
        for verdict, rate in self._kinds:
            rolled -= rate
            if rolled < 0:
                return verdict if writes or verdict not in ONLY_WRITES else "refused"
        return "done"

    def latency(self) -> float:
        random, profile = self.random, self.profile
        if profile.slow and random.random() < profile.slow:
            return random.uniform(0.1, 8.0)
        return random.random() * 0.01

    def on_thread(self) -> bool:
        return self.random.random() < self.profile.on_thread

    def freeze_s(self) -> float:
        return self.random.choice((1.0, 45.0, 70.0, 100.0)) * self.random.uniform(0.8, 1.2)

    def late_s(self) -> float:
        return self.random.choice((0.005, 0.05, 1.0, 10.0)) * self.random.random()

    def part(self, items: int) -> int:
        return self.random.randint(0, items)

    def calm(self) -> None:
        self.failing_over = False
        self._set(self.profile.healed())


class ScriptedFaults:
    """Workers crash at exactly these points: the calls of their ports are counted, and point ``2 n`` is before call n,
    ``2 n + 1`` after it. ``calls`` is how many there were.
    """

    def __init__(self, points: Collection[int] = ()) -> None:
        self.profile = Profile(containers=1)
        self.random = Random(0)
        self.failing_over = False
        self.calls = 0
        self._points = frozenset(points)

    def verdict(self, kind: str, port: str, method: str, *, writes: bool) -> Verdict:
        if kind != "worker":
            return "done"
        point = 2 * self.calls
        self.calls += 1
        if point in self._points:
            return "crash before"
        return "crash after" if point + 1 in self._points else "done"

    def latency(self) -> float:
        return 0.001

    def on_thread(self) -> bool:
        return False

    def freeze_s(self) -> float:
        return 0.0

    def late_s(self) -> float:
        return 0.0

    def part(self, items: int) -> int:
        return items

    def calm(self) -> None:
        self._points = frozenset()
