"""The queues, each with its dead-letter queue."""

from __future__ import annotations

from collections.abc import Mapping

from aws_cdk import Duration
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from infra.options import Options
from infra.review import acknowledge
from reactory import topology
from reactory.topology import FunctionSpec, QueueSpec

RETENTION = Duration.days(4)
"""Of messages, which are hints: after a longer outage the sweeper finds the work without them."""

DEAD_RETENTION = Duration.days(14)
"""The most that SQS allows: someone has to look at a dead letter."""


def create_queues(scope: Construct, options: Options) -> Mapping[str, sqs.Queue]:
    """Every queue of the topology, by its name there."""
    consumers = {queue.name: function for function in topology.FUNCTIONS for queue in function.queues}
    return {spec.name: _create_queue(scope, options, spec, consumers[spec.name]) for spec in topology.queues()}


def _create_queue(scope: Construct, options: Options, spec: QueueSpec, consumer: FunctionSpec) -> sqs.Queue:
    dead = sqs.Queue(
        scope,
        f"Queue-{spec.dead_letters}",
        queue_name=options.physical(spec.dead_letters),
        encryption=sqs.QueueEncryption.SQS_MANAGED,
        enforce_ssl=True,
        retention_period=DEAD_RETENTION,
        visibility_timeout=Duration.seconds(topology.visibility(topology.undertaker())),
    )
    acknowledge(dead, {"Serverless-SQSRedrivePolicy": "it is a dead-letter queue itself"})
    return sqs.Queue(
        scope,
        f"Queue-{spec.name}",
        queue_name=options.physical(spec.name),
        encryption=sqs.QueueEncryption.SQS_MANAGED,
        enforce_ssl=True,
        visibility_timeout=Duration.seconds(topology.visibility(consumer)),
        retention_period=RETENTION,
        dead_letter_queue=sqs.DeadLetterQueue(max_receive_count=spec.max_receives, queue=dead),
    )
