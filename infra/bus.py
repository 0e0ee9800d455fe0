"""The event bus: what the engine tells the world, and what the world tells the engine."""

from __future__ import annotations

from aws_cdk import aws_events as events
from constructs import Construct

from infra.options import Options
from reactory import topology


def create_bus(scope: Construct, options: Options) -> events.EventBus:
    """The bus of the topology. EventBridge encrypts every bus with a key of its own."""
    return events.EventBus(scope, "Bus", event_bus_name=options.physical(topology.BUS), description="Reactory's events")
