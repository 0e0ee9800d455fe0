"""The names that an expression may call, with how many arguments each takes. There are no others: no builtins, no
attributes, and no now(), because the same facts must always give the same result.

Those in ``FROM_CEL`` are evaluated by CEL, all others by library. Those of CEL that can make something large of something small (replace, join,
lists.range …) are either among the others or not there.
"""

from __future__ import annotations

from collections.abc import Mapping

Arity = tuple[int, int]

_CEL_FUNCTIONS: dict[str, Arity] = dict.fromkeys(
    ("bool", "bytes", "double", "duration", "dyn", "int", "string", "timestamp", "type", "uint"), (1, 1)
)
_CEL_TIME_PARTS: dict[str, Arity] = dict.fromkeys(
    (
        "getDate",
        "getDayOfMonth",
        "getDayOfWeek",
        "getDayOfYear",
        "getFullYear",
        "getHours",
        "getMilliseconds",
        "getMinutes",
        "getMonth",
        "getSeconds",
    ),
    (0, 1),
)
_CEL_TEXT: dict[str, Arity] = dict.fromkeys(("contains", "endsWith", "matches", "startsWith"), (1, 1))
_CEL_MATH: dict[str, Arity] = {
    "math.greatest": (1, 16),
    "math.least": (1, 16),
    **dict.fromkeys(
        (
            "math.abs",
            "math.ceil",
            "math.floor",
            "math.isFinite",
            "math.isInf",
            "math.isNaN",
            "math.round",
            "math.sign",
            "math.sqrt",
            "math.trunc",
        ),
        (1, 1),
    ),
}
_LIBRARY_FUNCTIONS: dict[str, Arity] = {
    "size": (1, 1),
    "base64.encode": (1, 1),
    "base64.decode": (1, 1),
    "sets.contains": (2, 2),
    "sets.equivalent": (2, 2),
    "sets.intersects": (2, 2),
}
_LIBRARY_METHODS: dict[str, Arity] = {
    "charAt": (1, 1),
    "distinct": (0, 0),
    "flatten": (0, 1),
    "includes": (1, 1),
    "indexOf": (1, 2),
    "join": (0, 1),
    "lastIndexOf": (1, 1),
    "lowerAscii": (0, 0),
    "replace": (2, 3),
    "reverse": (0, 0),
    "size": (0, 0),
    "slice": (1, 2),
    "sort": (0, 0),
    "split": (1, 2),
    "substring": (1, 2),
    "sum": (0, 0),
    "toLowerCase": (0, 0),
    "toUpperCase": (0, 0),
    "trim": (0, 0),
    "upperAscii": (0, 0),
}

NAMESPACES = frozenset({"base64", "math", "sets"})

FROM_CEL = frozenset({*_CEL_FUNCTIONS, *_CEL_TIME_PARTS, *_CEL_TEXT, *_CEL_MATH})

FUNCTIONS: Mapping[str, Arity] = {"matches": (2, 2), **_CEL_FUNCTIONS, **_CEL_MATH, **_LIBRARY_FUNCTIONS}
METHODS: Mapping[str, Arity] = {**_CEL_TIME_PARTS, **_CEL_TEXT, **_LIBRARY_METHODS}

BOOLEAN = frozenset(
    {
        "bool",
        "contains",
        "endsWith",
        "includes",
        "matches",
        "math.isFinite",
        "math.isInf",
        "math.isNaN",
        "sets.contains",
        "sets.equivalent",
        "sets.intersects",
        "startsWith",
    }
)
"""Those that can only give true, false or an error."""
