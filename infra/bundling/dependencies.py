"""The layer's third-party packages: the wheels of the lock for Lambda's platform, without what never runs there.

No Docker: uv takes wheels of another platform, and a dependency without one is an error here instead of at the first
cold start.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from infra.bundling.bytecode import VERSION
from infra.bundling.command import call

LOCK = Path("requirements") / "layer.txt"

PLATFORM = "aarch64-manylinux_2_28"

NO_CODE = ("*.pyi", "*.c", "*.h", "*.pyx", "py.typed")
"""What no interpreter reads."""

NO_USE = (".lock", "bin", "bazel-project", "pydantic/v1", "pydantic/mypy.py", "**/tests")
"""What uv leaves, scripts, the build tree that the wheel of cel-expr-python carries, the old API, plugins of tools, tests."""

KEPT_METADATA = frozenset({"METADATA", "entry_points.txt", "licenses"})

EXTENSIONS = Path("cel_expr_python") / "ext"
"""CEL's extension libraries, 4 to 7 MB each: one stays only if the library names it."""


def install(root: Path, target: Path) -> None:
    """Install exactly what the lock says, nothing that it forgot, into ``target``."""
    from uv import find_uv_bin

    platform = ["--python-platform", PLATFORM, "--python-version", VERSION, "--only-binary", ":all:"]
    options = ["--quiet", "--no-deps", "--link-mode", "copy", "--python", sys.executable, *platform]
    call([find_uv_bin(), "pip", "install", *options, "--target", str(target), "--requirement", str(root / LOCK)])


def trim(target: Path, named: str) -> None:
    """Take away what the functions never use. ``named`` is the library's source, which tells the extensions in use."""
    for pattern in NO_USE:
        for path in target.glob(pattern):
            _remove(path)
    for pattern in NO_CODE:
        for path in target.rglob(pattern):
            _remove(path)
    for info in target.glob("*.dist-info"):
        for path in info.iterdir():
            if path.name not in KEPT_METADATA:
                _remove(path)
    for path in (target / EXTENSIONS).glob("*.so"):
        if path.name.partition(".")[0] not in named:
            _remove(path)


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    elif path.exists():
        path.unlink()
