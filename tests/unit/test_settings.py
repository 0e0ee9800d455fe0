"""The environment: read once, refused with every problem named, secrets never shown."""

from __future__ import annotations

import re

import pytest
from pydantic import ValidationError

from reactory.exceptions import InvalidSettingsError
from reactory.settings import RateLimit, RateLimits, Settings, read_settings, variable


def refused(**environ: str) -> InvalidSettingsError:
    with pytest.raises(InvalidSettingsError) as raised:
        read_settings({variable(name): value for name, value in environ.items()})
    return raised.value


def test_an_empty_environment_gives_the_defaults() -> None:
    """Nothing has to be set; variables of others are none of ours."""
    assert read_settings({"PATH": "/bin", "REACTORY_URL": "http://localhost"}) == Settings()


def test_every_field_is_read_from_its_variable() -> None:
    """REACTORY_<FIELD>: texts and numbers as they are, lists and maps as JSON."""
    settings = read_settings(
        {
            "REACTORY_DATABASE": "orders",
            "REACTORY_LEASE_MS": "60000",
            "REACTORY_QUEUE_URLS": '{"triggers": "https://sqs.test/triggers"}',
            "REACTORY_MODULES": '["workflows/acme-orders"]',
            "REACTORY_LOG_LEVEL": "debug",
        }
    )
    assert settings.database == "orders"
    assert settings.lease_ms == 60_000
    assert settings.queue_urls == {"triggers": "https://sqs.test/triggers"}
    assert settings.modules == ["workflows/acme-orders"]
    assert settings.log_level == "DEBUG"


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("lease_ms", "soon", "REACTORY_LEASE_MS is 'soon': .*integer.* Expected: milliseconds"),
        ("lease_ms", "10", "REACTORY_LEASE_MS is '10': .*1000.*default: 30000"),
        ("aws", "azure", "REACTORY_AWS is 'azure': .*'memory' or 'boto3'"),
        ("modules", "workflows", "REACTORY_MODULES is no JSON"),
        ("modules", '"workflows"', "REACTORY_MODULES is '\"workflows\"': .*list"),
        ("env", '{"a": 1}', r"REACTORY_ENV\['a'\] is .*string"),
        ("database", "a/b", "REACTORY_DATABASE is 'a/b'.*letters, digits"),
        ("log_level", "loud", "REACTORY_LOG_LEVEL is 'loud'.*'DEBUG'"),
        ("files_root", "files", "REACTORY_FILES_ROOT is 'files': .*absolute"),
        ("allowed_scripts", '{"sum": "sum.py"}', "REACTORY_ALLOWED_SCRIPTS is .*the path of sum must be absolute"),
        ("allowed_commands", '{"sum": []}', "REACTORY_ALLOWED_COMMANDS is .*sum is an empty list"),
        ("allowed_commands", '{"sum": "sh"}', r"REACTORY_ALLOWED_COMMANDS\['sum'\] is .*list"),
        ("allowed_hosts", '"localhost"', "REACTORY_ALLOWED_HOSTS is .*list"),
        ("retry_policies", '{"BANK": {"maxAttempts": 11}}', "REACTORY_RETRY_POLICIES is .*BANK.maxAttempts: .*1 to 10"),
        ("retry_policies", '{"BANK": {"attempts": 1}}', "REACTORY_RETRY_POLICIES is .*BANK.attempts"),
        ("retry_policies", '{"BANK": 3}', "REACTORY_RETRY_POLICIES is .*BANK: "),
        ("retry_policies", '{"DEFAULT": {}}', "REACTORY_RETRY_POLICIES is .*'DEFAULT' is no name"),
        (
            "workflow_overrides",
            '{"acme.Pay": {"policy": "BANK"}}',
            "REACTORY_WORKFLOW_OVERRIDES is .*'BANK'; known are",
        ),
        ("workflow_overrides", '{"acme.Pay": {"maxRetries": 11}}', "REACTORY_WORKFLOW_OVERRIDES is .*from 0 to 10"),
        ("workflow_overrides", '{"acme.Pay": {"retries": 1}}', "REACTORY_WORKFLOW_OVERRIDES is .*maxRetries, policy"),
        ("workflow_overrides", '{"Pay": {}}', "REACTORY_WORKFLOW_OVERRIDES is .*nameSpace.Name"),
        ("step_threads", "0", "REACTORY_STEP_THREADS is '0'.*at least 1"),
    ],
)
def test_a_wrong_value_is_named_with_what_is_expected(field: str, value: str, said: str) -> None:
    """The error names the variable, its value, the problem and what would be right."""
    error = refused(**{field: value})
    (problem,) = error.problems
    assert problem in error.message
    assert re.search(said, problem)


def test_all_problems_are_reported_at_once() -> None:
    """Nobody deploys five times to learn of five mistakes."""
    assert len(refused(lease_ms="x", aws="y", modules="z").problems) == 3


def test_blobs_in_s3_need_a_bucket() -> None:
    """What belongs together is checked together, by the variables' names."""
    assert "REACTORY_BUCKET is missing" in refused(blobs="s3").message


def test_a_lease_outlives_a_missed_heartbeat() -> None:
    """A heartbeat slower than half the lease would lose leases of healthy owners."""
    message = refused(lease_ms="10000", heartbeat_ms="6000").message
    assert "REACTORY_HEARTBEAT_MS" in message
    assert "REACTORY_LEASE_MS" in message


@pytest.mark.parametrize("uri", ["http://admin:hunter2@db", "admin:hunter2@db", "hunter2"])
def test_a_wrong_address_of_the_database_is_not_shown(uri: str) -> None:
    """SM-13: the variable and the problem are told, the value with its password is not, whichever way it is wrong."""
    message = refused(mongodb_uri=uri).message
    assert "REACTORY_MONGODB_URI: must begin with mongodb://" in message
    assert "hunter2" not in message
    with pytest.raises(ValidationError) as raised:
        Settings(mongodb_uri=uri)
    assert "hunter2" not in str(raised.value)


@pytest.mark.parametrize(
    "uri", ["mongodb://admin:hunter2@db/x", "mongodb+srv://admin:hun@ter2@db", "mongodb://hunter2@db"]
)
def test_credentials_are_masked_in_the_repr(uri: str) -> None:
    """SM-13: printing the settings shows the host and nothing secret."""
    settings = Settings(mongodb_uri=uri)
    for text in (repr(settings), str(settings), f"{settings}"):
        assert "***@db" in text
        assert "hun" not in text
    assert settings.mongodb_uri == uri


def test_settings_cannot_be_changed() -> None:
    """What was validated stays as it was."""
    with pytest.raises(ValidationError):
        setattr(Settings(), "database", "other")  # noqa: B010  # the type checker refuses the plain form


def test_every_setting_says_what_it_is() -> None:
    """The descriptions are what errors and the documentation show."""
    assert all(info.description for info in Settings.model_fields.values())


KEY = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="


@pytest.mark.parametrize("key", ["short", "AAAA", f"{KEY},", f"{KEY};{KEY}"])
def test_a_master_key_that_is_none_is_refused_without_being_shown(key: str) -> None:
    """WH-25, SM-13: the error says how to make one and does not show what was given."""
    message = refused(encryption="local", encryption_key=key).message
    assert "REACTORY_ENCRYPTION_KEY" in message
    assert "openssl rand" in message
    assert key not in message


@pytest.mark.parametrize(("kind", "missing"), [("local", "REACTORY_ENCRYPTION_KEY"), ("kms", "REACTORY_KMS_KEY")])
def test_encryption_needs_its_key(kind: str, missing: str) -> None:
    """WH-25: switched on without a key nothing starts."""
    assert f"{missing} is missing" in refused(encryption=kind).message


def test_master_keys_are_never_shown() -> None:
    """WH-25, SM-13: neither in a repr nor in a text."""
    settings = Settings(encryption="local", encryption_key=f"{KEY},{KEY}")
    assert KEY not in repr(settings) + str(settings)
    assert settings.master_keys == [bytes(32), bytes(32)]


def test_rate_limits_are_json() -> None:
    """WR-7: what is left out keeps its default, null switches a limit off, and a mistake is named by its place."""
    assert Settings().rate_limits == RateLimits(general=RateLimit(limit=100, per=60), start=RateLimit(limit=10, per=60))
    found = read_settings({"REACTORY_RATE_LIMITS": '{"general": null, "start": {"limit": 3, "per": 1}}'}).rate_limits
    assert found == RateLimits(general=None, start=RateLimit(limit=3, per=1))
    assert read_settings({"REACTORY_RATE_LIMITS": '{"general": null}'}).rate_limits.start is not None
    for wrong in ('{"start": {"limit": 0, "per": 60}}', '{"start": {"limit": 5}}', '{"begin": null}', "[]", "many"):
        with pytest.raises(InvalidSettingsError, match=r"REACTORY_RATE_LIMITS.*Expected: JSON such as"):
            read_settings({"REACTORY_RATE_LIMITS": wrong})
