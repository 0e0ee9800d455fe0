"""Who waits for an event: a walk along the index of open waits, which holds only instances that have some."""

from __future__ import annotations

from bson.datetime_ms import DatetimeMS
from pymongo.collection import Collection

from reactory.adapters.mongo.client import Document
from reactory.adapters.mongo.codec import open_waits
from reactory.adapters.mongo.errors import reading
from reactory.adapters.mongo.leases import BY_ID
from reactory.adapters.waits import matching, signalled
from reactory.ports.store import Waiter

INDEX = "tenant_waits"
_SHOWN = {"priority": 1, "waits": 1}


def waiting(  # noqa: PLR0917 - as the port
    collection: Collection[Document], tenant: str, name: str, key: str, time: int, limit: int, after: str | None
) -> list[Waiter]:
    """From the primary: what is read here decides what is written (DB-3)."""
    wanted: Document = {"kind": "event", "name": name, "since": {"$lte": DatetimeMS(time)}}
    only = signalled(key)
    ids: Document = {} if after is None else {"$gt": after}
    if only is None:
        wanted["key"] = {"$in": [key, None]}  # None: there is no key
    else:
        ids["$eq"] = only
    query: Document = {
        "tenant": tenant,
        "waits": {"$exists": True, "$elemMatch": wanted},  # $exists: what the partial index asks for
    }
    if ids:
        query["_id"] = ids
    with reading():
        found = collection.find(query, _SHOWN, sort=[("_id", 1)], limit=limit, hint=INDEX if only is None else BY_ID)
        return [_waiter(one, name, key, time) for one in found]


def _waiter(document: Document, name: str, key: str, time: int) -> Waiter:
    waits = open_waits(document["waits"])
    return Waiter(document["_id"], document["priority"], matching(waits, name, key, time), waits[0].spills)
