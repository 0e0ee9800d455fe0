"""The database's clock, by which everything that is shared is compared."""

from __future__ import annotations

from typing import Any

from pymongo.collection import Collection

from reactory.adapters.mongo.client import Document

NOT_EXPIRED: dict[str, Any] = {"$gt": ["$expiresAt", "$$NOW"]}
"""For documents that an index deletes at ``expiresAt``: it runs once a minute, and they are gone for us before."""


def server_time(collection: Collection[Document]) -> int:
    """For a limit that has to be a constant: an index that leaves documents out cannot answer a comparison with
    ``$$NOW``.
    """
    return int(collection.database.command("hello", codec_options=collection.codec_options)["localTime"])
