"""Compiled CEL expressions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol


class Scope(Protocol):
    """Where references are looked up. ``root`` is the first name of a reference (``input``, ``steps``, ``order`` …)."""

    def lookup(self, root: str) -> Any:
        """The value behind a root name; raises KeyError when there is none."""
        ...


class Expression:
    """One compiled expression."""

    source: str
    references: tuple[tuple[str, ...], ...]

    def evaluate(self, scope: Scope) -> Any:
        raise NotImplementedError


def compile_expression(source: str, *, names: Mapping[str, Any] | None = None) -> Expression:
    raise NotImplementedError
