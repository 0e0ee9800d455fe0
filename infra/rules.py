"""The EventBridge rules that call functions by the clock."""

from __future__ import annotations

from collections.abc import Mapping

from aws_cdk import Duration
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from infra.options import Options
from infra.review import acknowledge
from reactory import topology

NEXT_TICK = "a tick carries nothing: the next one does the work of one that was lost"

MAX_AGE = Duration.minutes(1)
"""A tick that could not be delivered is dropped when the next one is due."""


def create_rules(scope: Construct, options: Options, functions: Mapping[str, lambda_.Function]) -> None:
    """A rule for each function of the topology that has one."""
    for spec in topology.FUNCTIONS:
        if spec.rule is None:
            continue
        function = functions[spec.name]
        function.configure_async_invoke(retry_attempts=0, max_event_age=MAX_AGE)
        acknowledge(function, {"Serverless-LambdaAsyncFailureDestination": NEXT_TICK})
        rule = events.Rule(
            scope,
            f"Rule-{spec.name}",
            rule_name=options.physical(spec.name),
            schedule=events.Schedule.expression(spec.rule),
            targets=[targets.LambdaFunction(function, retry_attempts=0, max_event_age=MAX_AGE)],
        )
        acknowledge(rule, {"Serverless-EventBusDLQ": NEXT_TICK})
