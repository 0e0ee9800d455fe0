"""Rules that fire by time."""

from __future__ import annotations

import threading

import pytest

from reactory.exceptions import StartupError
from reactory.local.process import Answer, Outcome
from reactory.local.rules import RuleClock, rate_seconds, to_event
from reactory.topology import FunctionSpec


@pytest.mark.parametrize(
    ("rule", "seconds"),
    [("rate(1 minute)", 60), ("rate(5 minutes)", 300), ("rate(1 hour)", 3600), ("rate(2 days)", 172800)],
)
def test_rates_are_read(rule: str, seconds: float) -> None:
    """Every form of a rate expression is understood."""
    assert rate_seconds(rule) == seconds


def test_other_rules_are_refused_by_name() -> None:
    """What the local stack cannot fire is refused at the start, not forgotten."""
    with pytest.raises(StartupError, match=r"cron\(0 12"):
        rate_seconds("cron(0 12 * * ? *)")


def test_event_has_the_documented_shape() -> None:
    """A firing is a Scheduled Event of EventBridge."""
    event = to_event("host-sweeper", 1_700_000_000)
    assert len(event.pop("id")) == 36
    assert event == {
        "version": "0",
        "detail-type": "Scheduled Event",
        "source": "aws.events",
        "account": "000000000000",
        "time": "2023-11-14T22:13:20Z",
        "region": "us-east-1",
        "resources": ["arn:aws:events:us-east-1:000000000000:rule/host-sweeper"],
        "detail": {},
    }


def test_a_rule_fires_right_after_the_start() -> None:
    """What was left unfinished at the last stop is looked for at once, not a minute later."""
    fired = threading.Event()

    def invoke(_event: object) -> Outcome:
        fired.set()
        return Answer(None)

    clock = RuleClock(FunctionSpec("sweeper", "m.h", 55, 128, rule="rate(1 minute)"), invoke)
    clock.start()
    assert fired.wait(10)
    clock.close()
    clock.join()
