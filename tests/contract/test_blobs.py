"""Blobs: put, get, delete_prefix."""

from __future__ import annotations

import pytest

from reactory.ports.blobs import Blobs

CHUNK = 8 * 1024 * 1024


def test_blobs_read_back_as_they_were(blobs: Blobs) -> None:
    """WR-15: what was stored out of line is read back byte for byte; what does not exist is left out."""
    blobs.put({"one/a": b"\x00\xff", "one/b": b"", "two/a": b"x"})
    assert blobs.get(["one/a", "one/b", "one/c"]) == {"one/a": b"\x00\xff", "one/b": b""}
    assert blobs.get(["one/a", "one/a"]) == {"one/a": b"\x00\xff"}
    assert blobs.get([]) == {}
    blobs.put({})


@pytest.mark.parametrize("size", [CHUNK, CHUNK + 1, 20_000_000])
def test_a_blob_may_be_of_any_size(blobs: Blobs, size: int) -> None:
    """WR-15: a payload larger than a document of the database comes back whole."""
    content = bytes(range(256)) * (size // 256 + 1)
    blobs.put({"one/large": content, "one/small": b"s"})
    assert blobs.get(["one/small", "one/large"]) == {"one/large": content, "one/small": b"s"}


def test_a_second_put_is_harmless(blobs: Blobs) -> None:
    """WR-15: an id stands for one content: writing it again changes nothing, and new ones are stored."""
    blobs.put({"one/a": b"x"})
    blobs.put({"one/a": b"x", "one/b": b"y"})
    assert blobs.get(["one/a", "one/b"]) == {"one/a": b"x", "one/b": b"y"}


def test_long_ids_are_kept_apart(blobs: Blobs) -> None:
    """WR-15: ids of the full length, and of every printable character, are ids."""
    ids = ["one/" + "p" * 896, "one/" + "p" * 895 + "q", "one/ !~\"'$."]
    blobs.put({blob_id: blob_id.encode() for blob_id in ids})
    assert blobs.get(ids) == {blob_id: blob_id.encode() for blob_id in ids}


def test_delete_prefix_deletes_one_instance(blobs: Blobs) -> None:
    """WH-22: deleting an instance deletes its blobs, large ones whole, and nobody else's."""
    blobs.put({"one/a": b"x" * (CHUNK + 1), "one/~": b"y", "one0/a": b"z", "on/a": b"z", "two/a": b"z"})
    assert blobs.delete_prefix("one/") == 2
    assert blobs.delete_prefix("one/") == 0
    assert sorted(blobs.get(["one/a", "one/~", "one0/a", "on/a", "two/a"])) == ["on/a", "one0/a", "two/a"]
