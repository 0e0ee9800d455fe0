"""How the composition inside a container differs from that on AWS, by mode. Called once, before the handler's import."""

from __future__ import annotations

from reactory.ports.bus import Bus
from reactory.ports.queue import Queue


def memory(queue: Queue, bus: Bus) -> None:
    """Queue and bus are the stack's, at the other end of the channel."""
    from reactory import observability
    from reactory.bootstrap import bootstrap, install
    from reactory.settings import read_settings

    settings = read_settings()
    observability.configure(settings.log_level, settings.sensitive)
    install(bootstrap(settings, queue=queue, bus=bus))


def boto3(_queue: Queue, _bus: Bus) -> None:
    """Nothing differs: the handlers compose themselves from the environment, and reach the endpoint through boto3."""
