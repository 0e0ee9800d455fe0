"""The bucket of payloads that are too large for the database."""

from __future__ import annotations

from aws_cdk import Duration, RemovalPolicy
from aws_cdk import aws_s3 as s3
from constructs import Construct

from infra.review import acknowledge

COOLING = Duration.days(30)
"""After this, an object's storage class follows how often it is read."""


def create_blobs(scope: Construct) -> s3.Bucket:
    """Private, encrypted, over TLS only; kept when the stack is deleted, because instances refer to what it holds."""
    bucket = s3.Bucket(
        scope,
        "Blobs",
        block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
        encryption=s3.BucketEncryption.S3_MANAGED,
        enforce_ssl=True,
        minimum_tls_version=1.2,
        object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
        removal_policy=RemovalPolicy.RETAIN,
        lifecycle_rules=[
            s3.LifecycleRule(id="unfinished-uploads", abort_incomplete_multipart_upload_after=Duration.days(1)),
            s3.LifecycleRule(
                id="cooling",
                transitions=[
                    s3.Transition(storage_class=s3.StorageClass.INTELLIGENT_TIERING, transition_after=COOLING)
                ],
            ),
        ],
    )
    acknowledge(
        bucket,
        {"AwsSolutions-S1": "only the functions' roles reach it; their reads are told by CloudTrail's data events"},
    )
    return bucket
