"""The stack has what ``reactory.topology`` declares, no more and no less (DP-1)."""

from __future__ import annotations

import json
from typing import Any

import pytest

from reactory import topology
from reactory.topology import BusRuleSpec, FunctionSpec, QueueSpec

SPECS = [pytest.param(spec, id=spec.name) for spec in topology.FUNCTIONS]

QUEUES = [pytest.param(function, queue, id=queue.name) for function in topology.FUNCTIONS for queue in function.queues]

SOURCES = [
    pytest.param(function, queue, id=queue.name)
    for function in topology.FUNCTIONS
    for queue in topology.sources(function)
]


def logical_id(stack: Any, kind: str, name_property: str, name: str) -> str:
    """The logical id of the one resource with this name."""
    (found,) = (key for key, value in stack.of_type(kind).items() if value.get(name_property) == f"reactory-{name}")
    return str(found)


def mapping_of(stack: Any, function: FunctionSpec, queue: QueueSpec) -> dict[str, Any]:
    """The properties of the one event source mapping between the two."""
    source = {"Fn::GetAtt": [logical_id(stack, "AWS::SQS::Queue", "QueueName", queue.name), "Arn"]}
    target = {"Ref": logical_id(stack, "AWS::Lambda::Function", "FunctionName", function.name)}
    mappings = stack.of_type("AWS::Lambda::EventSourceMapping").values()
    (found,) = (one for one in mappings if one["EventSourceArn"] == source and one["FunctionName"] == target)
    return dict(found)


def test_every_function_is_in_the_stack_once(stack: Any) -> None:
    """DP-1: one Lambda function per declared function, and none beside them."""
    names = [one["FunctionName"] for one in stack.of_type("AWS::Lambda::Function").values()]
    assert sorted(names) == sorted(f"reactory-{spec.name}" for spec in topology.FUNCTIONS)


@pytest.mark.parametrize("spec", SPECS)
def test_function_has_its_declared_limits(stack: Any, spec: FunctionSpec) -> None:
    """DP-1: handler, timeout and memory are the declared ones; Python 3.13 on arm64 with the one shared layer."""
    found = stack.named("AWS::Lambda::Function", "FunctionName")[spec.name]
    assert (found["Handler"], found["Timeout"], found["MemorySize"]) == (spec.handler, spec.timeout, spec.memory)
    assert (found["Runtime"], found["Architectures"]) == ("python3.13", ["arm64"])
    (layer,) = stack.of_type("AWS::Lambda::LayerVersion")
    assert found["Layers"] == [{"Ref": layer}]


@pytest.mark.parametrize("spec", SPECS)
def test_function_environment_is_what_settings_reads(stack: Any, spec: FunctionSpec) -> None:
    """DP-1: the environment names the real services, the user's modules, and a secret instead of a database password."""
    found = stack.named("AWS::Lambda::Function", "FunctionName")[spec.name]["Environment"]["Variables"]
    assert (found["REACTORY_AWS"], found["REACTORY_BLOBS"]) == ("boto3", "s3")
    assert json.loads(found["REACTORY_MODULES"]) == ["/var/task/tests/infra/modules/sample"]
    assert "REACTORY_MONGODB_URI" not in found
    assert ("REACTORY_MONGODB_SECRET" in found) == ("instances" in spec.needs)
    assert ("REACTORY_COUNTERS_TABLE" in found) == ("counters" in spec.needs)


def test_queue_urls_name_every_queue(stack: Any) -> None:
    """DP-1: REACTORY_QUEUE_URLS is a JSON object with the URL of every queue."""
    for function in stack.of_type("AWS::Lambda::Function").values():
        parts = function["Environment"]["Variables"]["REACTORY_QUEUE_URLS"]["Fn::Join"][1]
        references = {name: {"Ref": name} for name in stack.of_type("AWS::SQS::Queue")}
        text = "".join(part if isinstance(part, str) else part["Ref"] for part in parts)
        urls = json.loads(text)
        assert sorted(urls) == sorted(queue.name for queue in topology.queues())
        assert set(urls.values()) <= set(references)


def test_every_route_leads_to_its_function(stack: Any) -> None:
    """DP-1, IM-1: the API has exactly the declared routes, each integrated with the function that declares it."""
    integrations = stack.of_type("AWS::ApiGatewayV2::Integration")
    functions = {key: value["FunctionName"] for key, value in stack.of_type("AWS::Lambda::Function").items()}
    found = {}
    for route in stack.of_type("AWS::ApiGatewayV2::Route").values():
        integration = integrations[route["Target"]["Fn::Join"][1][1]["Ref"]]
        assert (integration["IntegrationType"], integration["PayloadFormatVersion"]) == ("AWS_PROXY", "2.0")
        found[route["RouteKey"]] = functions[integration["IntegrationUri"]["Fn::GetAtt"][0]]
    assert found == {
        f"{route.method} {route.path}": f"reactory-{spec.name}" for spec in topology.FUNCTIONS for route in spec.routes
    }


def test_every_route_is_closed_to_strangers(stack: Any) -> None:
    """DP-1: no route can be called without a signature that IAM accepts."""
    routes = stack.of_type("AWS::ApiGatewayV2::Route").values()
    assert {route["AuthorizationType"] for route in routes} == {"AWS_IAM"}


def test_api_has_a_ceiling_and_an_access_log(stack: Any) -> None:
    """DP-1: requests are throttled, and each leaves one JSON line without query strings or headers."""
    (stage,) = stack.of_type("AWS::ApiGatewayV2::Stage").values()
    assert stage["DefaultRouteSettings"] == {"ThrottlingBurstLimit": 200, "ThrottlingRateLimit": 100}
    line = json.loads(stage["AccessLogSettings"]["Format"])
    assert {"requestId", "route", "status"} <= set(line)
    assert stage["AccessLogSettings"]["DestinationArn"]["Fn::GetAtt"][0] in stack.of_type("AWS::Logs::LogGroup")


def test_functions_answer_before_the_api_gives_up() -> None:
    """DP-1: a function behind the API ends before API Gateway's 30 seconds do."""
    assert all(spec.timeout < 30 for spec in topology.FUNCTIONS if spec.routes)


def test_queues_are_those_declared_each_with_its_dead_letters(stack: Any) -> None:
    """DP-1, WR-11: every declared queue is there with a dead-letter queue of its own, and no other queue is."""
    declared = {name for queue in topology.queues() for name in (queue.name, queue.dead_letters)}
    assert set(stack.named("AWS::SQS::Queue", "QueueName")) == declared


@pytest.mark.parametrize(("function", "queue"), QUEUES)
def test_queue_keeps_a_message_hidden_while_it_may_be_worked_on(
    stack: Any, function: FunctionSpec, queue: QueueSpec
) -> None:
    """WR-11: the visibility timeout is at least six times the function's, and a message that fails too often is put aside."""
    found = stack.named("AWS::SQS::Queue", "QueueName")[queue.name]
    assert found["VisibilityTimeout"] == topology.visibility(function)
    assert found["VisibilityTimeout"] >= 6 * function.timeout
    dead = logical_id(stack, "AWS::SQS::Queue", "QueueName", queue.dead_letters)
    assert found["RedrivePolicy"] == {
        "deadLetterTargetArn": {"Fn::GetAtt": [dead, "Arn"]},
        "maxReceiveCount": queue.max_receives,
    }


@pytest.mark.parametrize(("function", "queue"), QUEUES)
def test_dead_letters_outlive_the_queue(stack: Any, function: FunctionSpec, queue: QueueSpec) -> None:
    """WR-11: a dead letter is kept longer than a message, the 14 days that SQS allows."""
    queues = stack.named("AWS::SQS::Queue", "QueueName")
    assert queues[queue.dead_letters]["MessageRetentionPeriod"] == 14 * 86400
    assert queues[queue.dead_letters]["VisibilityTimeout"] == topology.visibility(topology.undertaker())
    assert "RedrivePolicy" not in queues[queue.dead_letters]
    assert queues[queue.name]["MessageRetentionPeriod"] < 14 * 86400


@pytest.mark.parametrize(("function", "queue"), SOURCES)
def test_event_source_is_as_declared(stack: Any, function: FunctionSpec, queue: QueueSpec) -> None:
    """DP-1, WR-11: batch, window and concurrency are the declared ones, and only the failed messages come back."""
    found = mapping_of(stack, function, queue)
    assert found["MaximumBatchingWindowInSeconds"] == queue.window
    assert found["ScalingConfig"] == {"MaximumConcurrency": queue.concurrency}
    assert found["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    unwindowed = queue.window == 0
    assert found["BatchSize"] == (min(queue.batch_size, 10) if unwindowed else queue.batch_size)


def test_no_event_source_beside_the_declared_ones(stack: Any) -> None:
    """DP-1, WR-11: one event source mapping per declared queue, and one per dead-letter queue."""
    assert len(stack.of_type("AWS::Lambda::EventSourceMapping")) == len(SOURCES) == 2 * len(QUEUES)


@pytest.mark.parametrize(("function", "queue"), SOURCES)
def test_declared_limits_are_those_that_lambda_accepts(function: FunctionSpec, queue: QueueSpec) -> None:
    """DP-1: concurrency, batch, window and visibility lie in the ranges of the service, so that a deployment cannot fail on them."""
    assert 2 <= queue.concurrency <= 1000
    assert 1 <= queue.batch_size <= 10_000
    assert 0 <= queue.window <= 300
    assert topology.visibility(function) <= 43_200


def test_every_rule_calls_its_function(stack: Any) -> None:
    """DP-1, WH-7: the declared schedules, and no others, call the functions that declare them, which allow it."""
    found = stack.of_type("AWS::Events::Rule")
    rules = {rule_id: rule for rule_id, rule in found.items() if "ScheduleExpression" in rule}
    declared = {spec.name: spec.rule for spec in topology.FUNCTIONS if spec.rule}
    assert {one["Name"].removeprefix("reactory-"): one["ScheduleExpression"] for one in rules.values()} == declared
    for rule_id, rule in rules.items():
        function = logical_id(stack, "AWS::Lambda::Function", "FunctionName", rule["Name"].removeprefix("reactory-"))
        (target,) = rule["Targets"]
        assert target["Arn"] == {"Fn::GetAtt": [function, "Arn"]}
        assert rule["State"] == "ENABLED"
        assert allowed_to_call(stack, function, "events.amazonaws.com") == [{"Fn::GetAtt": [rule_id, "Arn"]}]


def test_a_complete_deployment_calls_what_takes_it_over(stack: Any) -> None:
    """DP-1, IN-2, SC-5: CloudFormation's news of this stack, and of no other, calls the declared functions."""
    rules = stack.of_type("AWS::Events::Rule")
    found = {name: rule for name, rule in rules.items() if "aws.cloudformation" in str(rule.get("EventPattern"))}
    declared = [spec.name for spec in topology.FUNCTIONS if spec.after_deployment]
    assert [rule["Name"].removeprefix("reactory-") for rule in found.values()] == declared == ["scheduler-setup"]
    ((rule_id, rule),) = found.items()
    assert rule["EventPattern"]["source"] == ["aws.cloudformation"]
    assert rule["EventPattern"]["detail-type"] == ["CloudFormation Stack Status Change"]
    assert rule["EventPattern"]["detail"]["stack-id"] == [{"Ref": "AWS::StackId"}]
    assert set(rule["EventPattern"]["detail"]["status-details"]["status"]) == {
        *("CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE")
    }
    function = logical_id(stack, "AWS::Lambda::Function", "FunctionName", "scheduler-setup")
    (target,) = rule["Targets"]
    assert target["Arn"] == {"Fn::GetAtt": [function, "Arn"]}
    assert allowed_to_call(stack, function, "events.amazonaws.com") == [{"Fn::GetAtt": [rule_id, "Arn"]}]


@pytest.mark.parametrize("spec", [pytest.param(spec, id=spec.name) for spec in topology.BUS_RULES])
def test_every_rule_of_the_bus_feeds_its_queue(stack: Any, spec: BusRuleSpec) -> None:
    """DP-1, IM-5: the declared pattern of the bus leads to the declared queue, which lets this rule in, as do its dead letters."""
    rules = stack.of_type("AWS::Events::Rule")
    assert sum("EventBusName" in rule for rule in rules.values()) == len(topology.BUS_RULES)
    rule_id = logical_id(stack, "AWS::Events::Rule", "Name", spec.name)
    rule, (bus_id,) = rules[rule_id], stack.of_type("AWS::Events::EventBus")
    assert (rule["EventBusName"], rule["EventPattern"], rule["State"]) == ({"Ref": bus_id}, spec.pattern, "ENABLED")
    (declared,) = (queue for queue in topology.queues() if queue.name == spec.queue)
    queue, dead = (
        logical_id(stack, "AWS::SQS::Queue", "QueueName", name) for name in (declared.name, declared.dead_letters)
    )
    (target,) = rule["Targets"]
    assert target["Arn"] == {"Fn::GetAtt": [queue, "Arn"]}
    assert target["DeadLetterConfig"] == {"Arn": {"Fn::GetAtt": [dead, "Arn"]}}
    for name in (queue, dead):
        assert allowed_to_send(stack, name) == [{"Fn::GetAtt": [rule_id, "Arn"]}]


def allowed_to_send(stack: Any, queue: str) -> list[Any]:
    """The rules from which EventBridge may send to the queue."""
    policies = stack.of_type("AWS::SQS::QueuePolicy").values()
    statements = [
        one
        for policy in policies
        if {"Ref": queue} in policy["Queues"]
        for one in policy["PolicyDocument"]["Statement"]
    ]
    allowing = [one for one in statements if one["Effect"] == "Allow"]
    assert all(one["Principal"] == {"Service": "events.amazonaws.com"} for one in allowing)
    return [one["Condition"]["ArnEquals"]["aws:SourceArn"] for one in allowing]


def allowed_to_call(stack: Any, function: str, service: str) -> list[Any]:
    """From where a service may call the function."""
    permissions = stack.of_type("AWS::Lambda::Permission").values()
    target = {"Fn::GetAtt": [function, "Arn"]}
    return [one["SourceArn"] for one in permissions if (one["FunctionName"], one["Principal"]) == (target, service)]


def test_only_functions_with_routes_may_be_called_by_the_api(stack: Any) -> None:
    """DP-1: API Gateway may call the functions behind its routes, for this API only, and no other function."""
    for spec in topology.FUNCTIONS:
        function = logical_id(stack, "AWS::Lambda::Function", "FunctionName", spec.name)
        sources = allowed_to_call(stack, function, "apigateway.amazonaws.com")
        assert len(sources) == (1 if spec.routes else 0)
        assert all({"Ref": api} in source["Fn::Join"][1] for source in sources for api in apis(stack))


def apis(stack: Any) -> list[str]:
    return list(stack.of_type("AWS::ApiGatewayV2::Api"))


def test_counters_table_is_as_declared(stack: Any) -> None:
    """DP-1, CB-6, CB-7: the table of counters has the declared name, key, index and TTL, and is billed by use."""
    (table,) = stack.of_type("AWS::DynamoDB::Table").values()
    assert table["TableName"] == topology.COUNTERS_TABLE
    assert table["KeySchema"] == [{"AttributeName": "pk", "KeyType": "HASH"}]
    assert table["AttributeDefinitions"] == [
        {"AttributeName": "pk", "AttributeType": "S"},
        {"AttributeName": "kind", "AttributeType": "S"},
    ]
    (index,) = table["GlobalSecondaryIndexes"]
    assert index["IndexName"] == topology.COUNTERS_INDEX
    assert [part["AttributeName"] for part in index["KeySchema"]] == ["kind", "pk"]
    assert index["Projection"] == {"ProjectionType": "ALL"}
    assert table["TimeToLiveSpecification"] == {"AttributeName": "expiresAt", "Enabled": True}
    assert table["BillingMode"] == "PAY_PER_REQUEST"


def test_bus_is_as_declared(stack: Any) -> None:
    """DP-1, WH-23: there is one bus, with the declared name, and the functions are told it."""
    ((bus_id, bus),) = stack.of_type("AWS::Events::EventBus").items()
    assert bus["Name"] == topology.BUS
    for function in stack.of_type("AWS::Lambda::Function").values():
        assert function["Environment"]["Variables"]["REACTORY_BUS"] == {"Ref": bus_id}
