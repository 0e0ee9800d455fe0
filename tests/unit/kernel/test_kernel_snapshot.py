"""Snapshots: small ones as they are, large values out of line, everything back as it was."""

from __future__ import annotations

from typing import Any

import msgspec

from reactory.kernel.snapshot import LARGE_VALUE, SMALL, decode_state, encode_state, snapshot
from reactory.kernel.state import BlockState, Frame, NodeState, State
from reactory.kernel.values import is_ref, make_ref, page_ids

BIG = "x" * (SMALL + 1)


def full_state(value: Any) -> State:
    return State(
        status="RUNNING",
        seq=7,
        variables={"v": value, "small": 1},
        output={"o": value},
        frames={"": Frame({"a": value}, {"a": "COMPLETED"})},
        blocks={"": BlockState(2, 1)},
        live={"b": NodeState("", 1, input=value, config=value, output=value, items=[value], results={"0": value})},
    )


def test_a_small_state_stays_whole() -> None:
    """WR-15: up to its limit a snapshot holds every value itself, and comes back as it was."""
    state = full_state({"some": ["value", 1, None]})
    text, blobs = snapshot(state, "i", {})
    assert blobs == {}
    assert decode_state(text) == state


def test_large_values_leave_references() -> None:
    """WR-15: in a large state each large value, wherever it stands, is out of line, reachable, and restored whole."""
    state = full_state(BIG)
    values: dict[str, Any] = {}
    text, blobs = snapshot(state, "i", values)
    assert len(text) < LARGE_VALUE
    restored = decode_state(text)
    live = restored.live["b"]
    places = [
        restored.variables["v"],
        restored.output,
        restored.frames[""].outs["a"],
        *(live.input, live.config, live.output, live.items, live.results["0"]),
    ]
    assert all(is_ref(place, "i") for place in places)
    found = [msgspec.json.decode(blobs[place["id"]]) for place in places if place is not None]
    assert found == [BIG, {"o": BIG}, BIG, BIG, BIG, BIG, [BIG], BIG]
    assert {blob_id: msgspec.json.decode(blob) for blob_id, blob in blobs.items()} == values
    assert restored.variables["small"] == 1


def test_one_content_has_one_id() -> None:
    """WH-2: a blob's id follows from its content: no owner, however late, puts another value under it."""
    _, first = snapshot(full_state(BIG), "i", {})
    _, again = snapshot(full_state(BIG), "i", {})
    _, other = snapshot(full_state(BIG + "y"), "i", {})
    assert first == again
    assert not first.keys() & other.keys()


def test_a_second_snapshot_stores_nothing_again() -> None:
    """WH-21: what is out of line already costs nothing at the next settle."""
    state = full_state(BIG)
    values: dict[str, Any] = {}
    snapshot(state, "i", values)
    assert snapshot(state, "i", values) == (encode_state(state), {})


def test_only_the_instances_own_references_count() -> None:
    """WR-15: a value shaped like a reference to somebody else's blob is a plain value."""
    ref = make_ref("i/x", 3)
    assert is_ref(ref, "i")
    assert not is_ref(ref, "j")
    assert not is_ref({"$ref": "blob", "id": 3}, "i")
    assert not is_ref(make_ref("ii/x", 3), "i")


def test_a_reference_in_pages_names_them_all() -> None:
    """WH-21: a list in pages is the concatenation of its numbered blobs."""
    assert page_ids(make_ref("i/each.results", 250, 3)) == [f"i/each.results.{n}" for n in range(3)]
    assert page_ids(make_ref("i/x", 9)) == ["i/x"]
