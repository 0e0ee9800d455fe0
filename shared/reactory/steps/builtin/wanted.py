"""What a body reads from its rendered config: a hole may have given anything."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from reactory.definition.wording import shown
from reactory.exceptions import InvalidStepError


def wanted_text(config: Mapping[str, Any], key: str, *, default: str | None = None) -> str:
    """A text that is not empty; ``default`` where it is absent."""
    value = config.get(key)
    if value is None and default is not None:
        return default
    if isinstance(value, str) and value:
        return value
    raise InvalidStepError(f"config.{key} is {shown(value)}: give a text that is not empty")


def wanted_object(config: Mapping[str, Any], key: str) -> dict[str, Any]:
    """An object; an empty one where it is absent."""
    value = config.get(key)
    if value is None:
        return {}
    if isinstance(value, dict):
        return value
    raise InvalidStepError(f"config.{key} is {shown(value)}: give an object")


def wanted_texts(config: Mapping[str, Any], key: str) -> list[str]:
    """A list of texts; an empty one where it is absent. Numbers become texts."""
    value = config.get(key)
    if value is None:
        return []
    if isinstance(value, list) and all(isinstance(item, str | int | float) for item in value):
        return [item if isinstance(item, str) else str(item) for item in value]
    raise InvalidStepError(f"config.{key} is {shown(value)}: give a list of texts")
