"""The stack's queues, bus, bucket and table in something that speaks the protocols of AWS: moto, LocalStack."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast

from reactory import topology
from reactory.exceptions import ReactoryError, StartupError
from reactory.local.lambda_context import REGION
from reactory.local.services import Services
from reactory.topology import BusRuleSpec, FunctionSpec, QueueSpec

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_events import EventBridgeClient
    from mypy_boto3_events.type_defs import TargetTypeDef
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.literals import BucketLocationConstraintType
    from mypy_boto3_sqs import SQSClient

BUCKET = "reactory-local"
_CREDENTIALS = {"AWS_ACCESS_KEY_ID": "local", "AWS_SECRET_ACCESS_KEY": "local"}
_EXISTS = frozenset(
    {
        "ResourceAlreadyExistsException",
        "ResourceInUseException",
        "BucketAlreadyOwnedByYou",
        "BucketAlreadyExists",
    }
)


def start_moto(functions: Sequence[FunctionSpec]) -> Services:
    """Moto in this process: empty at every start, as the engine expects of its hints."""
    from reactory.local.moto_server import MotoServer

    server = MotoServer()
    environ = {**_CREDENTIALS, "AWS_REGION": REGION}
    return _services(f"moto at {server.url}", server.url, functions, environ, close=server.stop)


def start_endpoint(url: str, functions: Sequence[FunctionSpec], environ: Mapping[str, str]) -> Services:
    """Whatever answers at ``url``. Credentials and region come from the environment where it has them."""
    names = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_REGION")
    given = {name: environ[name] for name in names if environ.get(name)}
    return _services(f"AWS endpoint {url}", url, functions, {**_CREDENTIALS, "AWS_REGION": REGION, **given})


def _services(
    title: str, url: str, functions: Sequence[FunctionSpec], environ: Mapping[str, str], **extra: Any
) -> Services:
    from botocore.exceptions import BotoCoreError, ClientError

    from reactory.adapters.aws.dynamodb import DynamoTable
    from reactory.adapters.aws.eventbridge import EventBridgeBus
    from reactory.adapters.aws.sqs import SqsQueue
    from reactory.adapters.aws.sqs_receiver import SqsReceiver

    try:
        clients = _Clients(url, environ)
        urls = _provision(clients, functions)
    except (BotoCoreError, ClientError, ReactoryError) as error:
        raise StartupError(f"Cannot set up queues and bus at {url}: {error}") from error
    return Services(
        title=title,
        wiring="reactory.local.container_wiring.boto3",
        environ={
            **environ,
            "AWS_ENDPOINT_URL": url,
            "REACTORY_AWS": "boto3",
            "REACTORY_QUEUE_URLS": json.dumps(urls),
            "REACTORY_BUCKET": BUCKET,
            "REACTORY_COUNTERS_TABLE": topology.COUNTERS_TABLE,
        },
        queue=SqsQueue(lambda: clients.sqs, urls),
        receiver=SqsReceiver(lambda: clients.sqs, urls),
        bus=EventBridgeBus(lambda: clients.events, topology.BUS),
        counters=DynamoTable(lambda: clients.dynamodb, topology.COUNTERS_TABLE),
        **extra,
    )


class _Clients:
    """Of this process; the containers make their own from their environment. ``url`` None leads to AWS itself."""

    def __init__(self, url: str | None, environ: Mapping[str, str]) -> None:
        import boto3
        from botocore.config import Config

        session = boto3.session.Session(
            aws_access_key_id=environ["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=environ["AWS_SECRET_ACCESS_KEY"],
            aws_session_token=environ.get("AWS_SESSION_TOKEN"),
            region_name=environ["AWS_REGION"],
        )
        config = Config(
            connect_timeout=2,
            read_timeout=30,
            retries={"mode": "standard", "total_max_attempts": 3},
            max_pool_connections=32,
            s3={"addressing_style": "path"},
        )
        self.region = environ["AWS_REGION"]
        self.sqs: SQSClient = session.client("sqs", endpoint_url=url, config=config)
        self.events: EventBridgeClient = session.client("events", endpoint_url=url, config=config)
        self.s3: S3Client = session.client("s3", endpoint_url=url, config=config)
        self.dynamodb: DynamoDBClient = session.client("dynamodb", endpoint_url=url, config=config)


def _provision(clients: _Clients, functions: Sequence[FunctionSpec]) -> dict[str, str]:
    """Create what the topology names, where it is not there already; queue name → URL."""
    urls: dict[str, str] = {}
    for function in functions:
        for queue in function.queues:
            urls |= _create_queue(clients.sqs, queue, topology.visibility(function))
    _once(lambda: clients.events.create_event_bus(Name=topology.BUS))
    for rule in topology.BUS_RULES:
        if rule.queue in urls:
            _create_bus_rule(clients, rule, urls[rule.queue])
    _once(lambda: _create_bucket(clients))
    _once(lambda: _create_table(clients.dynamodb))
    return urls


def _create_queue(sqs: SQSClient, spec: QueueSpec, visibility: int) -> dict[str, str]:
    dead = sqs.create_queue(QueueName=spec.dead_letters)["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=dead, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    sqs.set_queue_attributes(QueueUrl=dead, Attributes={"VisibilityTimeout": str(visibility)})
    url = sqs.create_queue(QueueName=spec.name)["QueueUrl"]
    redrive = {"deadLetterTargetArn": arn, "maxReceiveCount": spec.max_receives}
    sqs.set_queue_attributes(
        QueueUrl=url, Attributes={"VisibilityTimeout": str(visibility), "RedrivePolicy": json.dumps(redrive)}
    )
    return {spec.name: url, spec.dead_letters: dead}


def _create_bus_rule(clients: _Clients, rule: BusRuleSpec, url: str) -> None:
    """Put rule and target; both may be there already."""
    arn = clients.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    pattern = json.dumps(rule.pattern)
    clients.events.put_rule(Name=rule.name, EventBusName=topology.BUS, EventPattern=pattern)
    targets: list[TargetTypeDef] = [{"Id": rule.queue, "Arn": arn}]
    clients.events.put_targets(Rule=rule.name, EventBusName=topology.BUS, Targets=targets)


def _create_bucket(clients: _Clients) -> None:
    if clients.region == REGION:  # the one region that must not be named
        clients.s3.create_bucket(Bucket=BUCKET)
    else:
        constraint = cast("BucketLocationConstraintType", clients.region)
        clients.s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": constraint})


def _create_table(dynamodb: DynamoDBClient) -> None:
    table = topology.COUNTERS_TABLE
    dynamodb.create_table(
        TableName=table,
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        AttributeDefinitions=[
            {"AttributeName": "pk", "AttributeType": "S"},
            {"AttributeName": "kind", "AttributeType": "S"},
        ],
        GlobalSecondaryIndexes=[
            {
                "IndexName": topology.COUNTERS_INDEX,
                "KeySchema": [
                    {"AttributeName": "kind", "KeyType": "HASH"},
                    {"AttributeName": "pk", "KeyType": "RANGE"},
                ],
                "Projection": {"ProjectionType": "ALL"},
            }
        ],
        BillingMode="PAY_PER_REQUEST",
    )
    dynamodb.get_waiter("table_exists").wait(TableName=table, WaiterConfig={"Delay": 1, "MaxAttempts": 30})
    dynamodb.update_time_to_live(
        TableName=table, TimeToLiveSpecification={"Enabled": True, "AttributeName": "expiresAt"}
    )


def _once(create: Callable[[], object]) -> None:
    """Create; being there already is fine."""
    from botocore.exceptions import ClientError

    try:
        create()
    except ClientError as error:
        if error.response["Error"]["Code"] not in _EXISTS:
            raise
