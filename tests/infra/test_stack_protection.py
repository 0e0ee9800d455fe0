"""Encryption, TLS, retention and what is kept when the stack goes (DP-1)."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest


def refusals(stack: Any, kind: str, key: str) -> dict[str, list[dict[str, Any]]]:
    """The statements of the resource policies of a kind, by the resource that they protect."""
    found: dict[str, list[dict[str, Any]]] = {}
    for policy in stack.of_type(kind).values():
        protected = policy[key] if isinstance(policy[key], list) else [policy[key]]
        for resource in protected:
            found.setdefault(resource["Ref"], []).extend(policy["PolicyDocument"]["Statement"])
    return found


def refuses_plain_http(statements: list[dict[str, Any]]) -> bool:
    insecure = {"Bool": {"aws:SecureTransport": "false"}}
    return any(one["Effect"] == "Deny" and one.get("Condition") == insecure for one in statements)


def test_queues_are_encrypted_and_refuse_plain_http(stack: Any) -> None:
    """DP-1: every queue, dead-letter queues included, is encrypted at rest and answers over TLS only."""
    policies = refusals(stack, "AWS::SQS::QueuePolicy", "Queues")
    for name, queue in stack.of_type("AWS::SQS::Queue").items():
        assert queue["SqsManagedSseEnabled"] is True
        assert refuses_plain_http(policies[name])


def test_bucket_is_private_encrypted_and_refuses_plain_http(stack: Any) -> None:
    """DP-1, WR-15: payloads out of line lie encrypted in a bucket that nobody outside of the account can open."""
    ((name, bucket),) = stack.of_type("AWS::S3::Bucket").items()
    assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}
    (rule,) = bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert rule["ServerSideEncryptionByDefault"]["SSEAlgorithm"] == "AES256"
    assert refuses_plain_http(refusals(stack, "AWS::S3::BucketPolicy", "Bucket")[name])
    rules = bucket["LifecycleConfiguration"]["Rules"]
    assert {one["Status"] for one in rules} == {"Enabled"}
    assert not [one for one in rules if "ExpirationInDays" in one], "instances refer to blobs: they do not expire"


def test_table_is_encrypted_and_can_be_restored(stack: Any) -> None:
    """DP-1: the table is encrypted with a key in KMS and has point-in-time recovery."""
    (table,) = stack.of_type("AWS::DynamoDB::Table").values()
    assert table["SSESpecification"] == {"SSEEnabled": True}
    assert table["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}


def test_secret_is_not_in_the_template(stack: Any) -> None:
    """DP-1: the database's URI is in Secrets Manager only: the template has neither a value nor a parameter for it."""
    (secret,) = stack.of_type("AWS::SecretsManager::Secret").values()
    assert "SecretString" not in secret
    assert set(stack.template.get("Parameters", {})) <= {"BootstrapVersion"}


def test_every_log_forgets(stack: Any) -> None:
    """DP-1: every function and the API have a log group of their own, which keeps its lines for a set time."""
    groups = stack.of_type("AWS::Logs::LogGroup")
    functions = stack.of_type("AWS::Lambda::Function")
    assert len(groups) == len(functions) + 1
    assert {group["RetentionInDays"] for group in groups.values()} == {30}
    for function in functions.values():
        group = groups[function["LoggingConfig"]["LogGroup"]["Ref"]]
        assert group["LogGroupName"] == f"/aws/lambda/{function['FunctionName']}"


@pytest.mark.parametrize("kind", ["AWS::S3::Bucket", "AWS::SecretsManager::Secret"])
def test_what_cannot_be_made_again_is_kept(stack: Any, kind: str) -> None:
    """DP-1: blobs and the database's secret survive the deletion of the stack."""
    (resource,) = (one for one in stack.template["Resources"].values() if one["Type"] == kind)
    assert (resource["DeletionPolicy"], resource["UpdateReplacePolicy"]) == ("Retain", "Retain")


def test_stack_is_of_no_account_and_no_region(stack: Any) -> None:
    """DP-1: the template holds no account number, so that whoever deploys it decides."""
    resources = stack.text
    assert "arn:aws:" not in resources.replace("arn:aws:iam::aws:", "")
    assert {"Ref": "AWS::Region"} in regions(stack.template)


def regions(value: Any) -> list[Any]:
    match value:
        case {"Ref": "AWS::Region"}:
            return [value]
        case dict():
            return [found for one in value.values() for found in regions(one)]
        case list():
            return [found for one in value for found in regions(one)]
        case _:
            return []


def test_two_syntheses_are_equal(stack: Any, another_synthesis: Callable[[Path], Any], tmp_path: Path) -> None:
    """DP-1: the same sources give the same template, byte by byte."""
    assert another_synthesis(tmp_path).text == stack.text


def test_findings_of_the_review_end_the_synthesis(tmp_path: Path) -> None:
    """DP-1: a resource that breaks a rule of cdk-nag, with no reason beside it, is an error and no warning."""
    from aws_cdk import App, Stack
    from aws_cdk import aws_sqs as sqs

    from infra.review import review

    app = App(outdir=str(tmp_path), analytics_reporting=False)
    sqs.Queue(Stack(app, "Careless"), "Queue")
    review(app)
    with pytest.raises(RuntimeError, match="AwsSolutions-SQS4"):
        app.synth()


def test_template_fits_the_schemas_of_cloudformation(stack: Any) -> None:
    """DP-1: cfn-lint, which knows every resource's schema and limits, finds no error in the template."""
    from cfnlint.api import lint  # type: ignore[import-untyped]  # cfn-lint ships no type information

    errors = [f"{match.rule.id} {match.message}" for match in lint(stack.text, regions=["eu-central-1", "us-east-1"])]
    assert [error for error in errors if error.startswith("E")] == []
