"""Blobs in S3: one object per blob under ``blobs/``, several at once.

The role needs ``s3:ListBucket`` beside get, put and delete: without it S3 answers 403 for an object that is missing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from reactory.adapters.aws.batches import at_once
from reactory.adapters.aws.errors import classified, error_code, failure
from reactory.exceptions import StoreUnavailableError

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_MISSING = frozenset({"NoSuchKey", "404"})


class S3Blobs:
    """Implements the port ``Blobs``. A page of a listing and a deletion hold a thousand keys each."""

    def __init__(self, client: Callable[[], S3Client], bucket: str, prefix: str = "blobs/") -> None:
        self._client = client
        self._bucket = bucket
        self._prefix = prefix

    def put(self, blobs: Mapping[str, bytes]) -> None:
        at_once(self._put, list(blobs.items()))

    def get(self, ids: Sequence[str]) -> dict[str, bytes]:
        unique = list(dict.fromkeys(ids))
        found = zip(unique, at_once(self._get, unique), strict=True)
        return {blob_id: content for blob_id, content in found if content is not None}

    def delete_prefix(self, prefix: str) -> int:
        if not prefix:
            raise ValueError("an empty prefix would delete the blobs of all instances")
        deleted = 0
        with classified(StoreUnavailableError, "S3", f"ListObjectsV2 in {self._bucket!r}"):
            pages = self._client().get_paginator("list_objects_v2")
            for page in pages.paginate(Bucket=self._bucket, Prefix=self._prefix + prefix):
                keys = [item["Key"] for item in page.get("Contents", [])]
                self._delete(keys)
                deleted += len(keys)
        return deleted

    def _put(self, blob: tuple[str, bytes]) -> None:
        blob_id, content = blob
        with classified(StoreUnavailableError, "S3", f"PutObject in {self._bucket!r}"):
            self._client().put_object(Bucket=self._bucket, Key=self._prefix + blob_id, Body=content)

    def _get(self, blob_id: str) -> bytes | None:
        from botocore.exceptions import ClientError

        with classified(StoreUnavailableError, "S3", f"GetObject from {self._bucket!r}"):
            try:
                answer = self._client().get_object(Bucket=self._bucket, Key=self._prefix + blob_id)
                return answer["Body"].read()
            except ClientError as error:
                if error_code(error) in _MISSING:
                    return None
                raise

    def _delete(self, keys: list[str]) -> None:
        if not keys:
            return
        with classified(StoreUnavailableError, "S3", f"DeleteObjects in {self._bucket!r}"):
            answer = self._client().delete_objects(
                Bucket=self._bucket, Delete={"Objects": [{"Key": key} for key in keys], "Quiet": True}
            )
        for error in answer.get("Errors", []):
            code, message = error.get("Code", "Unknown"), error.get("Message", "")
            raise StoreUnavailableError(failure("S3", f"DeleteObjects in {self._bucket!r}", code, message))
