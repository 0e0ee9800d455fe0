"""``python infra/sizes.py``: how large the layer and the functions' packages are, against Lambda's limits and ours.

A package larger than its budget ends the command with exit code 1.
"""

from __future__ import annotations

import io
import sys
import zipfile
from dataclasses import dataclass
from pathlib import Path

from infra.bundling.bytecode import VERSION, interpreter
from infra.bundling.functions import build_functions
from infra.bundling.layer import build_layer
from infra.options import ROOT, Options, read_context, read_options
from reactory import topology

MEGABYTE = 1_000_000

TOGETHER = 250 * MEGABYTE
"""Lambda's limit for a function with its layers, unzipped."""

FUNCTION = 50 * MEGABYTE
"""Our budget for a function's package beside the layer, unzipped."""


@dataclass(frozen=True, slots=True)
class Size:
    """Bytes of a folder as it lies and as it is uploaded."""

    files: int
    unzipped: int
    zipped: int


def measure(folder: Path) -> Size:
    """The size of a package."""
    paths = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in paths:
            archive.write(path, path.relative_to(folder))
    return Size(len(paths), sum(path.stat().st_size for path in paths), len(buffer.getvalue()))


def over_budget(layer: Size, function: Size) -> list[str]:
    """What is too large, and by which measure."""
    problems = []
    if function.unzipped > FUNCTION:
        problems.append(f"a function's package has more than {FUNCTION // MEGABYTE} MB unzipped")
    if layer.unzipped + function.unzipped > TOGETHER:
        problems.append(f"layer and function together have more than {TOGETHER // MEGABYTE} MB unzipped")
    return problems


def report(options: Options) -> tuple[list[str], list[str]]:
    """The lines of the table, and what is over its budget."""
    layer = measure(build_layer(ROOT).path)
    function = measure(build_functions(ROOT, options.modules).path)
    together = Size(layer.files + function.files, layer.unzipped + function.unzipped, layer.zipped + function.zipped)
    rows = [("layer", layer), *((spec.name, function) for spec in topology.FUNCTIONS), ("function and layer", together)]
    lines = [f"{'package':<20}{'files':>8}{'unzipped MB':>14}{'zipped MB':>12}"]
    lines += [
        f"{name:<20}{size.files:>8}{size.unzipped / MEGABYTE:>14.2f}{size.zipped / MEGABYTE:>12.2f}"
        for name, size in rows
    ]
    python = interpreter()
    lines.append(f"bytecode of Python {VERSION}: " + ("included" if python else f"none, no python{VERSION} was found"))
    return lines, over_budget(layer, function)


def main() -> int:
    """Print the table; 1 if something is over its budget."""
    lines, problems = report(read_options(read_context().get))
    sys.stdout.write("\n".join(lines) + "\n")
    for problem in problems:
        sys.stderr.write(f"too large: {problem}\n")
    return 1 if problems else 0


if __name__ == "__main__":
    raise SystemExit(main())
