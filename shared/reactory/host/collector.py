"""Python's cyclic garbage collector in a process that serves for long (``gc`` in Python's library reference).

Modules, clients and compiled definitions stay until the end, and are most of what lives. Left as it is, the collector looks
through all of them again and again: a tenth of a worker's processor time.
"""

from __future__ import annotations

import gc
from functools import cache

YOUNG = 10_000
"""New objects after which the youngest are looked through, instead of 700."""

_OLDER = 20
"""Collections of one generation after which the next is looked through as well, instead of 10."""


@cache
def spare_collector() -> None:
    """Once everything is loaded: what is there now is not looked through any more. Garbage is still found, a little later. Once
    per process, whatever calls it.
    """
    gc.collect()  # what is garbage already would be kept for good
    gc.freeze()
    gc.set_threshold(YOUNG, _OLDER, _OLDER)
