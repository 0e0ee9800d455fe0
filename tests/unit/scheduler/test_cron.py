"""Cron expressions: what they mean without a time zone, and what is said about those that mean nothing (SC-2)."""

from __future__ import annotations

import itertools
from datetime import datetime, timedelta

import pytest

from reactory.exceptions import InvalidRequestError
from reactory.scheduler.cron import ALIASES, parse_cron

NEW_YEAR = datetime(2027, 1, 1)  # noqa: DTZ001 - a local time; a Friday


def following(expression: str, count: int = 3, start: datetime = NEW_YEAR) -> list[str]:
    """The first times at or after the start."""
    times = itertools.islice(parse_cron(expression).after(start - timedelta(seconds=1)), count)
    return [time.strftime("%m-%d %H:%M:%S").removesuffix(":00") for time in times]


@pytest.mark.parametrize(
    ("expression", "times"),
    [
        ("30 2 * * *", ["01-01 02:30", "01-02 02:30", "01-03 02:30"]),
        ("*/15 8-9 * * *", ["01-01 08:00", "01-01 08:15", "01-01 08:30"]),
        ("0,30 12 * * *", ["01-01 12:00", "01-01 12:30", "01-02 12:00"]),
        ("5/20 * * * *", ["01-01 00:05", "01-01 00:25", "01-01 00:45"]),
        ("0 22-2/2 * * *", ["01-01 00:00", "01-01 02:00", "01-01 22:00"]),
        ("5-5 0 * * *", ["01-01 00:05", "01-02 00:05", "01-03 00:05"]),
        ("30 */10 0 * * *", ["01-01 00:00:30", "01-01 00:10:30", "01-01 00:20:30"]),
        ("*/20 * * * * *", ["01-01 00:00", "01-01 00:00:20", "01-01 00:00:40"]),
        ("0 9 * * MON-FRI", ["01-01 09:00", "01-04 09:00", "01-05 09:00"]),
        ("0 9 * * mon", ["01-04 09:00", "01-11 09:00", "01-18 09:00"]),
        ("0 9 * * FRI-MON", ["01-01 09:00", "01-02 09:00", "01-03 09:00"]),
        ("0 9 * * 0-7/3", ["01-02 09:00", "01-03 09:00", "01-06 09:00"]),
        ("0 9 * * 7", ["01-03 09:00", "01-10 09:00", "01-17 09:00"]),
        ("0 9 * * 6-7", ["01-02 09:00", "01-03 09:00", "01-09 09:00"]),
        ("0 0 1 JAN,jul *", ["01-01 00:00", "07-01 00:00", "01-01 00:00"]),
        ("0 0 1 NOV-FEB *", ["01-01 00:00", "02-01 00:00", "11-01 00:00"]),
        ("0 0 L * *", ["01-31 00:00", "02-28 00:00", "03-31 00:00"]),
        ("0 0 15,L 2 *", ["02-15 00:00", "02-28 00:00", "02-15 00:00"]),
        ("0 0 31 * *", ["01-31 00:00", "03-31 00:00", "05-31 00:00"]),
        ("0 0 29-31 2 *", ["02-29 00:00", "02-29 00:00", "02-29 00:00"]),
        ("0 9 * * FRI#2", ["01-08 09:00", "02-12 09:00", "03-12 09:00"]),
        ("0 9 * * 5#1,5#3", ["01-01 09:00", "01-15 09:00", "02-05 09:00"]),
        ("0 9 * * 5#5", ["01-29 09:00", "04-30 09:00", "07-30 09:00"]),
        ("0 9 * * 5L", ["01-29 09:00", "02-26 09:00", "03-26 09:00"]),
        ("0 9 * * L5", ["01-29 09:00", "02-26 09:00", "03-26 09:00"]),
        ("0 9 * * FRIL", ["01-29 09:00", "02-26 09:00", "03-26 09:00"]),
        ("0 9 * * 7L", ["01-31 09:00", "02-28 09:00", "03-28 09:00"]),
        ("0 9 * * SAT,FRI#2", ["01-02 09:00", "01-08 09:00", "01-09 09:00"]),
        ("0 0 ? * MON", ["01-04 00:00", "01-11 00:00", "01-18 00:00"]),
        ("0 0 1 * ?", ["01-01 00:00", "02-01 00:00", "03-01 00:00"]),
    ],
)
def test_expressions(expression: str, times: list[str]) -> None:
    """SC-2: five fields or six with the seconds first; ranges, lists, steps, names, L and #."""
    assert following(expression) == times


@pytest.mark.parametrize(
    ("expression", "times"),
    [
        ("0 0 13 * FRI", ["01-01 00:00", "01-08 00:00", "01-13 00:00", "01-15 00:00"]),
        ("0 0 13 * FRI#2", ["01-08 00:00", "01-13 00:00", "02-12 00:00", "02-13 00:00"]),
        ("0 0 L * 5L", ["01-29 00:00", "01-31 00:00", "02-26 00:00", "02-28 00:00"]),
        ("0 0 1 * FRI", ["01-01 00:00", "01-08 00:00", "01-15 00:00", "01-22 00:00"]),
        ("0 0 30 2 SUN", ["02-07 00:00", "02-14 00:00", "02-21 00:00", "02-28 00:00"]),
        ("0 0 */10 * SUN", ["01-01 00:00", "01-03 00:00", "01-10 00:00", "01-11 00:00"]),
        ("0 0 */1 * SUN", ["01-03 00:00", "01-10 00:00", "01-17 00:00", "01-24 00:00"]),
    ],
)
def test_both_kinds_of_day(expression: str, times: list[str]) -> None:
    """SC-2: where day of month and day of week are both restricted, a day that fits either is meant, and once only."""
    assert following(expression, 4) == times


@pytest.mark.parametrize("alias", ALIASES)
def test_aliases(alias: str) -> None:
    """SC-2: an alias is the expression that it stands for, in capitals or not."""
    assert parse_cron(alias.upper()).parts == parse_cron(ALIASES[alias]).parts


def test_rare_times_are_found() -> None:
    """SC-2: a day that comes once in decades is found; over the year 2100, which is no leap year, too."""
    times = itertools.islice(parse_cron("0 0 * 2 MON#5").after(NEW_YEAR), 4)
    assert [(time.year, time.day) for time in times] == [(2044, 29), (2072, 29), (2112, 29), (2140, 29)]


@pytest.mark.parametrize(
    ("expression", "said"),
    [
        ("60 * * * *", "the minute: 60 is out of range; it takes 0-59"),
        ("0 24 * * *", "the hour: 24 is out of range"),
        ("0 0 0 * *", "the day of month: 0 is out of range"),
        ("0 0 32 * *", "the day of month: 32 is out of range"),
        ("0 0 * 13 *", "the month: 13 is out of range; it takes 1-12 or JAN-DEC"),
        ("0 0 * * 8", "the day of week: 8 is out of range; it takes 0-7 or SUN-SAT"),
        ("60 0 0 * * *", "the second: 60 is out of range"),
        ("0 0 * FOO *", "the month: FOO is no name here"),
        ("0 0 * * MONDAY", "the day of week: MONDAY cannot be read"),
        ("MON 0 * * *", "the minute: MON is no number"),
        ("*/90 * * * *", "the minute: /90 is no step: from 1 to 59, counted anew in every hour"),
        ("*/0 * * * *", "the minute: /0 is no step"),
        ("* * * * FRI#6", "the day of week: #6 is none of the weeks of a month"),
        ("* * * * L", "the day of week: L alone is no day: write 5L for the last Friday of the month"),
        ("* * L-3 * *", "the day of month: L-3 cannot be read"),
        ("* * 15W * *", "the day of month: 15W cannot be read"),
        ("* H * * *", "the hour: H cannot be read"),
        ("R * * * *", "the minute: R cannot be read"),
        ("? * * * *", r"the minute: \? cannot be read"),
        ("1,,2 * * * *", "the minute: there is nothing on one side of a comma"),
        ("-1 * * * *", "the minute: -1 cannot be read"),
        ("*-5 * * * *", r"the minute: \*-5 cannot be read"),
        ("\u0661 * * * *", "the minute: \u0661 cannot be read"),
        ("* * * *", "the cron expression has 4 fields: write 5"),
        ("0 0 0 1 1 * 2027", "the cron expression has 7 fields"),
        ("", "the cron expression has 0 fields"),
        ("@dayly", "@dayly is not known: write one of @yearly"),
        ("0 0 30 2 *", "it never fires: there is no day 30 in any of the months given"),
        ("0 0 31 4,6,9,11 *", "it never fires: there is no day 31"),
        ("9," * 600, "longer than 1000 characters"),
    ],
)
def test_mistakes_name_the_field(expression: str, said: str) -> None:
    """SC-2: an invalid expression names the field that is wrong and what may stand there."""
    with pytest.raises(InvalidRequestError, match=said):
        parse_cron(expression)


def test_all_wrong_fields_are_named_at_once() -> None:
    """SC-2: one wrong field hides no other."""
    with pytest.raises(InvalidRequestError) as caught:
        parse_cron("61 25 * FOO *")
    assert [part.split(":")[0] for part in caught.value.message.split("; ") if part.startswith("the ")] == [
        "the minute",
        "the hour",
        "the month",
    ]
