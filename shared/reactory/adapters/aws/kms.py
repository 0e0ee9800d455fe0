"""KeyService in KMS: the master key stays there; a call for each new data key and for each one met first."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from reactory.adapters.aws.errors import classified, error_code
from reactory.exceptions import SealedUnreadableError, UnavailableError

CONTEXT = {"application": "reactory"}
"""Bound to every data key, and seen in CloudTrail."""

_GONE = frozenset(
    {
        "DisabledException",
        "IncorrectKeyException",
        "InvalidCiphertextException",
        "KMSInvalidStateException",
        "NotFoundException",
    }
)
"""What KMS says when the key that wrapped a data key cannot be used (any more)."""


class KmsKeys:
    """``key`` is the ARN, id or alias of a symmetric key. Data keys of an earlier key stay readable while KMS has it."""

    def __init__(self, client: Callable[[], Any], key: str) -> None:
        self._client = client
        self._key = key

    def new_key(self) -> tuple[bytes, bytes]:
        with classified(UnavailableError, "KMS", f"GenerateDataKey of {self._key}"):
            made = self._client().generate_data_key(KeyId=self._key, KeySpec="AES_256", EncryptionContext=CONTEXT)
        return bytes(made["Plaintext"]), bytes(made["CiphertextBlob"])

    def unwrap(self, wrapped: bytes) -> bytes:
        with classified(UnavailableError, "KMS", "Decrypt"):
            return self._decrypt(wrapped)

    def _decrypt(self, wrapped: bytes) -> bytes:
        from botocore.exceptions import ClientError

        try:
            return bytes(self._client().decrypt(CiphertextBlob=wrapped, EncryptionContext=CONTEXT)["Plaintext"])
        except ClientError as error:
            if error_code(error) not in _GONE:
                raise
            raise SealedUnreadableError(
                f"KMS cannot open the data key of a payload ({error_code(error)}). Enable or restore the key that it was "
                f"encrypted under; REACTORY_KMS_KEY is {self._key} now."
            ) from error
