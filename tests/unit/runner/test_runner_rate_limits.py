"""Rate limits of the API, through the handler: whom they stop, what they leave alone, what they say."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from reactory.exceptions import CountersUnavailableError, RateLimitedError
from reactory.ports.buckets import Rate
from reactory.settings import RateLimit, RateLimits, Settings
from tests.unit.runner.lab import Answer, Lab, api_event, flow, work

GENERAL, START = RateLimit(limit=5, per=60), RateLimit(limit=2, per=60)
PATH = "/workflow/start/lab.Flow"


def limited(general: RateLimit | None = None, start: RateLimit | None = None) -> Lab:
    lab = Lab(Settings(aws="memory", rate_limits=RateLimits(general=general, start=start)))
    lab.register(flow())
    return lab


def call_as(lab: Lab, method: str, path: str, *, authorizer: Any = None, address: str = "127.0.0.1") -> Answer:
    context = api_event(method, path)["requestContext"]
    context["http"] |= {"sourceIp": address}
    return lab.call(
        method, path, event={"requestContext": context | ({"authorizer": authorizer} if authorizer else {})}
    )


class Unreachable:
    """Buckets whose service is away."""

    def take(self, tenant: str, key: str, rate: Rate, now: int, amount: int = 1) -> int | None:
        raise CountersUnavailableError("DynamoDB UpdateItem in 'reactory-counters' failed with ConnectTimeoutError.")


def test_too_many_requests_are_refused_until_there_is_room() -> None:
    """WR-7: 429 as a problem document that says when to come back; then one request passes again."""
    lab = limited(general=GENERAL)
    statuses = [lab.call("GET", "/workflow/instances").status for _ in range(6)]
    assert statuses == [200] * 5 + [429]
    lab.clock.advance(500)
    refused = lab.call("GET", "/workflow/status")
    assert (refused.status, refused.headers["Content-Type"]) == (429, "application/problem+json")
    assert (refused.json["code"], refused.json["error"]) == ("rate_limited", "Too Many Requests")
    assert "more than 5 requests within 60 s; try again in 12 s" in refused.json["message"]
    assert refused.headers["Retry-After"] == "12"
    lab.clock.advance(11_500)
    assert [lab.call("GET", "/workflow/status").status for _ in range(2)] == [200, 429]


def test_each_caller_has_its_own_limit() -> None:
    """WR-7: a caller is who the authorizer names, wherever it calls from; else it is an address."""
    lab = limited(general=RateLimit(limit=1, per=60))
    ada = {"lambda": {"sub": "ada"}}
    signer = {"iam": {"userArn": "arn:aws:iam::123456789012:user/bob"}}
    who: list[dict[str, Any]] = [{"authorizer": ada}, {"authorizer": signer}, {}, {"address": "203.0.113.9"}]
    assert [call_as(lab, "GET", "/workflow/status", **one).status for one in who] == [200] * 4
    assert [call_as(lab, "GET", "/workflow/status", **one).status for one in who] == [429] * 4
    assert call_as(lab, "GET", "/workflow/status", authorizer=ada, address="203.0.113.10").status == 429


def test_health_is_never_limited() -> None:
    """REST: a monitor that asks each second finds the engine well."""
    lab = limited(general=GENERAL)
    assert {lab.call("GET", "/health").status for _ in range(20)} == {200}
    assert lab.call("GET", "/workflow/status").status == 200


def test_starts_are_limited_by_workflow_and_caller() -> None:
    """WR-7: in whichever version; other workflows and other callers have limits of their own."""
    lab = limited(start=START)
    lab.register(flow(work("a")) | {"name": "Other"})
    ada = {"lambda": {"sub": "ada"}}
    calls = [(PATH, None), (f"{PATH}@1.0.0", None), (PATH, None), ("/workflow/start/lab.Other", None), (PATH, ada)]
    answers = [call_as(lab, "POST", path, authorizer=authorizer) for path, authorizer in calls]
    assert [answer.status for answer in answers] == [201, 201, 429, 201, 201]
    assert answers[2].json["code"] == "rate_limited"
    assert "starts of lab.Flow" in answers[2].json["message"]
    assert answers[2].headers["Retry-After"] == "30"
    assert lab.call("GET", "/workflow/instances").json["total"] == 4


def test_the_limit_comes_before_the_input_is_looked_at() -> None:
    """WR-7: the order of the stages; what is refused for its input has used a token as well."""
    lab = limited(start=START)
    lab.register(flow() | {"version": "1.1.0", "inputs": {"n": {"type": "number", "required": True}}})
    assert [lab.call("POST", PATH, {}).status for _ in range(3)] == [400, 400, 429]


def test_what_no_caller_asks_for_is_not_limited() -> None:
    """WR-7, WR-1: messages, schedules and workflows start as many as they have to."""
    lab = limited(start=RateLimit(limit=1, per=86_400))
    for mode in ("event", "schedule", "workflow", "autostart"):
        for _ in range(2):
            lab.runner.start.start_workflow("lab.Flow", mode=mode, caller="somebody")
    lab.runner.start.start_workflow("lab.Flow", caller="somebody")
    with pytest.raises(RateLimitedError):
        lab.runner.start.start_workflow("lab.Flow", caller="somebody")


def test_limits_are_shared_by_processes() -> None:
    """CB-6, WR-12: another process on the same counters knows what this one has let pass."""
    lab = limited(start=START)
    runners = [lab.runner, lab.make_runner()]
    for runner in runners:
        runner.start.start_workflow("lab.Flow", caller="ada")
    for runner in runners:
        with pytest.raises(RateLimitedError):
            runner.start.start_workflow("lab.Flow", caller="ada")


def test_without_counters_everything_passes_and_the_log_says_so(caplog: pytest.LogCaptureFixture) -> None:
    """CB-6: the API does not depend on its limits; a line a minute tells of it."""
    lab = limited(start=START)
    runner = lab.make_runner(buckets=Unreachable())

    def complaints(starts: int) -> int:
        caplog.clear()
        with caplog.at_level(logging.WARNING, "reactory"):
            for _ in range(starts):
                runner.start.start_workflow("lab.Flow", caller="ada")
        return sum(record.getMessage() == "rate limits are not checked" for record in caplog.records)

    assert complaints(5) == 1
    lab.clock.advance(59_999)
    assert complaints(5) == 0
    lab.clock.advance(1)
    assert complaints(5) == 1
