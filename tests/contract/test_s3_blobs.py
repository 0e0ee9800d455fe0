"""The blobs in S3 (moto): the contract of the port, and what only S3 has."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from reactory.adapters.aws import session
from reactory.adapters.aws.s3 import S3Blobs
from reactory.exceptions import StoreUnavailableError

BUCKET = "reactory-blobs"


@pytest.fixture
def blobs(monkeypatch: pytest.MonkeyPatch) -> Iterator[S3Blobs]:
    from moto import mock_aws

    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    with mock_aws():
        client = session.s3_client()
        client.create_bucket(Bucket=BUCKET)
        yield S3Blobs(lambda: client, BUCKET)


def test_what_was_put_is_got(blobs: S3Blobs) -> None:
    """Every byte comes back, also none at all and more than one network packet."""
    content = {"i-1/empty": b"", "i-1/bytes": bytes(range(256)), "i-1/large": b"x" * 3_000_000}
    blobs.put(content)
    assert blobs.get(list(content)) == content


def test_what_does_not_exist_is_left_out(blobs: S3Blobs) -> None:
    """A missing id is no error; an id asked for twice is answered once."""
    blobs.put({"i-1/a": b"a"})
    assert blobs.get(["i-1/a", "i-1/missing", "i-1/a"]) == {"i-1/a": b"a"}


def test_nothing_is_asked_for_nothing(blobs: S3Blobs) -> None:
    """Empty calls do nothing."""
    blobs.put({})
    assert blobs.get([]) == {}


def test_putting_again_is_harmless(blobs: S3Blobs) -> None:
    """One id has one content, so a repeated put changes nothing."""
    blobs.put({"i-1/a": b"a"})
    blobs.put({"i-1/a": b"a"})
    assert blobs.get(["i-1/a"]) == {"i-1/a": b"a"}


def test_ids_may_hold_any_printable_ascii(blobs: S3Blobs) -> None:
    """Paths of steps have brackets, slashes and spaces, and an id may have 900 characters."""
    ids = ["i-1/lines[3]/reserve#1", "i-1/a b+c%20&=?;:,\"'<>\\^`{|}~", "i-1/" + "x" * 896]
    blobs.put({blob_id: blob_id.encode() for blob_id in ids})
    assert blobs.get(ids) == {blob_id: blob_id.encode() for blob_id in ids}


def test_delete_prefix_takes_one_instance(blobs: S3Blobs) -> None:
    """All blobs of the instance are deleted, over several pages, and no other instance's."""
    blobs.put({f"i-1/{number}": b"x" for number in range(1_005)})
    blobs.put({"i-10/a": b"stays", "i-2/a": b"stays"})
    assert blobs.delete_prefix("i-1/") == 1_005
    assert blobs.delete_prefix("i-1/") == 0
    assert blobs.get(["i-1/0", "i-10/a", "i-2/a"]) == {"i-10/a": b"stays", "i-2/a": b"stays"}


def test_an_empty_prefix_is_refused(blobs: S3Blobs) -> None:
    """Nobody deletes the blobs of all instances by accident."""
    with pytest.raises(ValueError, match="all instances"):
        blobs.delete_prefix("")


def test_a_missing_bucket_is_unavailable(blobs: S3Blobs) -> None:
    """The error names service, operation, bucket and code, and how to fix it."""
    elsewhere = S3Blobs(session.s3_client, "no-such-bucket")
    for call in (
        lambda: elsewhere.put({"i/a": b""}),
        lambda: elsewhere.get(["i/a"]),
        lambda: elsewhere.delete_prefix("i/"),
    ):
        with pytest.raises(
            StoreUnavailableError, match=r"S3 \w+ .*'no-such-bucket' failed with NoSuchBucket.*REACTORY_BUCKET"
        ):
            call()
