"""The scope that ``assembly.captured`` took along, looked up where a step's body evaluates its expressions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any


class CapturedScope:
    """``found`` is ``[[reference, value], …]``; ``names`` go before it."""

    __slots__ = ("_roots", "names")

    def __init__(self, found: Iterable[tuple[list[str], Any]]) -> None:
        self._roots: dict[str, Any] = {}
        self.names: dict[str, Any] = {}
        for chain, value in sorted(found, key=lambda entry: len(entry[0])):
            _put(self._roots, chain, value)

    def lookup(self, root: str) -> Any:
        return self.names[root] if root in self.names else self._roots[root]

    def with_names(self, names: Mapping[str, Any]) -> CapturedScope:
        """The same, with more names."""
        scope = CapturedScope(())
        scope._roots, scope.names = self._roots, {**self.names, **names}
        return scope


def _put(roots: dict[str, Any], chain: list[str], value: Any) -> None:
    """Where a shorter reference has brought what this one leads to, nothing is to be done."""
    here = roots
    for segment in chain[:-1]:
        inner = here.get(segment, {})
        if type(inner) is not dict:
            return
        here[segment] = inner = dict(inner)
        here = inner
    here.setdefault(chain[-1], value)
