"""Each role allows what the topology says that its function needs, and nothing else (DP-1)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from reactory import topology
from reactory.topology import FunctionSpec
from tests.infra.conftest import synthesise

SEND = {"sqs:SendMessage"}
WAKEUPS = {f"queue {queue.name}" for queue in topology.WAKEUPS}

# capability → the pairs of actions and resources that it stands for; written by hand, as the oracle
ALLOWED: dict[str, list[tuple[set[str], set[str]]]] = {
    "instances": [({"secretsmanager:GetSecretValue"}, {"secret"})],
    "blobs": [
        ({"s3:GetObject", "s3:PutObject", "s3:DeleteObject"}, {"bucket/*"}),
        ({"s3:ListBucket"}, {"bucket"}),
    ],
    "publish": [({"events:PutEvents"}, {"bus"})],
    "wakeups": [(SEND, WAKEUPS)],
    "triggers": [(SEND, {"queue triggers"})],
    "events": [(SEND, {"queue events"})],
    "jobs": [(SEND, {"queue jobs"})],
    "queues": [(SEND, {f"queue {queue.name}" for queue in topology.queues()})],
    "schedules": [(SEND, {"queue schedules"})],
    "counters": [
        ({"dynamodb:GetItem", "dynamodb:UpdateItem"}, {"table"}),
        ({"dynamodb:Query"}, {f"table/index/{topology.COUNTERS_INDEX}"}),
    ],
}

CONSUME = {"sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"}

NOUNS = {
    "AWS::SecretsManager::Secret": "secret",
    "AWS::S3::Bucket": "bucket",
    "AWS::Events::EventBus": "bus",
    "AWS::DynamoDB::Table": "table",
}


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def noun(stack: Any, logical_id: str) -> str:
    """A word for a resource, from its type and its name."""
    resource = stack.template["Resources"][logical_id]
    properties = resource.get("Properties", {})
    match resource["Type"]:
        case "AWS::SQS::Queue":
            return "queue " + str(properties["QueueName"]).removeprefix("reactory-")
        case "AWS::Logs::LogGroup":
            return "logs " + str(properties["LogGroupName"]).removeprefix("/aws/lambda/reactory-")
        case kind:
            return NOUNS[kind]


def named(stack: Any, resource: Any) -> str:
    """The resource of a statement in words; anything that is not a resource of this stack fails here."""
    match resource:
        case {"Fn::GetAtt": [str(logical_id), "Arn"]} | {"Ref": str(logical_id)}:
            return noun(stack, logical_id)
        case {"Fn::Join": ["", [{"Fn::GetAtt": [str(logical_id), "Arn"]}, str(rest)]]}:
            return noun(stack, logical_id) + rest
        case _:
            pytest.fail(f"a statement names something else than a resource of this stack: {resource}")


def statements_of(stack: Any, spec: FunctionSpec) -> list[dict[str, Any]]:
    """All that the function's role says, after a check that it says it in one place."""
    functions = stack.named("AWS::Lambda::Function", "FunctionName")
    role = stack.of_type("AWS::IAM::Role")[functions[spec.name]["Role"]["Fn::GetAtt"][0]]
    assert "ManagedPolicyArns" not in role
    (policy,) = role["Policies"]
    return list(policy["PolicyDocument"]["Statement"])


def expected(spec: FunctionSpec) -> list[tuple[set[str], set[str]]]:
    allowed = [({"logs:CreateLogStream", "logs:PutLogEvents"}, {f"logs {spec.name}"})]
    if topology.sources(spec):
        allowed.append((CONSUME, {f"queue {queue.name}" for queue in topology.sources(spec)}))
    return allowed + [pair for need in spec.needs for pair in ALLOWED[need]]


@pytest.mark.parametrize("spec", [pytest.param(spec, id=spec.name) for spec in topology.FUNCTIONS])
def test_role_allows_just_what_is_needed(stack: Any, spec: FunctionSpec) -> None:
    """DP-1: the statements of a role are those of its function's needs, its queues and its log, and no more."""
    found = []
    for statement in statements_of(stack, spec):
        assert statement["Effect"] == "Allow"
        assert set(statement) == {"Sid", "Effect", "Action", "Resource"}
        resources = {named(stack, one) for one in listed(statement["Resource"])}
        found.append((set(listed(statement["Action"])), resources))
    assert sorted(map(repr, map(normal, found))) == sorted(map(repr, map(normal, expected(spec))))


def normal(pair: tuple[set[str], set[str]]) -> tuple[list[str], list[str]]:
    return sorted(pair[0]), sorted(pair[1])


def test_every_role_belongs_to_one_function(stack: Any) -> None:
    """DP-1: no role beside those of the functions, each assumed by Lambda only, and no policy outside of a role."""
    roles = stack.of_type("AWS::IAM::Role")
    used = [one["Role"]["Fn::GetAtt"][0] for one in stack.of_type("AWS::Lambda::Function").values()]
    assert sorted(used) == sorted(roles)
    for role in roles.values():
        (trust,) = role["AssumeRolePolicyDocument"]["Statement"]
        assert (trust["Principal"], trust["Action"]) == ({"Service": "lambda.amazonaws.com"}, "sts:AssumeRole")
    assert not stack.of_type("AWS::IAM::Policy")
    assert not stack.of_type("AWS::IAM::ManagedPolicy")


def statements_anywhere(value: Any) -> list[dict[str, Any]]:
    """Every policy statement of the template, wherever it stands."""
    match value:
        case {"Effect": _, "Action": _}:
            return [value]
        case dict():
            return [found for one in value.values() for found in statements_anywhere(one)]
        case list():
            return [found for one in value for found in statements_anywhere(one)]
        case _:
            return []


def test_nothing_is_allowed_by_a_wildcard(stack: Any) -> None:
    """DP-1: no statement that allows has a wildcard in an action, a bare one as its resource, or everybody as its principal."""
    allowing = [one for one in statements_anywhere(stack.template) if one["Effect"] == "Allow"]
    assert allowing
    for statement in allowing:
        assert not [action for action in listed(statement["Action"]) if "*" in action]
        assert "*" not in listed(statement.get("Resource", []))
        assert statement.get("Principal") not in ("*", {"AWS": "*"})


def test_the_oracle_knows_every_capability() -> None:
    """DP-1: a capability that the topology uses is one whose permissions are written down here."""
    assert {need for spec in topology.FUNCTIONS for need in spec.needs} <= set(ALLOWED)


def test_a_key_of_ones_own_encrypts_payloads(tmp_path: Path) -> None:
    """WH-25, DP-1: with ``reactory:kmsKey`` whoever reaches the database may use the key, and nobody else."""
    key = "arn:aws:kms:eu-central-1:123456789012:key/1234"
    encrypted = synthesise(tmp_path, {"reactory:kmsKey": key})
    functions = encrypted.named("AWS::Lambda::Function", "FunctionName")
    for spec in topology.FUNCTIONS:
        allowed = [one for one in statements_of(encrypted, spec) if one["Resource"] == key]
        variables = functions[spec.name]["Environment"]["Variables"]
        reaches = "instances" in spec.needs
        assert [set(one["Action"]) for one in allowed] == [{"kms:Decrypt", "kms:GenerateDataKey"}] * reaches
        assert variables.get("REACTORY_KMS_KEY") == (key if reaches else None)
