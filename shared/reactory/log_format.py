"""A log record as one line of JSON, with secrets masked."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from types import TracebackType
from typing import Any

import msgspec

from reactory.masking import Masker

_OWN = frozenset({"level", "message", "timestamp", "logger", "location", "exception"})
_REQUEST_ID = "aws_request_id"  # the Lambda runtime puts it on every record

_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName", "fields", _REQUEST_ID}
"""What every record has; the rest came with ``extra=``."""


class JsonFormatter(logging.Formatter):
    """``context`` answers the fields bound around the call; what the call gives itself, by ``extra=`` or as ``fields``, wins."""

    def __init__(self, sensitive: Iterable[str], context: Callable[[], Mapping[str, Any]]) -> None:
        super().__init__()
        self._masker = Masker(sensitive)
        self._context = context
        self._encoder = msgspec.json.Encoder(enc_hook=repr)

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "level": record.levelname,
            "message": self._masker.text(record.getMessage()),
            "timestamp": _rfc3339(record.created),
            "logger": record.name,
        }
        extra = {name: value for name, value in vars(record).items() if name not in _STANDARD}
        fields = {**self._context(), **extra, **getattr(record, "fields", {})}
        measured = _metrics(fields)
        for name, value in fields.items():
            shown = value if name in measured else self._masker.field(name, value)
            line[f"{name}_" if name in _OWN else name] = shown
        request_id = getattr(record, _REQUEST_ID, None)
        if request_id:
            line["request_id"] = request_id
        if record.levelno >= logging.WARNING:
            line["location"] = f"{record.module}.{record.funcName}:{record.lineno}"
        if record.exc_info and record.exc_info[1] is not None:
            line["exception"] = self._exception(record.exc_info[1], record.exc_info[2])
        return self._encode(line)

    def _exception(self, error: BaseException, trace: TracebackType | None) -> dict[str, Any]:
        text = "".join(traceback.format_exception(type(error), error, trace))
        told = {
            "type": f"{type(error).__module__}.{type(error).__qualname__}",
            "message": self._masker.text(str(error)),
            "stack": self._masker.text(text),
        }
        code = getattr(error, "code", None)
        return told | {"code": code} if isinstance(code, str) else told

    def _encode(self, line: dict[str, Any]) -> str:
        try:
            return self._encoder.encode(line).decode()
        except (TypeError, ValueError, OverflowError, UnicodeEncodeError) as error:
            # A log line must never fail what it reports on.
            kept = {name: value for name, value in line.items() if name in _OWN and isinstance(value, str)}
            kept["message"] = ascii(kept.get("message", ""))
            return self._encoder.encode(kept | {"unloggable": repr(error)}).decode()


def _metrics(fields: Mapping[str, Any]) -> frozenset[str]:
    """The names whose numbers CloudWatch reads from this line: ``tokensUsed`` is a count and no secret."""
    if "_aws" not in fields:
        return frozenset()
    named = {metric["Name"] for directive in fields["_aws"]["CloudWatchMetrics"] for metric in directive["Metrics"]}
    return frozenset(name for name in named if isinstance(fields.get(name), int | float | list))


def _rfc3339(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
