"""The DynamoDB table of counters that many processes touch at once."""

from __future__ import annotations

from aws_cdk import RemovalPolicy
from aws_cdk import aws_dynamodb as dynamodb
from constructs import Construct

from infra.options import Options
from reactory import topology


def create_table(scope: Construct, options: Options) -> dynamodb.Table:
    """One item per counter, expired by TTL. Those that are listed have an attribute that puts them into the index."""
    table = dynamodb.Table(
        scope,
        "Counters",
        table_name=options.physical(topology.COUNTERS_TABLE),
        partition_key=dynamodb.Attribute(name="pk", type=dynamodb.AttributeType.STRING),
        time_to_live_attribute="expiresAt",
        billing_mode=dynamodb.BillingMode.PAY_PER_REQUEST,
        encryption=dynamodb.TableEncryption.AWS_MANAGED,
        point_in_time_recovery_specification=dynamodb.PointInTimeRecoverySpecification(
            point_in_time_recovery_enabled=True
        ),
        # every item is due to expire, and a table left behind would be in the way of the next deployment
        removal_policy=RemovalPolicy.DESTROY,
    )
    table.add_global_secondary_index(
        index_name=topology.COUNTERS_INDEX,
        partition_key=dynamodb.Attribute(name="kind", type=dynamodb.AttributeType.STRING),
        sort_key=dynamodb.Attribute(name="pk", type=dynamodb.AttributeType.STRING),
        projection_type=dynamodb.ProjectionType.ALL,
    )
    return table
