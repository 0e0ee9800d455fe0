"""The body of a start under ``application/vnd.reactory.start+json``: the input and how to run it."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec

from reactory.exceptions import InvalidRequestError

START_JSON = "application/vnd.reactory.start+json"

_PRIORITIES = {"low": 1, "normal": 2, "high": 3, "critical": 4}
PriorityName = Literal["low", "normal", "high", "critical", "LOW", "NORMAL", "HIGH", "CRITICAL"]


class StartBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """As it is sent. ``timeout`` is milliseconds for the whole instance."""

    input: Any = None
    tags: list[str] = []
    priority: Annotated[int, msgspec.Meta(ge=1, le=4)] | PriorityName | None = None
    timeout: Annotated[int, msgspec.Meta(ge=1)] | None = None
    dependencies: list[Any] = []


class StartOptions(msgspec.Struct, frozen=True):
    """As it is meant."""

    input: Any = None
    tags: tuple[str, ...] = ()
    priority: int | None = None
    timeout: int | None = None


def read_options(body: Any) -> StartOptions:
    """Raises InvalidRequestError that names the wrong member."""
    try:
        given = msgspec.convert({} if body is None else body, StartBody)
    except msgspec.ValidationError as error:
        raise InvalidRequestError(f"the body does not fit {START_JSON}: {error}") from error
    if given.dependencies:
        raise InvalidRequestError("dependencies: this version does not start instances after others; leave them out")
    priority = _PRIORITIES[given.priority.lower()] if isinstance(given.priority, str) else given.priority
    return StartOptions(given.input, tuple(given.tags), priority, given.timeout)
