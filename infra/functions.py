"""The functions, with their logs, their roles and the queues that they are fed from."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from aws_cdk import Duration, RemovalPolicy, Stack
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from infra.options import Options
from infra.resources import Resources
from infra.review import acknowledge
from infra.roles import create_role
from reactory import topology
from reactory.topology import FunctionSpec, QueueSpec

UNWINDOWED_BATCH = 10
"""The most messages that Lambda takes in one batch without waiting for a window of a second or more."""

LATEST_RUNTIME = "the wheels of the layer and their bytecode are those of the Python that the engine is tested on"

REASONS = {
    "AwsSolutions-L1": LATEST_RUNTIME,
    "Serverless-LambdaLatestVersion": LATEST_RUNTIME,
    "Serverless-LambdaDLQ": "called by requests, queues with dead-letter queues, and rules whose next tick makes up",
    "Serverless-LambdaEventSourceMappingDestination": "the queue's dead-letter queue is the destination",
    "Serverless-LambdaTracing": "no tracer is loaded, whose import would double the cold start",
}


@dataclass(frozen=True, slots=True)
class Code:
    """What runs: the layer, the functions' package, and where in it the user's modules lie."""

    layer: lambda_.ILayerVersion
    functions: lambda_.Code
    modules: Sequence[str]


def create_functions(
    scope: Construct, options: Options, resources: Resources, code: Code
) -> Mapping[str, lambda_.Function]:
    """Every function of the topology, by its name there."""
    return {spec.name: _create_function(scope, options, resources, code, spec) for spec in topology.FUNCTIONS}


def batch_size(queue: QueueSpec) -> int:
    """The queue's batch, cut to what Lambda allows without a window: a wake-up must not wait for company.

    https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html
    """
    return queue.batch_size if queue.window else min(queue.batch_size, UNWINDOWED_BATCH)


def _create_function(
    scope: Construct, options: Options, resources: Resources, code: Code, spec: FunctionSpec
) -> lambda_.Function:
    name = options.physical(spec.name)
    log_group = create_log_group(scope, options, f"Logs-{spec.name}", f"/aws/lambda/{name}")
    role = create_role(scope, spec, log_group, resources, options.kms_key)
    function = lambda_.Function(
        scope,
        f"Function-{spec.name}",
        function_name=name,
        runtime=lambda_.Runtime.PYTHON_3_13,
        architecture=lambda_.Architecture.ARM_64,
        handler=spec.handler,
        timeout=Duration.seconds(spec.timeout),
        memory_size=spec.memory,
        code=code.functions,
        layers=[code.layer],
        # nothing may widen the role behind the back of roles.py
        role=role.without_policy_updates(),
        log_group=log_group,
        logging_format=lambda_.LoggingFormat.JSON,
        environment=_environment(Stack.of(scope), options, spec, resources, code),
    )
    acknowledge(function, REASONS)
    for queue in topology.sources(spec):
        _feed(function, queue, resources.source(queue.name))
    return function


def create_log_group(scope: Construct, options: Options, construct_id: str, name: str) -> logs.LogGroup:
    """A log group that forgets; CloudWatch Logs encrypts every one with a key of its own."""
    return logs.LogGroup(
        scope,
        construct_id,
        log_group_name=name,
        retention=_retention(options.log_retention_days),
        removal_policy=RemovalPolicy.DESTROY,
    )


def _retention(days: int) -> logs.RetentionDays:
    known = {1: "ONE_DAY", 7: "ONE_WEEK", 14: "TWO_WEEKS", 30: "ONE_MONTH", 90: "THREE_MONTHS", 365: "ONE_YEAR"}
    if days not in known:
        raise ValueError(f"reactory:logRetentionDays is {days}: use one of {', '.join(map(str, known))}")
    return logs.RetentionDays[known[days]]


def _environment(
    stack: Stack, options: Options, spec: FunctionSpec, resources: Resources, code: Code
) -> dict[str, str]:
    """The variables of ``reactory.settings``, and those of Powertools."""
    urls = {name: queue.queue_url for name, queue in sorted(resources.queues.items())}
    values = {
        "REACTORY_AWS": "boto3",
        "REACTORY_BUS": resources.bus.event_bus_name,
        "REACTORY_MODULES": json.dumps(list(code.modules)),
        "REACTORY_QUEUE_URLS": stack.to_json_string(urls),
        "POWERTOOLS_SERVICE_NAME": spec.name,
        "POWERTOOLS_METRICS_NAMESPACE": "Reactory",
    }
    if "instances" in spec.needs:
        values["REACTORY_MONGODB_SECRET"] = resources.database.secret_arn
        if options.kms_key:
            values |= {"REACTORY_ENCRYPTION": "kms", "REACTORY_KMS_KEY": options.kms_key}
    if "counters" in spec.needs:
        values["REACTORY_COUNTERS_TABLE"] = resources.counters.table_name
    values |= {"REACTORY_BLOBS": "s3", "REACTORY_BUCKET": resources.blobs.bucket_name}
    return {**options.settings, **values}


def _feed(function: lambda_.Function, spec: QueueSpec, queue: sqs.IQueue) -> None:
    """Messages of the queue to the function, in batches of which only the failed ones come back."""
    lambda_.EventSourceMapping(
        function,
        f"From-{spec.name}",
        target=function,
        event_source_arn=queue.queue_arn,
        batch_size=batch_size(spec),
        max_batching_window=Duration.seconds(spec.window),
        max_concurrency=spec.concurrency,
        report_batch_item_failures=True,
    )
