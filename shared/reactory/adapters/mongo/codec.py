"""An ``Instance`` and its document: the same names in camelCase, times as BSON dates, what is empty left out.

``inbox`` and ``journal`` are always there, because every fenced write asks for them or appends to them. ``wakeAt`` is
absent where it is None, so that ``$min`` works on it and its index holds only what has to wake up; so is ``waits`` where
it is empty.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from bson.datetime_ms import DatetimeMS

from reactory.adapters.mongo.client import Document
from reactory.ports.store import InboxEntry, Instance, OpenWait, OutboxEntry

_TIMES = frozenset(
    {"created_at", "started_at", "updated_at", "completed_at", "wake_at", "timer_at"},
)
_APART = frozenset({"id", "lease_owner", "lease_until", "inbox", "outbox", "waits"})
_ALWAYS = frozenset({"journal", "journal_count", "epoch", "priority", "tenant", "history_count"})


def camel(name: str) -> str:
    head, *rest = name.split("_")
    return head + "".join(part.title() for part in rest)


_FIELDS = {name: camel(name) for name in Instance.__struct_fields__ if name not in _APART}
_NAMES = {field: name for name, field in _FIELDS.items()}
_EMPTY: tuple[Any, ...] = (None, [], False, 0)


def date(milliseconds: int | None) -> DatetimeMS | None:
    return None if milliseconds is None else DatetimeMS(milliseconds)


def inbox_document(entry: InboxEntry) -> Document:
    return {"id": entry.id, "fact": entry.fact}


def outbox_document(entry: OutboxEntry) -> Document:
    return {"id": entry.id, "kind": entry.kind, "body": entry.body}


def wait_document(wait: OpenWait) -> Document:
    """``key`` is absent where it is None: an event of any key."""
    document: Document = {"id": wait.id, "kind": wait.kind, "path": wait.path, "name": wait.name}
    if wait.key is not None:
        document["key"] = wait.key
    if wait.spills:
        document["spills"] = wait.spills
    return {**document, "since": DatetimeMS(wait.since)}


def open_waits(documents: Iterable[Document]) -> list[OpenWait]:
    return [
        OpenWait(
            one["id"], one["kind"], one["path"], one["name"], one.get("key"), int(one["since"]), one.get("spills", 0)
        )
        for one in documents
    ]


def encode(instance: Instance) -> Document:
    """The document of a new instance."""
    document: Document = {"_id": instance.id}
    for name, field in _FIELDS.items():
        value = getattr(instance, name)
        if value in _EMPTY and name not in _ALWAYS:
            continue
        document[field] = DatetimeMS(value) if name in _TIMES else value
    document["inbox"] = [inbox_document(entry) for entry in instance.inbox]
    if instance.outbox:
        document["outbox"] = [outbox_document(entry) for entry in instance.outbox]
    if instance.waits:
        document["waits"] = [wait_document(wait) for wait in instance.waits]
    lease = {"owner": instance.lease_owner, "until": date(instance.lease_until)}
    if held := {name: value for name, value in lease.items() if value is not None}:
        document["lease"] = held
    return document


def decode(document: Mapping[str, Any]) -> Instance:
    """The instance of a document, or of a projection of one; unknown fields are passed over."""
    values: dict[str, Any] = {"id": document["_id"]}
    for field, value in document.items():
        name = _NAMES.get(field)
        if name is not None and value is not None:
            values[name] = int(value) if type(value) is DatetimeMS else value
    if lease := document.get("lease"):
        values["lease_owner"] = lease.get("owner")
        until = lease.get("until")
        values["lease_until"] = None if until is None else int(until)
    if inbox := document.get("inbox"):
        values["inbox"] = inbox_entries(inbox)
    if outbox := document.get("outbox"):
        values["outbox"] = [OutboxEntry(entry["id"], entry["kind"], entry["body"]) for entry in outbox]
    if waits := document.get("waits"):
        values["waits"] = open_waits(waits)
    return Instance(**values)


def inbox_entries(entries: list[Document]) -> list[InboxEntry]:
    return [InboxEntry(entry["id"], entry["fact"]) for entry in entries]
