"""A process that serves for long: its heap is looked through less often, and garbage still goes."""

from __future__ import annotations

import subprocess
import sys

PROGRAM = """
import gc, weakref
from reactory.host.collector import YOUNG, spare_collector

class Knot:
    pass

def tie():
    knot = Knot()
    knot.itself = knot
    return weakref.ref(knot)

before = tie()
spare_collector()
frozen = gc.get_freeze_count()
spare_collector()
after = tie()
assert frozen > 1000 and gc.get_freeze_count() <= frozen, "what was there is left alone, and only that"
assert before() is None, "what was garbage is gone"
kept = [[number] for number in range(2 * YOUNG)]
assert after() is None, "what becomes garbage goes by itself"
"""


def test_what_was_loaded_is_left_alone_and_garbage_goes() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=False)
    assert not done.returncode, done.stderr
