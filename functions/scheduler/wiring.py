"""The scheduler of this process, made at the first request: importing a handler reads no settings and opens nothing."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from reactory.scheduler.scheduler import Scheduler
from reactory.scheduler.tick import Tick

if TYPE_CHECKING:
    from reactory.bootstrap import App
    from reactory.steps.modules import Modules


class _Process:
    """The scheduler and the App that it was made for."""

    app: App | None = None
    scheduler: Scheduler


_process = _Process()


def scheduler() -> Scheduler:
    """The same one as long as the process's App stays the same."""
    from reactory.bootstrap import app

    current = app()
    if _process.app is not current:
        _process.scheduler = make_scheduler(current)
        _process.app = current
    return _process.scheduler


def make_scheduler(app: App) -> Scheduler:
    """Programs are compiled here as the workers compile them: with the names of the same Python steps."""
    from reactory.host.definitions import Definitions

    def fresh() -> Modules:
        from reactory.steps.modules import load_modules

        return load_modules(app.settings.modules)

    loaded = cache(fresh)

    def handlers() -> frozenset[str]:
        return loaded().registry.names() if app.settings.modules else frozenset()

    def known() -> list[str]:
        """Asked when a schedule requires services: finding out imports the modules of users."""
        return loaded().services.references()

    return Scheduler.of(app, Definitions(app.definitions, handlers()), known, fresh)


def ticks() -> Tick:
    """What a tick needs, which is no module and no program."""
    from reactory.bootstrap import app

    return Tick(app())
