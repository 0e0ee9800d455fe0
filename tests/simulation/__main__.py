"""``python -m tests.simulation --seeds 2000 [--first N] [--jobs 2] [--bug NAME] [--trace SEED]``."""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from collections.abc import Sequence

from tests.simulation.bugs import BUGS
from tests.simulation.campaign import Campaign, run
from tests.simulation.marks import MARKS
from tests.simulation.run import run_seed

SHOWN = 10


def main(arguments: Sequence[str] | None = None) -> int:
    """0 when no rule was broken; with a planted bug, when one was."""
    asked = _arguments(arguments)
    if asked.trace is not None:
        return _trace(asked.trace, asked.bug)
    begin = time.perf_counter()
    campaign = run(
        range(asked.first, asked.first + asked.seeds), asked.jobs, asked.bug, until_failed=asked.bug is not None
    )
    took = time.perf_counter() - begin
    print(f"{campaign.seeds} seeds in {took:.1f} s: {campaign.seeds / took * 60:.0f} a minute")
    _show_failed(campaign, asked.bug)
    if asked.marks:
        for name, meaning in MARKS.items():
            print(f"{campaign.reached[name]:6d}  {name}: {meaning}")
    if asked.bug is not None:
        return 0 if campaign.failed else 1
    return 1 if campaign.failed else 0


def _arguments(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("--seeds", type=int, default=2000, help="how many")
    parser.add_argument("--first", type=int, default=0, help="the first of them")
    parser.add_argument("--jobs", type=int, default=2, help="processes")
    parser.add_argument("--bug", choices=sorted(BUGS), help="plant a bug: stops at the first seed that finds it")
    parser.add_argument("--trace", type=int, metavar="SEED", help="run one seed and show all that happens")
    parser.add_argument("--marks", action="store_true", help="show how many runs were in which rare state")
    return parser.parse_args(arguments)


def _show_failed(campaign: Campaign, bug: str | None) -> None:
    rules = Counter(rule for verdict in campaign.failed for rule in verdict.violations)
    for rule, count in rules.most_common():
        print(f"broken in {count} runs: {rule}")
    for verdict in campaign.failed[:SHOWN]:
        for rule, what in verdict.violations.items():
            print(f"seed {verdict.seed}: {rule}: {what[:400]}")
        planted = f" --bug {bug}" if bug else ""
        print(f"  again: python -m tests.simulation --trace {verdict.seed}{planted}")


def _trace(seed: int, bug: str | None) -> int:
    world = run_seed(seed, bug)
    print(world.setting)
    print(world.profile)
    for line in world.trace.lines():
        print(line)
    for rule, what in world.violations.items():
        print(f"BROKEN {rule}: {what}")
    print(f"marks: {dict(sorted(world.marks.items()))}")
    print(f"trace {world.trace.digest}")
    return 1 if world.violations else 0


if __name__ == "__main__":
    sys.exit(main())
