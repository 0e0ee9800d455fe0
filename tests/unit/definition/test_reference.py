"""References to workflows, versions, durations and times."""

from __future__ import annotations

import pytest

from reactory.definition.duration import parse_duration
from reactory.definition.instant import parse_instant
from reactory.definition.reference import Reference, highest, parse_reference
from reactory.exceptions import InvalidRequestError


@pytest.mark.parametrize(
    ("text", "reference"),
    [
        ("acme-orders.Fulfil@1.0.0", Reference("acme-orders", "Fulfil", "1.0.0")),
        ("acme-orders.Fulfil", Reference("acme-orders", "Fulfil")),
        ("acme.eu.orders.Ful_fil-2@10.20.30", Reference("acme.eu.orders", "Ful_fil-2", "10.20.30")),
    ],
)
def test_references_are_read_and_written(text: str, reference: Reference) -> None:
    """WR-4: a workflow is named by name space, name and, if one is meant, version."""
    assert parse_reference(text) == reference
    assert str(reference) == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Fulfil",
        ".Fulfil",
        "acme.",
        "acme..Fulfil",
        "acme.1x",
        "acme.Fulfil@",
        "acme.Fulfil@1.0",
        "acme.Fulfil@v1.0.0",
        "acme.Fulfil@1.0.0@2.0.0",
        "acme.Ful fil",
        "acme.Fulfil\n",
        "acme.Fulfil@1.0.0\n",
        "acme/Fulfil",
        "ac me.Fulfil",
        "acme.Fulfil@01.0.0",
        "acme.Fulfil@1.0.0-beta",
        "acme.Fulfil@\u0661.0.0",
        "äcme.Fulfil",
    ],
)
def test_wrong_references_are_refused(text: str) -> None:
    """WR-4: what is no reference is refused, and the message shows one."""
    with pytest.raises(InvalidRequestError, match=r"1\.0\.0"):
        parse_reference(text)


def test_the_highest_version_is_by_number() -> None:
    """WR-4: without a version the highest is meant, and 10 is over 9."""
    assert highest(["1.9.0", "1.10.0", "1.2.30"]) == "1.10.0"
    assert highest(["10.0.0", "9.99.99"]) == "10.0.0"
    assert highest([]) is None


@pytest.mark.parametrize(
    ("text", "milliseconds"),
    [("500ms", 500), ("5s", 5000), ("1m", 60_000), ("2h", 7_200_000), ("3d", 259_200_000), ("0s", 0)],
)
def test_durations(text: str, milliseconds: int) -> None:
    """YF-7: a delay may be written with its unit."""
    assert parse_duration(text) == milliseconds


@pytest.mark.parametrize(
    "text", ["", "5", "5 s", "s", "-5s", "1.5h", "5S", "1h30m", "5s\n", "\u0665s", "9" * 30 + "d", "36501d"]
)
def test_wrong_durations_are_refused(text: str) -> None:
    """YF-7: what is no duration is refused."""
    with pytest.raises(InvalidRequestError, match="duration"):
        parse_duration(text)


@pytest.mark.parametrize(
    ("text", "milliseconds"),
    [
        ("1970-01-01T00:00:00Z", 0),
        ("1970-01-01T00:00:01.250Z", 1250),
        ("1970-01-01T01:00:00+01:00", 0),
        ("1970-01-02", 86_400_000),
        ("1970-01-01t00:01", 60_000),
        ("1969-12-31T23:59:59.999Z", -1),
    ],
)
def test_times(text: str, milliseconds: int) -> None:
    """WH-7: a time is RFC 3339; without an offset it is UTC."""
    assert parse_instant(text) == milliseconds


@pytest.mark.parametrize(
    "text", ["", "tomorrow", "2026-13-01", "20260101", "2026-01-01T25:00:00Z", "2026-01-01T00:00:00Zx"]
)
def test_wrong_times_are_refused(text: str) -> None:
    """WH-7: what is no time is refused."""
    with pytest.raises(InvalidRequestError, match="no time"):
        parse_instant(text)
