"""The MongoDB client: one per process and URI, made on first use and kept (DB-2)."""

from __future__ import annotations

import threading
from functools import lru_cache
from typing import Any

from pymongo import MongoClient
from pymongo.errors import ConfigurationError, InvalidURI

from reactory.exceptions import StoreUnavailableError

Document = dict[str, Any]

POOL_SIZE = 16
SELECTION_MS = 4_000
OPERATION_MS = 5_000
"""Of one operation, its retries and the search for a primary included."""

_LOCK = threading.Lock()


def connect(uri: str) -> MongoClient[Document]:
    """The process's client for this URI. It connects with the first operation, not here."""
    with _LOCK:  # a cache alone may make two when two threads ask at once
        return _client(uri)


@lru_cache(maxsize=8)
def _client(uri: str) -> MongoClient[Document]:
    """Every write waits for the majority and its journal, every read goes to the primary, whatever the URI says."""
    try:
        return MongoClient(
            uri,
            connect=False,
            maxPoolSize=POOL_SIZE,
            serverSelectionTimeoutMS=SELECTION_MS,
            timeoutMS=OPERATION_MS,
            retryWrites=True,
            retryReads=True,
            w="majority",
            journal=True,
            readPreference="primary",
            tz_aware=True,
            datetime_conversion="DATETIME_MS",  # times come back as milliseconds, without a detour over datetime
            appname="reactory",
        )
    except (InvalidURI, ConfigurationError, ValueError) as error:
        raise StoreUnavailableError(f"The MongoDB URI cannot be used: {error}. Correct MONGODB_URI.") from error
