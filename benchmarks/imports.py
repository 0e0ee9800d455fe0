"""Cold imports: each handler's module in a fresh interpreter with its bytecode written, as a package has it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from statistics import median

from benchmarks.context import Bench
from benchmarks.report import Figure, Result
from reactory.topology import FUNCTIONS

_PROGRAM = """
import time
began = time.perf_counter()
import {module}
imported = time.perf_counter()
from reactory.bootstrap import app
app()
print(imported - began, time.perf_counter() - began)
"""
_LINE = re.compile(r"import time:\s*(\d+) \|\s*(\d+) \|(\s*)(\S+)")
AIM = 400
HEAVIEST = 10


def run(bench: Bench) -> Result:
    repeats = 1 if bench.quick else 7
    environ = _environ(bench)
    modules = {function.name: function.handler.rpartition(".")[0] for function in FUNCTIONS}
    took: dict[str, list[tuple[float, float]]] = {}
    for name, module in modules.items():
        _run(environ, _PROGRAM.format(module=module))  # writes the bytecode
        took[name] = [_times(environ, module) for _ in range(repeats)]
    figures = []
    for name, times in took.items():
        composed = median(composed for _, composed in times)
        figures.append(
            Figure(
                name,
                median(imported for imported, _ in times),
                "ms",
                f"{AIM}",
                f"median of {repeats}; {composed:.0f} ms with the adapters",
            )
        )
    worst = max(figures, key=lambda figure: figure.value).name
    heaviest = _heaviest(environ, modules[worst])
    lines = [f"the {HEAVIEST} heaviest modules of {worst}, by own time:", *heaviest]
    return Result("imports", figures, {"milliseconds": took, "heaviest": heaviest}, lines)


def _environ(bench: Bench) -> dict[str, str]:
    """Bytecode in a folder of the benchmark's own: whatever lies beside the sources is neither used nor touched."""
    environ = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return {
        **environ,
        "PYTHONPYCACHEPREFIX": str(bench.scratch / "bytecode"),
        "REACTORY_MONGODB_URI": bench.uri,
        "AWS_LAMBDA_FUNCTION_NAME": "bench",
    }


def _run(environ: dict[str, str], program: str, *options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *options, "-c", program],
        env=environ,
        cwd=Path(__file__).parent.parent,
        capture_output=True,
        text=True,
        check=True,
    )


def _times(environ: dict[str, str], module: str) -> tuple[float, float]:
    imported, composed = _run(environ, _PROGRAM.format(module=module)).stdout.split()
    return float(imported) * 1000, float(composed) * 1000


def _heaviest(environ: dict[str, str], module: str) -> list[str]:
    """Lines of ``-X importtime``: own and cumulated milliseconds."""
    told = _run(environ, f"import {module}", "-X", "importtime").stderr
    found = [(int(own), int(cumulated), name) for own, cumulated, _, name in _LINE.findall(told)]
    found.sort(reverse=True)
    return [f"{own / 1000:7.1f} ms  {cumulated / 1000:7.1f} ms in all  {name}" for own, cumulated, name in found[:10]]
