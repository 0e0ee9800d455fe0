"""The runner of this process, made at the first request: importing a handler reads no settings and opens nothing."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from reactory.runner.runner import Runner

if TYPE_CHECKING:
    from reactory.bootstrap import App


class _Process:
    """The runner and the App that it was made for."""

    app: App | None = None
    runner: Runner


_process = _Process()


def runner() -> Runner:
    """The same one as long as the process's App stays the same."""
    from reactory.bootstrap import app

    current = app()
    if _process.app is not current:
        _process.runner = make_runner(current)
        _process.app = current
    return _process.runner


def make_runner(app: App) -> Runner:
    """Programs are compiled here as the workers compile them: with the names of the same Python steps."""
    from reactory.host.definitions import Definitions

    @cache
    def known_steps() -> frozenset[str] | None:
        """None when this function has no modules: then nothing can be said about a document's handlers."""
        from reactory.steps.modules import load_modules

        modules = app.settings.modules
        return load_modules(modules).registry.names() if modules else None

    return Runner.of(app, Definitions(app.definitions, known_steps() or ()), known_steps)
