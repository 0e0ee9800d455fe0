"""How the composition inside a container differs from that on AWS, by mode. Called once, before the handler's import."""

from __future__ import annotations

from reactory.adapters.counters.table import Table
from reactory.ports.bus import Bus
from reactory.ports.queue import Queue


def memory(queue: Queue, bus: Bus, counters: Table) -> None:
    """Queue, bus and counters are the stack's, at the other end of the channel."""
    from reactory import observability
    from reactory.adapters.counters.breakers import TableBreakers
    from reactory.adapters.counters.buckets import TableBuckets
    from reactory.adapters.counters.slots import TableSlots
    from reactory.bootstrap import bootstrap, install
    from reactory.settings import read_settings

    settings = read_settings()
    observability.configure(settings.log_level, settings.sensitive)
    breakers, buckets, slots = TableBreakers(counters), TableBuckets(counters), TableSlots(counters)
    install(bootstrap(settings, queue=queue, bus=bus, breakers=breakers, buckets=buckets, slots=slots))


def boto3(_queue: Queue, _bus: Bus, _counters: Table) -> None:
    """Nothing differs: the handlers compose themselves from the environment, and reach the endpoint through boto3."""
