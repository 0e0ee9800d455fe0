"""The event bus: what the engine tells the world, and what the world tells the engine."""

from __future__ import annotations

from collections.abc import Mapping

from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from infra.options import Options
from reactory import topology


def create_bus(scope: Construct, options: Options) -> events.EventBus:
    """The bus of the topology. EventBridge encrypts every bus with a key of its own."""
    return events.EventBus(scope, "Bus", event_bus_name=options.physical(topology.BUS), description="Reactory's events")


def create_bus_rules(
    scope: Construct, options: Options, bus: events.IEventBus, queues: Mapping[str, sqs.Queue]
) -> None:
    """The bus's rules of the topology. What cannot be put into the queue lands in the queue's own dead letters."""
    for spec in topology.BUS_RULES:
        queue = queues[spec.queue]
        assert queue.dead_letter_queue is not None
        events.Rule(
            scope,
            f"Rule-{spec.name}",
            rule_name=options.physical(spec.name),
            event_bus=bus,
            event_pattern=events.EventPattern(source=events.Match.anything_but_prefix(spec.except_prefix)),
            targets=[targets.SqsQueue(queue, dead_letter_queue=queue.dead_letter_queue.queue)],
        )
