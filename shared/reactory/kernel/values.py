"""Values kept out of line: how a reference looks inside a value, and the signal that one is needed.

A reference is the plain JSON object ``{"$ref": "blob", "id": …, "size": …}``, with ``pages`` where the value is a list in
pages. It only counts as one if its id belongs to the instance itself, so a user's own data can never reach another's.
"""

from __future__ import annotations

from typing import Any

SHALLOW = "shallow"
"""A member of a reference to a value that is loaded without what its own references point to: those are loaded when an
expression looks at them.
"""


class MissingValueSignal(BaseException):
    """A value out of line was needed that nobody has loaded yet. Internal control flow, never an error."""

    def __init__(self, ref: dict[str, Any]) -> None:
        super().__init__()
        self.ref = ref


def make_ref(blob_id: str, size: int, pages: int = 0) -> dict[str, Any]:
    """``pages``: the list is the concatenation of the blobs ``<id>.0`` … ``<id>.<pages - 1>``."""
    ref: dict[str, Any] = {"$ref": "blob", "id": blob_id, "size": size}
    if pages:
        ref["pages"] = pages
    return ref


def is_ref(value: Any, owner: str) -> bool:
    """Whether a value is a reference to a blob of the instance ``owner``."""
    return (
        type(value) is dict
        and value.get("$ref") == "blob"
        and isinstance(value.get("id"), str)
        and value["id"].startswith(owner + "/")
    )


def page_ids(ref: dict[str, Any]) -> list[str]:
    """The blob ids behind a reference."""
    pages = ref.get("pages", 0)
    return [f"{ref['id']}.{page}" for page in range(pages)] if pages else [ref["id"]]
