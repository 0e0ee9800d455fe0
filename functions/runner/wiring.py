"""The runner of this process, made at the first request: importing a handler reads no settings and opens nothing."""

from __future__ import annotations

from functools import cache

from reactory.runner.runner import Runner


@cache
def runner() -> Runner:
    from reactory.bootstrap import app
    from reactory.host.definitions import Definitions

    services = app()
    return Runner.of(services, Definitions(services.definitions, known_steps() or ()), known_steps)


@cache
def known_steps() -> frozenset[str] | None:
    """The Python steps of the modules that this function has; None when it has none, as then nothing can be said."""
    from reactory.bootstrap import app
    from reactory.steps.modules import load_modules

    paths = app().settings.modules
    return load_modules(paths).registry.names() if paths else None
