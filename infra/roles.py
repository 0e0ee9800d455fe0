"""One role per function, which allows what the topology says that it needs and nothing else.

Every statement is written out here and inlined in the role; the CDK's own grants are kept out, since they allow more.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import cast

from aws_cdk import CfnElement, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_logs as logs
from constructs import Construct

from infra.resources import Resources
from infra.review import acknowledge
from reactory import topology
from reactory.topology import COUNTERS_INDEX, Capability, FunctionSpec

SEND = ("sqs:SendMessage",)

CONSUME = ("sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage")
"""What Lambda's poller does in the name of the function."""


def create_role(
    scope: Construct, spec: FunctionSpec, log_group: logs.LogGroup, resources: Resources, kms_key: str = ""
) -> iam.Role:
    """The execution role of a function. ``kms_key`` is the ARN of the key that payloads are encrypted under."""
    statements = [_allow("Logs", ("logs:CreateLogStream", "logs:PutLogEvents"), log_group.log_group_arn)]
    sources = topology.sources(spec)
    if sources:
        consumed = (resources.source(queue.name).queue_arn for queue in sources)
        statements.append(_allow("Consume", CONSUME, *consumed))
    for need in sorted(spec.needs):
        statements += capability_statements(need, resources)
    if kms_key and "instances" in spec.needs:
        statements.append(_allow("Encryption", ("kms:Decrypt", "kms:GenerateDataKey"), kms_key))
    role = iam.Role(
        scope,
        f"Role-{spec.name}",
        assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"),
        description=f"What {spec.name} may do",
        inline_policies={"needs": iam.PolicyDocument(statements=statements)},
    )
    if "blobs" in spec.needs:
        bucket = Stack.of(scope).get_logical_id(cast("CfnElement", resources.blobs.node.default_child))
        reason = "a blob's key holds the id of its instance: S3 can only name all objects of the bucket"
        acknowledge(role, {f"AwsSolutions-IAM5[Resource::<{bucket}.Arn>/*]": reason})
    return role


def capability_statements(need: Capability, resources: Resources) -> Sequence[iam.PolicyStatement]:
    """What one capability of the topology allows."""
    match need:
        case "instances":
            return [_allow("Database", ("secretsmanager:GetSecretValue",), resources.database.secret_arn)]
        case "blobs":
            objects = ("s3:DeleteObject", "s3:GetObject", "s3:PutObject")
            bucket = resources.blobs
            return [
                _allow("Blobs", objects, bucket.arn_for_objects("*")),
                _allow("BlobsOfAnInstance", ("s3:ListBucket",), bucket.bucket_arn),
            ]
        case "publish":
            return [_allow("Publish", ("events:PutEvents",), resources.bus.event_bus_arn)]
        case "wakeups":
            return [_allow("Wakeups", SEND, *_queue_arns(resources, "wakeups-"))]
        case "triggers":
            return [_allow("Triggers", SEND, *_queue_arns(resources, "triggers"))]
        case "jobs":
            return [_allow("Jobs", SEND, *_queue_arns(resources, "jobs"))]
        case "schedules":
            return [_allow("Schedules", SEND, *_queue_arns(resources, "schedules"))]
        case "events":
            return [_allow("Events", SEND, *_queue_arns(resources, "events"))]
        case "queues":
            return [_allow("Queues", SEND, *_queue_arns(resources, ""))]
        case "counters":
            index = f"{resources.counters.table_arn}/index/{COUNTERS_INDEX}"
            return [
                _allow("Counters", ("dynamodb:GetItem", "dynamodb:UpdateItem"), resources.counters.table_arn),
                _allow("CountersOfAKind", ("dynamodb:Query",), index),
            ]


def _queue_arns(resources: Resources, prefix: str) -> Iterable[str]:
    return (queue.queue_arn for name, queue in sorted(resources.queues.items()) if name.startswith(prefix))


def _allow(sid: str, actions: Sequence[str], *arns: str) -> iam.PolicyStatement:
    return iam.PolicyStatement(sid=sid, effect=iam.Effect.ALLOW, actions=list(actions), resources=list(arns))
