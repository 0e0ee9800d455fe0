"""boto3 clients: one per process, patient for as long as a function can be."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from reactory.adapters.aws import session
from reactory.adapters.aws.secrets import read_secret
from reactory.exceptions import CountersUnavailableError, UnavailableError


@pytest.fixture
def region(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")


def test_a_client_is_made_once_for_all_threads() -> None:
    """DB-2: whoever comes first makes it, the others wait for it and share it."""
    made: list[object] = []
    barrier = threading.Barrier(8)

    def make() -> object:
        made.append(object())
        return made[-1]

    lazy = session.Lazy(make)
    got: list[object] = []

    def use() -> None:
        barrier.wait()
        got.append(lazy())

    threads = [threading.Thread(target=use) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 1
    assert got == made * 8


@pytest.mark.usefixtures("region")
def test_clients_give_up_before_the_function_does() -> None:
    """Three attempts of a few seconds each; only a long poll may take longer."""
    config: Any = session.sqs_client().meta.config
    assert (config.connect_timeout, config.read_timeout) == (session.CONNECT_TIMEOUT, session.READ_TIMEOUT)
    assert config.retries == {"mode": "standard", "total_max_attempts": 3}
    receiving: Any = session.sqs_receiving_client().meta.config
    assert receiving.read_timeout > session.LONG_POLL


@pytest.mark.usefixtures("region")
def test_a_counter_is_not_waited_for_long() -> None:
    """CB-6: a breaker must not make a step slow: two attempts, a second to connect and a second to read."""
    config: Any = session.dynamodb_client().meta.config
    assert (config.connect_timeout, config.read_timeout) == (1.0, 1.0)
    assert config.retries == {"mode": "standard", "total_max_attempts": 2}


def test_a_missing_region_says_what_to_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    """Without a region there is no client, and the error names the variable."""
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    with pytest.raises(UnavailableError, match="Set AWS_REGION"):
        session.sqs_client()
    with pytest.raises(CountersUnavailableError, match="Set AWS_REGION"):
        session.dynamodb_client()


@pytest.mark.usefixtures("region")
def test_a_secret_is_read() -> None:
    """The current text of the secret; a secret that does not exist is an error with AWS's code."""
    from moto import mock_aws

    with mock_aws():
        client = session.secrets_client()
        arn = client.create_secret(Name="uri", SecretString="mongodb://u:p@host")["ARN"]
        assert read_secret(lambda: client, arn) == "mongodb://u:p@host"
        with pytest.raises(UnavailableError, match="Secrets Manager GetSecretValue of nothing failed"):
            read_secret(lambda: client, "nothing")
