"""The bodies of the ErrorHandler's requests. A member that is not known is refused: it may be a misspelt one."""

from __future__ import annotations

from typing import Annotated

import msgspec

from reactory.errors.answers import Kind

_Name = Annotated[str, msgspec.Meta(min_length=1, max_length=1024)]


class _Body(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """Field names outside are camelCase. Bounds are checked by the use cases."""


class ResetBody(_Body, frozen=True):
    reason: str = ""


class RedriveFilter(_Body, frozen=True):
    """As the filters of the list; ``since`` is RFC 3339."""

    kind: Kind | None = None
    queue: _Name | None = None
    workflow_id: _Name | None = None
    since: _Name | None = None


class RedriveBody(_Body, frozen=True):
    """``ids`` or ``filter``. ``cursor`` is the nextCursor of the answer before."""

    reason: str = ""
    ids: list[_Name] | None = None
    filter: RedriveFilter | None = None
    dry_run: bool = False
    cursor: _Name | None = None
