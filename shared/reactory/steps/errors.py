"""Exceptions of steps, described for the history and for the retry decision (EH-1).

The engine's own errors tell their category themselves; all others are looked up in one table, by the names of their
class and its bases, so that no library has to be imported to be known.
"""

from __future__ import annotations

import errno
import os
from pathlib import Path

from reactory.exceptions import (
    ExpressionError,
    InvalidRequestError,
    NotFoundError,
    PayloadTooLargeError,
    ReactoryError,
    StepError,
    UnavailableError,
)
from reactory.kernel.facts import ErrorInfo

MESSAGE_LIMIT = 2000
_LIBRARIES = ("site-packages", str(Path(os.__file__).parent), str(Path(__file__).parents[1]))
"""Installed packages, the standard library, the engine itself."""

_TRACE = "Traceback (most recent call last)"

_FOREIGN: dict[str, tuple[str, bool]] = {
    # class → category, worth another attempt. The nearest base in the class's own order wins.
    "builtins.TimeoutError": ("timeout", True),
    "builtins.ConnectionError": ("network", True),
    "socket.gaierror": ("network", True),
    "socket.herror": ("network", True),
    "ssl.SSLError": ("network", True),
    "urllib.error.URLError": ("network", True),
    "http.client.HTTPException": ("network", True),
    "builtins.PermissionError": ("permission", False),
    "builtins.MemoryError": ("resource", True),
    "pydantic_core._pydantic_core.ValidationError": ("validation", False),
    "msgspec.ValidationError": ("validation", False),
    "builtins.TypeError": ("unknown", True),
    "builtins.ValueError": ("unknown", True),
    "builtins.LookupError": ("unknown", True),
    "builtins.BaseException": ("unknown", True),
}

_ERRNO: dict[int, tuple[str, bool]] = {
    errno.ENETUNREACH: ("network", True),
    errno.ENETDOWN: ("network", True),
    errno.EHOSTUNREACH: ("network", True),
    errno.EADDRNOTAVAIL: ("network", True),
    errno.ENOSPC: ("resource", True),
    errno.EMFILE: ("resource", True),
    errno.ENFILE: ("resource", True),
    errno.ENOMEM: ("resource", True),
}

_OWN: tuple[tuple[type[ReactoryError], str], ...] = (
    (UnavailableError, "resource"),
    (InvalidRequestError, "validation"),
    (NotFoundError, "validation"),
    (PayloadTooLargeError, "validation"),
    (ExpressionError, "validation"),
)


def describe_error(error: BaseException) -> ErrorInfo:
    """What the engine keeps of an exception: never a stack trace, the message at most 2,000 characters."""
    if isinstance(error, BaseExceptionGroup):
        return describe_error(_decisive(error))
    retry_after = getattr(error, "retry_after", None)
    if isinstance(error, ReactoryError):
        category, retryable, code = _own_category(error), error.retryable, error.code
    else:
        (category, retryable), code = _foreign(error), "step_failed"
    return ErrorInfo(
        type=type(error).__name__,
        message=_message(error),
        code=code,
        category=category,
        retryable=retryable,
        retry_after=retry_after if isinstance(retry_after, int) and retry_after >= 0 else None,
        where=_where(error),
    )


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


def _own_category(error: ReactoryError) -> str:
    if isinstance(error, StepError):
        return error.category
    return next((category for kind, category in _OWN if isinstance(error, kind)), "system")


def _foreign(error: BaseException) -> tuple[str, bool]:
    if isinstance(error, OSError) and error.errno in _ERRNO:
        return _ERRNO[error.errno]
    names = (f"{kind.__module__}.{kind.__qualname__}" for kind in type(error).__mro__)
    return next(_FOREIGN[name] for name in names if name in _FOREIGN)


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
