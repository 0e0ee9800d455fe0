"""Data keys from KMS (WH-25)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from moto import mock_aws

from reactory.adapters.aws import session
from reactory.adapters.aws.kms import KmsKeys
from reactory.exceptions import SealedUnreadableError, UnavailableError


@pytest.fixture
def kms(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.setenv("AWS_REGION", "eu-central-1")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    with mock_aws():
        yield session.kms_client()


def keys(kms: Any) -> KmsKeys:
    return KmsKeys(lambda: kms, kms.create_key()["KeyMetadata"]["KeyId"])


def test_a_data_key_comes_back(kms: Any) -> None:
    """WH-25: 32 bytes, of which the database sees the wrapped form; a key that was replaced still opens what it wrapped."""
    old, new = keys(kms), keys(kms)
    plain, wrapped = old.new_key()
    assert len(plain) == 32
    assert plain not in wrapped
    assert new.unwrap(wrapped) == plain


def test_a_data_key_that_was_changed(kms: Any) -> None:
    """WH-25: the error says what to restore; trying again is no use."""
    service = keys(kms)
    _, wrapped = service.new_key()
    with pytest.raises(SealedUnreadableError, match=r"InvalidCiphertextException.*REACTORY_KMS_KEY"):
        service.unwrap(wrapped[:-1] + bytes([wrapped[-1] ^ 1]))


def test_a_key_that_is_not_there(kms: Any) -> None:
    """WH-25: nothing is written in plain when KMS gives no key."""
    with pytest.raises(UnavailableError, match="GenerateDataKey of 00000000-0000-0000-0000-000000000000"):
        KmsKeys(lambda: kms, "00000000-0000-0000-0000-000000000000").new_key()
