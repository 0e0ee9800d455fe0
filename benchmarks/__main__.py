"""``python -m benchmarks [--quick] [--only NAME] [--json PATH] [--workers N] [--profile]``."""

from __future__ import annotations

import argparse
import os
import platform
import sys
import tempfile
from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any, cast

from benchmarks.context import Bench, open_bench
from benchmarks.report import Figure, Report, Result, show, write_json

RESULTS = Path(__file__).parent / "results" / "latest.json"
MODULES = {
    "throughput": "benchmarks.throughput",
    "raw": "benchmarks.raw_mongo",
    "latency": "benchmarks.latency",
    "recovery": "benchmarks.recovery",
    "sweep": "benchmarks.sweep",
    "schedules": "benchmarks.schedules",
    "imports": "benchmarks.imports",
    "profile": "benchmarks.profiling",
    "events": "benchmarks.events",
    "fanout": "benchmarks.fanout",
    "crash": "benchmarks.crash",
}
EXTRA = ("profile", "fanout", "crash")
"""Run only when they are asked for."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmarks one after the other, show what they found, and keep it as JSON."""
    asked = _arguments(arguments)
    usual = [name for name in MODULES if name not in EXTRA]
    names = asked.only or [*usual, *(["profile"] if asked.profile else [])]
    results: list[Result] = []
    with (
        tempfile.TemporaryDirectory(prefix="reactory-bench-", ignore_cleanup_errors=True) as scratch,
        open_bench(Path(scratch), os.environ.get("MONGODB_URI"), quick=asked.quick, workers=asked.workers) as bench,
    ):
        for name in names:
            sys.stderr.write(f"{name} …\n")
            results.append(_benchmark(name)(bench))
        machine = _machine(bench)
    report = Report(machine, [*results, *_compare(results)])
    show(report)
    write_json(report, asked.json)
    return 0 if all(result.passed for result in results) else 1


def _arguments(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="What the engine costs here.")
    parser.add_argument("--quick", action="store_true", help="a little of everything, to see that it works")
    parser.add_argument("--only", action="append", choices=list(MODULES), help="only this one; may be repeated")
    parser.add_argument("--json", type=Path, default=RESULTS, help="where the figures are written")
    parser.add_argument("--workers", type=int, default=2, help="worker processes of the throughput")
    parser.add_argument("--profile", action="store_true", help="where a worker's time goes, beside the rest")
    return parser.parse_args(arguments)


def _benchmark(name: str) -> Callable[[Bench], Result]:
    return cast("Callable[[Bench], Result]", import_module(MODULES[name]).run)


def _machine(bench: Bench) -> dict[str, Any]:
    from reactory.adapters.mongo.client import connect

    return {
        "python": platform.python_version(),
        "mongodb": connect(bench.uri).server_info()["version"],
        "processors": os.cpu_count(),
        "load": round(os.getloadavg()[0], 1),
        "quick": bench.quick,
    }


def _compare(results: Sequence[Result]) -> list[Result]:
    """The engine's throughput as a share of what MongoDB takes in commands of that size, measured in the same run."""
    by_name = {result.name: result for result in results}
    if not {"throughput", "raw"} <= by_name.keys():
        return []
    limits = {figure.name.rpartition(" ")[2]: figure.value for figure in by_name["raw"].figures}
    shares = []
    for figure in by_name["throughput"].figures:
        limit = limits.get(figure.name.rpartition(" ")[2])
        if figure.name.startswith("steps") and limit:
            note = f"of {limit:,.0f} updates/s; five steps take seven updates: claim, four pushes, settle, told"
            shares.append(Figure(figure.name, figure.value / limit * 100, "%", "", note))
    return [Result("share of the limit", shares)]


if __name__ == "__main__":
    sys.exit(main())
