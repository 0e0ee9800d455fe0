"""The environment of containers: what the stack decides wins, and nothing leads to somebody's AWS account."""

from __future__ import annotations

from pathlib import Path

from reactory.local.containers_environ import containers_environ
from reactory.settings import read_settings


def test_containers_can_read_their_settings() -> None:
    """What the stack sets are settings that validate, and the developer's own settings stay."""
    environ = containers_environ(
        {"REACTORY_LOG_LEVEL": "DEBUG", "REACTORY_DATABASE": "other"},
        uri="mongodb://127.0.0.1:1",
        database="reactory",
        modules=[Path("/modules/acme")],
        aws={"REACTORY_AWS": "memory"},
    )
    settings = read_settings(environ)
    assert (settings.mongodb_uri, settings.database) == ("mongodb://127.0.0.1:1", "reactory")
    assert (settings.aws, settings.modules, settings.log_level) == ("memory", ["/modules/acme"], "DEBUG")


def test_rate_limits_are_raised_unless_the_developer_sets_them() -> None:
    """WR-7: a loop on a laptop is not throttled, and whoever wants to see a limit at work can."""

    def start_limit(own: dict[str, str]) -> int | None:
        environ = containers_environ(own, uri="mongodb://127.0.0.1:1", database="reactory", modules=[], aws={})
        limit = read_settings(environ).rate_limits.start
        return None if limit is None else limit.limit

    assert start_limit({}) == 60_000
    assert start_limit({"REACTORY_RATE_LIMITS": "{}"}) == 10


def test_with_an_endpoint_nothing_leads_past_it() -> None:
    """Profiles, session tokens and endpoints of single services are left out when an endpoint is used."""
    environ = containers_environ(
        {
            "AWS_PROFILE": "production",
            "AWS_SESSION_TOKEN": "secret",
            "AWS_ENDPOINT_URL_SQS": "https://sqs.eu-west-1.amazonaws.com",
            "AWS_ACCESS_KEY_ID": "real",
            "AWS_REGION": "eu-west-1",
        },
        uri="mongodb://127.0.0.1:1",
        database="reactory",
        modules=[],
        aws={"AWS_ENDPOINT_URL": "http://127.0.0.1:5", "AWS_ACCESS_KEY_ID": "local", "AWS_REGION": "us-east-1"},
    )
    assert environ.keys().isdisjoint({"AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL_SQS"})
    assert environ["AWS_ACCESS_KEY_ID"] == "local"
    assert environ["AWS_REGION"] == environ["AWS_DEFAULT_REGION"] == "us-east-1"
