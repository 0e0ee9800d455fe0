"""pymongo's errors, classified once, here at the edge: nothing happened, or it may have happened.

The rule for writes is to call a failure harmless only where that is certain; everything else is ambiguous.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from bson.errors import InvalidDocument
from pymongo.errors import (
    ConnectionFailure,
    DocumentTooLarge,
    ExecutionTimeout,
    NotPrimaryError,
    OperationFailure,
    PyMongoError,
    ServerSelectionTimeoutError,
    WaitQueueTimeoutError,
    WriteConcernError,
)

from reactory.exceptions import AmbiguousWriteError, PayloadTooLargeError, ReactoryError, StoreUnavailableError

TOO_LARGE = frozenset({10334, 17419, 17420})
"""BSONObjectTooLarge, and the two that an update answers whose result would be over 16 MB."""

_REFUSED = frozenset({10107, 13435})
"""NotWritablePrimary, NotPrimaryNoSecondaryOk: the server looked and did nothing."""

_INTERRUPTED = frozenset({6, 7, 50, 64, 89, 91, 189, 262, 9001, 11600, 11602})
"""The command had begun: interrupted by a shutdown, a step-down, a time-out or the network, or not yet replicated."""


@contextmanager
def reading() -> Iterator[None]:
    """Around an operation that changes nothing: whatever fails, nothing happened."""
    try:
        yield
    except (PyMongoError, InvalidDocument, OverflowError) as error:
        raise classify(error, write=False) from error


@contextmanager
def writing() -> Iterator[None]:
    """Around an operation that changes something."""
    try:
        yield
    except (PyMongoError, InvalidDocument, OverflowError) as error:
        raise classify(error, write=True) from error


def classify(error: Exception, *, write: bool) -> ReactoryError:
    """The engine's error for one of pymongo's."""
    if isinstance(error, DocumentTooLarge) or getattr(error, "code", None) in TOO_LARGE:
        return PayloadTooLargeError("The document would exceed MongoDB's 16 MB: keep large payloads in the blob store.")
    if isinstance(error, (InvalidDocument, OverflowError)):
        return StoreUnavailableError(f"MongoDB cannot keep the value: {error}")
    if write and is_ambiguous(error):
        return AmbiguousWriteError(f"The write may or may not have happened: {_short(error)}")
    return StoreUnavailableError(
        f"MongoDB does not answer or refuses: {_short(error)}. Check MONGODB_URI and that the replica set has a primary."
    )


def is_ambiguous(error: Exception) -> bool:
    """Whether the write behind this error may have happened."""
    if isinstance(error, (ServerSelectionTimeoutError, WaitQueueTimeoutError)):
        return False
    if isinstance(error, NotPrimaryError):
        details = error.details if isinstance(error.details, dict) else {}
        return details.get("code") not in _REFUSED and not error.has_error_label("NoWritesPerformed")
    if isinstance(error, (ConnectionFailure, ExecutionTimeout, WriteConcernError)):
        return not (isinstance(error, PyMongoError) and error.has_error_label("NoWritesPerformed"))
    return isinstance(error, OperationFailure) and error.code in _INTERRUPTED


def _short(error: Exception) -> str:
    return str(error).split(", Timeout:", maxsplit=1)[0][:300]
