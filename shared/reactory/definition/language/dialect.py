"""How JavaScript spells what CEL has, and the hints for what neither of them has."""

from __future__ import annotations

from collections.abc import Iterable

OPERATORS = {"===": "==", "!==": "!="}

ROOTS = {"stepResults": "steps"}
"""Other names that the original has for what expressions refer to."""

NULLS = frozenset({"null", "undefined"})

TYPE_NAMES = frozenset(
    {"int", "uint", "double", "bool", "string", "bytes", "list", "map", "null_type", "type"},
)

_WORDS = {
    "and": "use && for 'and'",
    "AND": "use && for 'and'",
    "or": "use || for 'or'",
    "OR": "use || for 'or'",
    "not": "use ! for 'not'",
    "NOT": "use ! for 'not'",
    "is": "use == to compare",
    "if": "use condition ? value : other",
    "else": "use condition ? value : other",
    "typeof": "use type(x) == string",
    "instanceof": "use type(x) == string",
    "function": "use items.map(item, expression)",
    "new": "use timestamp('2026-01-31T12:00:00Z') or duration('1h')",
}


def word_hint(*words: str) -> str:
    """A hint, if one of the words around an unexpected token comes from another language."""
    for word in words:
        if word in _WORDS:
            return ": " + _WORDS[word]
    return ""


def unknown_function(name: str, known: Iterable[str]) -> str:
    if name in ("now", "Date.now"):
        return "there is no now(): take the time from workflow.startedAt or from a step's output"
    names = sorted(known)
    import difflib  # only errors need it

    near = difflib.get_close_matches(name, names, n=3, cutoff=0.5)
    near += [other for other in names if other.lower() == name.lower() and other not in near]
    hint = f": did you mean {' or '.join(near)}?" if near else f"; there are: {', '.join(names)}"
    return f"there is no function {name}(){hint}"


def is_foreign_word(name: str) -> bool:
    return name in _WORDS
