"""The ErrorHandler of this process, made at the first request for the App that the process has then."""

from __future__ import annotations

from typing import TYPE_CHECKING

from functions.runner.wiring import runner
from reactory.errors.error_handler import ErrorHandler

if TYPE_CHECKING:
    from reactory.runner.runner import Runner


class _Process:
    """The ErrorHandler and the runner that it works with, which belongs to one App."""

    runner: Runner | None = None
    handler: ErrorHandler


_process = _Process()


def error_handler() -> ErrorHandler:
    """The same one as long as the process's App stays the same."""
    from reactory.bootstrap import app

    current = runner()
    if _process.runner is not current:
        _process.handler = ErrorHandler.of(app(), current.control)
        _process.runner = current
    return _process.handler
