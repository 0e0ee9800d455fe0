"""``todo``: lists of things to do, shared by the instances of a tenant.

What is created gets its id from the step's idempotency key: an attempt that is repeated finds what it made before.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from reactory.definition.wording import shown
from reactory.exceptions import InvalidStepError
from reactory.ports.clock import Clock
from reactory.ports.records import Records
from reactory.steps.builtin.wanted import wanted_text
from reactory.steps.context import StepContext

KIND = "todo"
DEFAULT_LIST = "default"
MOST = 10_000
"""Items of one list."""

_PAGE = 1000

Item = dict[str, Any]


class TodoLists:
    """Items are ``{id, listId, title, description, status, createdAt, updatedAt}``, times in milliseconds."""

    def __init__(self, records: Records, clock: Clock) -> None:
        self._records = records
        self._clock = clock

    def body(self, ctx: StepContext, **_inputs: Any) -> dict[str, Any]:
        """``{item}``; for ``list`` ``{items}``."""
        list_id = wanted_text(ctx.config, "listId", default=DEFAULT_LIST)
        if "/" in list_id or "\0" in list_id:
            raise InvalidStepError(f"config.listId is {shown(list_id)}: the id of a list has no /")
        match ctx.config["action"]:
            case "create":
                return {"item": self._create(ctx, list_id)}
            case "list":
                return {"items": self._list(ctx, list_id)}
            case "delete":
                return {"item": self._delete(ctx, list_id)}
            case "complete":
                return {"item": self._change(ctx, list_id, {"status": "completed"})}
        return {"item": self._change(ctx, list_id, _given(ctx.config))}

    def _create(self, ctx: StepContext, list_id: str) -> Item:
        now = self._clock.now()
        wanted_text(ctx.config, "title")
        item_id = hashlib.sha256(ctx.idempotency_key.encode()).hexdigest()[:20]
        start = {"id": item_id, "listId": list_id, "title": "", "description": None, "status": "pending"}
        item: Item = {**start, **_given(ctx.config), "createdAt": now, "updatedAt": now}
        if self._records.put_new(ctx.tenant, KIND, f"{list_id}/{item_id}", msgspec.json.encode(item).decode()):
            return item
        return self._get(ctx, list_id, item_id) or item

    def _list(self, ctx: StepContext, list_id: str) -> list[Item]:
        """In the order in which they were made, only those of ``status`` when one is given."""
        wanted = ctx.config.get("status")
        kept = [item for item in self._all(ctx, list_id) if wanted is None or item["status"] == wanted]
        return sorted(kept, key=lambda item: (item["createdAt"], item["id"]))

    def _all(self, ctx: StepContext, list_id: str) -> Iterator[Item]:
        after: str | None = None
        for _ in range(MOST // _PAGE):
            found = self._records.list(ctx.tenant, KIND, f"{list_id}/", _PAGE, after)
            yield from (msgspec.json.decode(value) for _, value in found)
            if len(found) < _PAGE:
                return
            after = found[-1][0]
        raise InvalidStepError(
            f"the list {shown(list_id)} has {MOST} items or more: delete what is done, or begin another"
        )

    def _change(self, ctx: StepContext, list_id: str, changes: Mapping[str, Any]) -> Item:
        item_id = wanted_text(ctx.config, "itemId")
        item = self._get(ctx, list_id, item_id)
        if item is None:
            raise InvalidStepError(f"the list {shown(list_id)} has no item {shown(item_id)}: look at its id and listId")
        if any(item[key] != value for key, value in changes.items()):
            item |= {**changes, "updatedAt": self._clock.now()}
            self._records.put(ctx.tenant, KIND, f"{list_id}/{item_id}", msgspec.json.encode(item).decode())
        return item

    def _delete(self, ctx: StepContext, list_id: str) -> Item | None:
        """What it was; None when it is gone already."""
        item_id = wanted_text(ctx.config, "itemId")
        item = self._get(ctx, list_id, item_id)
        self._records.delete(ctx.tenant, KIND, f"{list_id}/{item_id}")
        return item

    def _get(self, ctx: StepContext, list_id: str, item_id: str) -> Item | None:
        stored = self._records.get(ctx.tenant, KIND, f"{list_id}/{item_id}")
        if stored is None:
            return None
        item: Item = msgspec.json.decode(stored)
        return item


def _given(config: Mapping[str, Any]) -> Item:
    return {key: wanted_text(config, key) for key in ("title", "description", "status") if config.get(key)}
