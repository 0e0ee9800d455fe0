"""How bad an error is, by its category, and how loudly it is logged (EH-14)."""

from __future__ import annotations

from typing import Final, Literal, get_args

Category = Literal["network", "timeout", "validation", "permission", "resource", "system", "unknown"]
Severity = Literal["critical", "high", "medium", "low"]
LogLevel = Literal["error", "warning", "info"]

CATEGORIES: Final[tuple[Category, ...]] = get_args(Category)
"""The seven of EH-1."""

SEVERITY: Final[dict[str, Severity]] = {
    "system": "critical",
    "resource": "high",
    "permission": "high",
    "network": "medium",
    "timeout": "medium",
    "unknown": "medium",
    "validation": "low",
}

_LEVELS: Final[dict[Severity, LogLevel]] = {"critical": "error", "high": "error", "medium": "warning", "low": "info"}


def severity_of(category: str) -> Severity:
    """That of an unknown category, of which an older history may tell, is that of ``unknown``."""
    return SEVERITY.get(category, "medium")


def level_of(category: str) -> LogLevel:
    return _LEVELS[severity_of(category)]
