"""The secret with the URI of the MongoDB deployment, which lives outside of this stack."""

from __future__ import annotations

from aws_cdk import RemovalPolicy
from aws_cdk import aws_secretsmanager as secretsmanager
from constructs import Construct

from infra.options import Options
from infra.review import acknowledge


def create_database_secret(scope: Construct, options: Options) -> secretsmanager.Secret:
    """An empty place for the URI: filled once after the first deployment, kept when the stack is deleted."""
    secret = secretsmanager.Secret(
        scope,
        "MongoDbUri",
        description=f"The MongoDB URI of {options.stack_name}: put it here, see docs/deployment.md",
        removal_policy=RemovalPolicy.RETAIN,
    )
    acknowledge(secret, {"AwsSolutions-SMG4": "the URI belongs to who runs the database, who rotates it there"})
    return secret
