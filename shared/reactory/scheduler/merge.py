"""Changes to a schedule document: a deep merge that keeps the id (SC-14)."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

from reactory.definition.codes import INVALID_FIELD
from reactory.definition.problem import Problem
from reactory.definition.wording import shown
from reactory.exceptions import InvalidScheduleError
from reactory.scheduler.models import KINDS

_PARTS = ("nameSpace", "name", "version")


def merged(document: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """A new document, to be parsed again: objects merge, anything else replaces, null removes (RFC 7396).

    A new ``cron``, ``interval`` or ``at`` takes the place of the one before, and a workflow's ``id`` that of its parts.
    Raises InvalidScheduleError when the changes would change the id.
    """
    if changes.get("id", document["id"]) != document["id"]:
        said = f"the id is fixed: it stays {shown(document['id'])}; create another schedule, or leave `id` out"
        raise InvalidScheduleError(said, [Problem(INVALID_FIELD, "id", said)])
    base = copy.deepcopy(dict(document))
    _give_way(base.get("schedule"), changes.get("schedule"), KINDS)
    _give_way(base.get("workflow"), changes.get("workflow"), ("id",), _PARTS)
    _give_way(base.get("workflow"), changes.get("workflow"), _PARTS[:2], ("id",))
    return _merged(base, changes)


def _give_way(old: Any, new: Any, names: tuple[str, ...], others: tuple[str, ...] | None = None) -> None:
    """What is given anew under one of the names replaces what was given under others."""
    if not isinstance(old, dict) or not isinstance(new, Mapping):
        return
    if any(new.get(name) is not None for name in names):
        for name in others or names:
            if name not in new:
                old.pop(name, None)


def _merged(base: dict[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    for name, value in changes.items():
        if value is None:
            base.pop(name, None)
        elif isinstance(value, Mapping):
            old = base.get(name)
            base[name] = _merged(old if isinstance(old, dict) else {}, value)
        else:
            base[name] = copy.deepcopy(value)
    return base
