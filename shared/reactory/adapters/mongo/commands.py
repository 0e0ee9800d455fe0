"""Many fenced updates in one ``update`` command.

The command is built here instead of by ``bulk_write``: same bytes on the wire for two thirds of the work in Python,
and this is the path that every step takes. What ``bulk_write`` would have added, the retry, is safe without the
server's help: each statement is conditional on what it changes (compare and set), so that a second one finds nothing,
and the caller can tell a statement that was applied from one that was not.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from pymongo.collection import Collection
from pymongo.errors import AutoReconnect, NetworkTimeout, PyMongoError, ServerSelectionTimeoutError

from reactory.adapters.mongo.client import Document
from reactory.adapters.mongo.errors import TOO_LARGE, classify
from reactory.exceptions import AmbiguousWriteError

_CONCERN = {"w": "majority", "j": True}


class Reply(NamedTuple):
    """``matched`` statements found their document; ``too_large`` are the positions of those over MongoDB's 16 MB."""

    matched: int
    too_large: frozenset[int]


def update_many_fenced(collection: Collection[Document], statements: Sequence[Document]) -> Reply:
    """Send all, in any order, once more if the connection broke. Raises AmbiguousWriteError, StoreUnavailableError."""
    command = {"update": collection.name, "updates": statements, "ordered": False, "writeConcern": _CONCERN}
    try:
        return _read_reply(collection.database.command(dict(command)))
    except PyMongoError as error:
        if not _worth_a_retry(error):
            raise classify(error, write=True) from error
    try:
        return _read_reply(collection.database.command(command))
    except PyMongoError as error:  # the first may have happened, whatever this one says
        raise AmbiguousWriteError(f"The write may or may not have happened: {error}") from error


def _worth_a_retry(error: PyMongoError) -> bool:
    """A lost connection or primary. Not a time-out: that has used the operation's time up."""
    return isinstance(error, AutoReconnect) and not isinstance(error, (NetworkTimeout, ServerSelectionTimeoutError))


def _read_reply(reply: Document) -> Reply:
    if "writeConcernError" in reply:
        detail = reply["writeConcernError"].get("errmsg")
        raise AmbiguousWriteError(f"The majority has not confirmed the write: {detail}")
    errors: list[dict[str, Any]] = reply.get("writeErrors", [])
    other = next((error for error in errors if error["code"] not in TOO_LARGE), None)
    if other:
        raise AmbiguousWriteError(f"Some of the updates failed: {other.get('errmsg')} (code {other['code']})")
    return Reply(int(reply["n"]), frozenset(error["index"] for error in errors))
