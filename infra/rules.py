"""The EventBridge rules that call functions: by the clock, and after a deployment."""

from __future__ import annotations

from collections.abc import Mapping

from aws_cdk import Duration, Stack
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


DEPLOYED = ("CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE")
"""Statuses of a stack with which another code may be in place than before.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/view-stack-events.html
"""

BY_HAND = "it may be called again at any time, by hand too; what it could not do is in its log"


def create_rules(scope: Construct, options: Options, functions: Mapping[str, lambda_.Function]) -> None:
    """A rule for each function of the topology that has one."""
    for spec in topology.FUNCTIONS:
        if spec.after_deployment:
            _call_after_deployment(scope, options, spec.name, functions[spec.name])
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


def _call_after_deployment(scope: Construct, options: Options, name: str, function: lambda_.Function) -> None:
    """CloudFormation tells the default bus of the account what becomes of its stacks.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/event-detail-stack-status-change.html
    """
    function.configure_async_invoke(retry_attempts=2)
    acknowledge(function, {"Serverless-LambdaAsyncFailureDestination": BY_HAND})
    rule = events.Rule(
        scope,
        f"Rule-{name}",
        rule_name=options.physical(name),
        event_pattern=events.EventPattern(
            source=["aws.cloudformation"],
            detail_type=["CloudFormation Stack Status Change"],
            detail={"stack-id": [Stack.of(scope).stack_id], "status-details": {"status": list(DEPLOYED)}},
        ),
        targets=[targets.LambdaFunction(function)],
    )
    acknowledge(rule, {"Serverless-EventBusDLQ": BY_HAND})
