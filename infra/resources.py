"""What the functions work with: created first, then named in their roles and their environment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_events as events
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_secretsmanager as secretsmanager
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from infra.blobs import create_blobs
from infra.bus import create_bus
from infra.database import create_database_secret
from infra.options import Options
from infra.queues import create_queues
from infra.table import create_table
from reactory import topology


@dataclass(frozen=True, slots=True)
class Resources:
    queues: Mapping[str, sqs.Queue]
    bus: events.EventBus
    blobs: s3.Bucket
    counters: dynamodb.Table
    database: secretsmanager.Secret

    def source(self, name: str) -> sqs.IQueue:
        """A queue that feeds a function, or a dead-letter queue, by its name in the topology."""
        if name in self.queues:
            return self.queues[name]
        dead = {spec.dead_letters: self.queues[spec.name].dead_letter_queue for spec in topology.queues()}
        letters = dead[name]
        assert letters is not None, f"{name} was not created"
        return letters.queue


def create_resources(scope: Construct, options: Options) -> Resources:
    return Resources(
        queues=create_queues(scope, options),
        bus=create_bus(scope, options),
        blobs=create_blobs(scope),
        counters=create_table(scope, options),
        database=create_database_secret(scope, options),
    )
