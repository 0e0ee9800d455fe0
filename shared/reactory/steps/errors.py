"""Exceptions of steps, described for the history and for the retry decision (EH-1), at every attempt (EH-15).

The type comes first: the engine's own errors tell their category themselves, and so may those of a step, by a class
attribute ``category``; all others are looked up by the names of their classes and by the codes that they carry, so that
no library has to be imported to be known. Only where the type says nothing is the text looked at.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reactory.exceptions import (
    ExpressionError,
    InvalidRequestError,
    NotFoundError,
    PayloadTooLargeError,
    RateLimitedError,
    ReactoryError,
    StepError,
    UnavailableError,
)
from reactory.kernel.facts import ErrorInfo
from reactory.kernel.severity import CATEGORIES, Category
from reactory.steps.errorclasses import by_class, is_one
from reactory.steps.errorcodes import by_aws_code, by_aws_reasons, by_aws_status, by_errno, by_mongo_code, by_status
from reactory.steps.errortexts import by_text
from reactory.steps.retryafter import LONGEST_WAIT_MS, parse_retry_after

MESSAGE_LIMIT = 2000
_LIBRARIES = ("site-packages", str(Path(os.__file__).parent), str(Path(__file__).parents[1]))
"""Installed packages, the standard library, the engine itself."""

_TRACE = "Traceback (most recent call last)"
_CODE = re.compile(r"[A-Za-z0-9_.:-]{1,64}\Z")

_OWN: tuple[tuple[type[ReactoryError], Category], ...] = (
    (UnavailableError, "resource"),
    (RateLimitedError, "resource"),
    (InvalidRequestError, "validation"),
    (NotFoundError, "validation"),
    (PayloadTooLargeError, "validation"),
    (ExpressionError, "validation"),
)
_FINAL = frozenset({"validation", "permission"})
"""Categories that no or one more attempt follows."""


@dataclass(frozen=True, slots=True)
class _Verdict:
    category: str
    retryable: bool
    code: str = "step_failed"


def describe_error(error: BaseException, now: int | None = None) -> ErrorInfo:
    """What the engine keeps of an exception: never a stack trace, the message at most 2,000 characters.

    ``now`` in ms turns a ``Retry-After`` that is a date into a time to wait.
    """
    if isinstance(error, BaseExceptionGroup):
        return describe_error(_decisive(error), now)
    message = _message(error)
    verdict = _verdict(error, message)
    return ErrorInfo(
        type=type(error).__name__,
        message=message,
        code=verdict.code,
        category=verdict.category,
        retryable=verdict.retryable,
        retry_after=_retry_after(error, now),
        where=_where(error),
    )


def _verdict(error: BaseException, message: str) -> _Verdict:
    if isinstance(error, ReactoryError):
        return _Verdict(_category(error, message), error.retryable, error.code)
    declared = _said(error, "category")
    if isinstance(declared, str) and declared.lower() in CATEGORIES:
        return _declared(error, declared.lower())
    category = _foreign(error) or by_text(message) or "unknown"
    return _Verdict(category, category != "validation")


def _category(error: ReactoryError, message: str) -> str:
    """Who says that another attempt is worth it is not contradicted by a word in the text that stands for the opposite."""
    own = _own_category(error)
    if own != "unknown":
        return own
    told = by_text(message)
    return "unknown" if told is None or (error.retryable and told in _FINAL) else told


def _declared(error: BaseException, category: str) -> _Verdict:
    """An exception class of a step's own that says what it is."""
    retryable, code = _said(error, "retryable"), _said(error, "code")
    return _Verdict(
        category,
        retryable if isinstance(retryable, bool) else category != "validation",
        code if isinstance(code, str) and _CODE.match(code) else "step_failed",
    )


def _own_category(error: ReactoryError) -> str:
    if isinstance(error, StepError):
        return error.category if error.category in CATEGORIES else "unknown"
    return next((category for kind, category in _OWN if isinstance(error, kind)), "system")


# --- errors of others ---------------------------------------------------------------------------------------------


def _foreign(error: BaseException) -> Category | None:
    kind = type(error)
    found = next((category for name, tell in _TELLERS if is_one(kind, name) and (category := tell(error))), None)
    if found is None and isinstance(error, OSError):
        found = by_errno(error.errno)
    return found or by_class(kind)


def _aws(error: BaseException) -> Category | None:
    """A ClientError of botocore: by its code, else by the status of the answer."""
    answer = _said(error, "response")
    if not isinstance(answer, dict):
        return None
    told, meta = answer.get("Error"), answer.get("ResponseMetadata")
    code = told.get("Code") if isinstance(told, dict) else None
    if code == "TransactionCanceledException":
        return by_aws_reasons(answer.get("CancellationReasons"))
    return by_aws_code(code) or (by_aws_status(meta.get("HTTPStatusCode")) if isinstance(meta, dict) else None)


def _mongo(error: BaseException) -> Category | None:
    """The nearest class is more telling than a code, except for the class that stands for all codes."""
    return by_mongo_code(_said(error, "code"))


def _answered(error: BaseException) -> Category | None:
    return by_status(_status(error))


def _status(error: BaseException) -> Any:
    answer = _said(error, "response")
    places = ((answer, "status_code"), (answer, "status"), (error, "status_code"), (error, "status"), (error, "code"))
    found = (_said(place, name) for place, name in places if place is not None)
    return next((status for status in found if isinstance(status, int)), None)


_TELLERS: tuple[tuple[str, Callable[[BaseException], Category | None]], ...] = (
    ("botocore.ClientError", _aws),
    ("pymongo.OperationFailure", _mongo),
    ("httpx.HTTPStatusError", _answered),
    ("httpx2.HTTPStatusError", _answered),
    ("requests.HTTPError", _answered),
    ("urllib.HTTPError", _answered),
    ("aiohttp.ClientResponseError", _answered),
    ("zeep.TransportError", _answered),
)
"""Classes whose instances tell more than their names."""


def _retry_after(error: BaseException, now: int | None) -> int | None:
    """Milliseconds that the other side asked us to wait: an attribute ``retry_after``, or the header of its answer."""
    own = _said(error, "retry_after")
    if isinstance(error, RateLimitedError):
        own = error.retry_after * 1000  # its own unit is that of the HTTP header
    if isinstance(own, int) and not isinstance(own, bool) and own >= 0:
        return min(own, LONGEST_WAIT_MS)
    answer = _said(error, "response")
    if isinstance(answer, dict):  # botocore's
        meta = answer.get("ResponseMetadata")
        headers = meta.get("HTTPHeaders") if isinstance(meta, dict) else None
    else:
        headers = _said(answer if answer is not None else error, "headers")
    try:
        text = headers.get("retry-after") or headers.get("Retry-After")  # type: ignore[union-attr]
    except Exception:  # noqa: BLE001 - whatever a library calls headers, it need not be a mapping
        return None
    return parse_retry_after(text, now) if isinstance(text, str) else None


def _said(holder: Any, name: str) -> Any:
    """An attribute, None where there is none or where asking for it fails, as properties of users may."""
    try:
        return getattr(holder, name, None)
    except Exception:  # noqa: BLE001 - as above
        return None


# --- what is shown ------------------------------------------------------------------------------------------------


def _where(error: BaseException) -> str | None:
    """The innermost place that is the user's own code rather than a library's; None where there is none."""
    trace, place = error.__traceback__, None
    while trace is not None:
        code = trace.tb_frame.f_code
        if not any(part in code.co_filename for part in _LIBRARIES):
            place = f"{Path(code.co_filename).name}:{trace.tb_lineno} in {code.co_name}"
        trace = trace.tb_next
    return place


def _decisive(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """Of several errors the one that decides: the first that another attempt would not cure, else the first."""
    leaves = [_decisive(e) if isinstance(e, BaseExceptionGroup) else e for e in group.exceptions]
    return next((leaf for leaf in leaves if not describe_error(leaf).retryable), leaves[0])


def _message(error: BaseException) -> str:
    name = type(error).__name__
    try:
        text = str(error)
    except Exception:  # noqa: BLE001 - an exception of a user that cannot even be printed is still to be reported
        text = "(its message cannot be read)"
    text = text.partition(_TRACE)[0].strip() or name
    if isinstance(error, LookupError) and text != name:
        text = f"{name}: {text}"  # the text of a KeyError is only the key
    text = text.encode("utf-8", "replace").decode()  # half a surrogate pair, as in a broken file name, is no text
    return text if len(text) <= MESSAGE_LIMIT else f"{text[: MESSAGE_LIMIT - 1]}…"
