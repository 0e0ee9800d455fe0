"""Tests of workflows in milliseconds: the whole engine in memory, with a clock that moves when it is told to.

As a pytest plugin it gives the fixture ``reactory``; without pytest, use ``WorkflowTester`` itself.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from reactory.testing.run import NotFinishedError, Run
    from reactory.testing.tester import WorkflowTester

__all__ = ["NotFinishedError", "Run", "WorkflowTester"]

_HOMES = {
    "NotFinishedError": "reactory.testing.run",
    "Run": "reactory.testing.run",
    "WorkflowTester": "reactory.testing.tester",
}


def __getattr__(name: str) -> Any:
    """Looked up when it is used: pytest imports this package at every start, in projects with other tests too."""
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'reactory.testing' has no attribute {name!r}")
    return getattr(import_module(home), name)
