"""The whole template against the one in git: a change of the stack is seen in the diff of a commit (DP-1)."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any

SNAPSHOT = Path(__file__).parent / "snapshot.json"

DIGEST = re.compile(r"[0-9a-f]{64}")


def test_template_is_the_one_in_git(stack: Any) -> None:
    """DP-1: the template equals the snapshot but for the hashes of the packages.

    After a change that is meant: ``UPDATE_SNAPSHOT=1 pytest tests/infra/test_stack_snapshot.py``, and look at the diff.
    """
    masked = json.loads(DIGEST.sub("<digest>", stack.text))
    if os.environ.get("UPDATE_SNAPSHOT"):
        SNAPSHOT.write_text(json.dumps(masked, indent=1, sort_keys=True) + "\n")
    assert masked == json.loads(SNAPSHOT.read_text()), "meant? then run this test again with UPDATE_SNAPSHOT=1"
