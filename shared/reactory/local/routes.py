"""Which function answers a request: the routes of the topology, matched as an HTTP API of API Gateway matches them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from reactory.topology import DEFAULT_FUNCTION, FunctionSpec, Route


@dataclass(frozen=True, slots=True)
class Match:
    """``route_key`` is ``GET /workflow/instance/{id}``, or ``$default`` where no route knows the request."""

    function: str
    route_key: str
    parameters: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Entry:
    function: str
    route: Route
    segments: tuple[str, ...]

    def parameters(self, path: tuple[str, ...]) -> dict[str, str] | None:
        found = {}
        for pattern, segment in zip(self.segments, path, strict=True):
            if pattern.startswith("{"):
                if not segment:
                    return None
                found[pattern[1:-1]] = segment
            elif pattern != segment:
                return None
        return found


class Routes:
    """A literal segment beats a parameter, from the left. What nothing matches goes to the default function."""

    def __init__(self, functions: Iterable[FunctionSpec], default: str = DEFAULT_FUNCTION) -> None:
        self._default = default
        self._entries: dict[tuple[str, int], list[_Entry]] = {}
        for function in functions:
            for route in function.routes:
                segments = tuple(route.path.split("/"))
                entry = _Entry(function.name, route, segments)
                self._entries.setdefault((route.method, len(segments)), []).append(entry)
        for entries in self._entries.values():
            entries.sort(key=lambda entry: [segment.startswith("{") for segment in entry.segments])

    def match(self, method: str, path: str) -> Match:
        """``path`` is decoded, as API Gateway matches it."""
        segments = tuple(path.split("/"))
        for entry in self._entries.get((method, len(segments)), ()):
            parameters = entry.parameters(segments)
            if parameters is not None:
                return Match(entry.function, f"{method} {entry.route.path}", parameters)
        return Match(self._default, "$default")
