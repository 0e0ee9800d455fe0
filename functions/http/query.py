"""Query parameters, each checked with an error that names it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from reactory.definition.instant import parse_instant
from reactory.exceptions import InvalidRequestError

_LONGEST = 1024


class Query:
    """The parameters of one request. An empty value counts as absent."""

    def __init__(self, values: Mapping[str, str], known: Sequence[str]) -> None:
        for name in values:
            if name not in known:
                listed = ", ".join(known) or "none"
                raise InvalidRequestError(f"{name}: unknown query parameter; this path takes: {listed}")
        self._values = values

    def text(self, name: str) -> str | None:
        value = self._values.get(name) or None
        if value is not None and len(value) > _LONGEST:
            raise InvalidRequestError(f"{name}: longer than {_LONGEST} characters")
        return value

    def integer(self, name: str, default: int, low: int, high: int) -> int:
        text = self.text(name)
        if text is None:
            return default
        try:
            value = int(text)
        except ValueError:
            value = low - 1
        if not low <= value <= high:
            raise InvalidRequestError(f"{name}: must be a whole number from {low} to {high}, not {text!r}")
        return value

    def number(self, name: str, low: float, high: float) -> float | None:
        text = self.text(name)
        if text is None:
            return None
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not low <= value <= high:
            raise InvalidRequestError(f"{name}: must be a number from {low:g} to {high:g}, not {text!r}")
        return value

    def time(self, name: str) -> int | None:
        """Milliseconds since the epoch."""
        text = self.text(name)
        if text is None:
            return None
        try:
            return parse_instant(text)
        except InvalidRequestError as error:
            raise InvalidRequestError(f"{name}: {error.message}") from error

    def words(self, name: str) -> tuple[str, ...]:
        """``a,b``; a repeated parameter arrives like that too."""
        return tuple(word.strip() for word in (self.text(name) or "").split(",") if word.strip())

    def choices(self, name: str, allowed: Sequence[str]) -> tuple[str, ...]:
        words = self.words(name)
        for word in words:
            if word not in allowed:
                raise InvalidRequestError(f"{name}: must be among {', '.join(allowed)}, not {word!r}")
        return words
