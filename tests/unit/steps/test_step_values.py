"""Which results of steps are kept, in which form, and which are refused."""

from __future__ import annotations

import asyncio
from collections import OrderedDict, deque
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from enum import Enum, IntEnum, StrEnum
from types import MappingProxyType
from typing import Any, NamedTuple
from uuid import UUID

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, Field, RootModel, SecretStr

from reactory.exceptions import UnserializableError
from reactory.steps.values import to_json_value


class Colour(Enum):
    RED = "red"


class Level(IntEnum):
    HIGH = 3


class Mode(StrEnum):
    FAST = "fast"


@dataclass
class Money:
    amount: Decimal
    currency: str


class Point(NamedTuple):
    x: int
    y: int


class Parcel(msgspec.Struct, rename="camel", tag="parcel"):
    tracking_number: str
    money: Money
    note: str | msgspec.UnsetType = msgspec.UNSET


class Order(BaseModel):
    order_id: str = Field(serialization_alias="orderId")
    at: datetime
    secret: SecretStr


class Names(RootModel[list[str]]):
    pass


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        (None, None),
        (True, True),
        (3, 3),
        (1.5, 1.5),
        ("é", "é"),
        ((1, [2]), [1, [2]]),
        ({"b": 1, "a": 2}, {"b": 1, "a": 2}),
        ({1: "a", Mode.FAST: "b"}, {"1": "a", "fast": "b"}),
        ({date(2026, 1, 31): 1, UUID(int=1): 2}, {"2026-01-31": 1, "00000000-0000-0000-0000-000000000001": 2}),
        ({"c", "a", "b"}, ["a", "b", "c"]),
        (frozenset({2, 1}), [1, 2]),
        (deque([1]), [1]),
        (range(3), [0, 1, 2]),
        (OrderedDict(a=1), {"a": 1}),
        (MappingProxyType({"a": 1}), {"a": 1}),
        (Point(1, 2), [1, 2]),
        (Colour.RED, "red"),
        (Level.HIGH, 3),
        (Mode.FAST, "fast"),
        (Decimal("12.50"), "12.50"),
        (datetime(2026, 1, 31, 8, tzinfo=UTC), "2026-01-31T08:00:00Z"),
        (datetime(2026, 1, 31, 8, tzinfo=timezone(timedelta(hours=2))), "2026-01-31T08:00:00+02:00"),
        (timedelta(seconds=90), "PT90S"),
        (Money(Decimal("1.10"), "EUR"), {"amount": "1.10", "currency": "EUR"}),
        (
            Parcel("R-1", Money(Decimal(2), "EUR")),
            {"type": "parcel", "trackingNumber": "R-1", "money": {"amount": "2", "currency": "EUR"}},
        ),
        (Names(["a"]), ["a"]),
    ],
)
def test_values_become_plain_json(value: Any, kept: Any) -> None:
    """What Python programs return becomes plain JSON data, times in RFC 3339, decimals and UUIDs as strings."""
    result = to_json_value(value, "acme.charge")
    assert result == kept
    assert type(result) is type(kept)


def test_models_are_kept_by_their_own_rules() -> None:
    """A pydantic model is dumped as it would be to JSON, so its secrets stay masked."""
    order = Order(order_id="o1", at=datetime(2026, 1, 31, tzinfo=UTC), secret=SecretStr("x"))
    assert to_json_value([order], "s") == [{"order_id": "o1", "at": "2026-01-31T00:00:00Z", "secret": "**********"}]


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@settings(deadline=None)
@given(JSON)
def test_a_result_is_what_storage_gives_back(value: Any) -> None:
    """The kept value is the one that comes back from storage, so that a recovery sees what the first run saw."""
    kept = to_json_value(value, "s")
    stored = msgspec.json.decode(msgspec.json.encode(kept))
    assert repr(stored) == repr(kept) == repr(value)


def test_the_result_is_a_copy() -> None:
    """A step that goes on changing what it returned changes nothing in the instance."""
    mine = {"lines": [1]}
    kept = to_json_value(mine, "s")
    mine["lines"].append(2)
    assert kept == {"lines": [1]}


@pytest.mark.parametrize(
    ("value", "place", "remedy"),
    [
        (b"x", "result is bytes", "base64"),
        ({"a": [1, {"b": float("nan")}]}, "result.a[1].b is nan", "return None"),
        ([float("-inf")], "result[0] is -inf", "return None"),
        (Decimal("NaN"), "result is NaN", "return None"),
        ({"n": 2**63}, "result.n is an integer beyond 64 bits", "as a string"),
        (["\ud800"], "result[0] holds half a surrogate pair", "decode"),
        ({1: "a", "1": "b"}, "result has two keys that are both '1'", ""),
        ({"m": {None: 1}}, "result.m has the key None", "string keys"),
        ({True: 1}, "result has the key True", "string keys"),
        (datetime(2026, 1, 31), "result is a time without a zone", "timezone.utc"),  # noqa: DTZ001 - the mistake under test
        (Money(Decimal(1), b"EUR"), "result.currency is bytes", ""),  # type: ignore[arg-type]  # the same
        ({"x": object()}, "result.x is a object", "dataclass"),
        (Money, "result is a type", ""),
    ],
)
def test_what_storage_cannot_keep_is_refused_with_its_place(value: Any, place: str, remedy: str) -> None:
    """A value that JSON cannot hold, or would silently change, is refused with step, place and remedy."""
    with pytest.raises(UnserializableError) as caught:
        to_json_value(value, "acme.charge")
    assert caught.value.message.startswith(f"Step acme.charge: {place}")
    assert remedy in caught.value.message


def test_a_value_that_contains_itself_is_refused() -> None:
    """A cycle is refused instead of exhausting the stack, in a message of bounded length."""
    value: list[Any] = []
    value.append(value)
    with pytest.raises(UnserializableError, match="contains itself") as caught:
        to_json_value(value, "s")
    assert len(caught.value.message) < 400


def test_a_forgotten_await_is_explained() -> None:
    """A coroutine that nobody awaited is refused with the remedy, and leaves no warning behind."""
    with pytest.raises(UnserializableError, match="await it in an 'async def' step"):
        to_json_value({"mail": asyncio.sleep(0)}, "s")


def test_sets_of_mixed_types_are_kept_in_any_order() -> None:
    """A set that cannot be sorted is still kept."""
    kept: list[Any] = to_json_value({1, "a"}, "s")
    assert set(kept) == {1, "a"}


def test_mappings_of_all_kinds_are_kept() -> None:
    """Any Mapping will do, not only dict."""

    class Row(Mapping[str, int]):
        def __getitem__(self, key: str) -> int:
            return 1

        def __iter__(self) -> Any:
            return iter(["a"])

        def __len__(self) -> int:
            return 1

    assert to_json_value(Row(), "s") == {"a": 1}
