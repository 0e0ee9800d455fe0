"""The runner of this process, made at the first request: importing a handler reads no settings and opens nothing."""

from __future__ import annotations

from functools import cache

from reactory.runner.runner import Runner


@cache
def runner() -> Runner:
    from reactory.host.definitions import Definitions

    from reactory.bootstrap import app

    services = app()
    return Runner.of(services, Definitions(services.definitions))
