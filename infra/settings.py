"""Where the project lies, and the context of ``cdk.json``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent


def read_context() -> dict[str, Any]:
    """Read here and not only by the CDK command line, so that the template is the same without it."""
    settings: dict[str, dict[str, Any]] = json.loads((ROOT / "cdk.json").read_text())
    return settings["context"]
