"""``python -m tests.simulation``: run seeds, tell what they violate; with ``--trace`` show all that happened in one."""

from __future__ import annotations

import argparse
import sys
import time

from tests.simulation.bugs import BUGS, planted
from tests.simulation.driver import Report, hunt, simulate, told
from tests.simulation.flows import FLOWS
from tests.simulation.marks import MARKS
from tests.simulation.run import run_seed
from tests.simulation.sweep import every_pair

MOST_TOLD = 5


def main() -> int:
    options = _options()
    if options.trace:
        return _trace(options.first, options.bug)
    if options.bugs:
        return _table(options.seeds, options.jobs)
    if options.sweep:
        return _sweep()
    began = time.perf_counter()
    report = Report()
    for verdict in simulate(options.first, options.seeds, options.jobs, options.bug):
        report.add(verdict)
        if verdict.violations and len(report.failed) <= MOST_TOLD:
            print(told(verdict, options.bug), flush=True)
        if options.bug is not None and verdict.violations:
            break
    seconds = time.perf_counter() - began
    rate = report.seeds / seconds * 60
    print(f"{report.seeds} seeds in {seconds:.1f} s ({rate:.0f} a minute), {len(report.failed)} violate something")
    if options.marks:
        print("\n".join(f"{report.marks[name]:7d}  {name}: {meaning}" for name, meaning in MARKS.items()))
    return 1 if report.failed else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("--seeds", type=int, default=2000, help="how many seeds")
    parser.add_argument("--first", type=int, default=0, help="the first of them")
    parser.add_argument("--jobs", type=int, default=2, help="processes")
    parser.add_argument("--bug", choices=sorted(BUGS), help="plant this bug, and stop when it is found")
    parser.add_argument(
        "--bugs", action="store_true", help="hunt every planted bug, and tell which seed finds it first"
    )
    parser.add_argument(
        "--sweep", action="store_true", help="crash at every pair of calls of the flows written by hand"
    )
    parser.add_argument("--marks", action="store_true", help="tell which rare states were seen in how many seeds")
    parser.add_argument("--trace", action="store_true", help="show all that happens in the first seed")
    return parser.parse_args()


def _table(seeds: int, jobs: int) -> int:
    missed = 0
    for bug, verdict in hunt(seeds, jobs):
        missed += verdict is None
        found = "not found" if verdict is None else f"{verdict.seed:6d}  {next(iter(verdict.violations))}"
        print(f"{bug:60s} {found}", flush=True)
    return 1 if missed else 0


def _sweep() -> int:
    failed = 0
    for flow in FLOWS:
        pairs, found = every_pair(flow)
        failed += len(found)
        print(f"{flow.name:12s} {pairs:6d} pairs, {len(found)} violate something", flush=True)
        for points, violations in list(found.items())[:1]:
            print(f"  {points}: {violations}", flush=True)
    return 1 if failed else 0


def _trace(seed: int, bug: str | None) -> int:
    with planted(bug):
        world = run_seed(seed)
    for document in world.setting.workload.documents:
        print(document)
    for line in world.trace.lines():
        print(line)
    print(f"trace {world.trace.digest}")
    for rule, detail in world.violations.items():
        print(f"{rule}: {detail}")
    return 1 if world.violations else 0


if __name__ == "__main__":
    sys.exit(main())
