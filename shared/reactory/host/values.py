"""Fetching values that are kept out of line."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from reactory.exceptions import StoreUnavailableError
from reactory.kernel.values import SHALLOW, is_ref, page_ids
from reactory.ports.blobs import Blobs

_MARK = b'"$ref"'
"""Without it there is no reference in a JSON text."""


def fetch(blobs: Blobs, ref: dict[str, Any], owner: str, fresh: Mapping[str, Any] | None = None) -> Any:
    """The value behind a reference of the instance ``owner``, references inside of it resolved too.

    ``fresh`` holds values by blob id that nobody has stored yet.
    """
    ids = page_ids(ref)
    known = {blob_id: fresh[blob_id] for blob_id in ids if blob_id in fresh} if fresh else {}
    found = blobs.get([blob_id for blob_id in ids if blob_id not in known])
    known |= {blob_id: msgspec.json.decode(content) for blob_id, content in found.items()}
    missing = [blob_id for blob_id in ids if blob_id not in known]
    if missing:
        raise StoreUnavailableError(f"a value of instance {owner} is missing from the blob store: {missing[0]}")
    values = [known[blob_id] for blob_id in ids]
    value = [entry for page in values for entry in page] if "pages" in ref else values[0]
    if ref.get(SHALLOW):
        return value
    if len(found) == len(ids) and not any(_MARK in content for content in found.values()):
        return value
    return resolved(blobs, value, owner, fresh)


def resolved(blobs: Blobs, value: Any, owner: str, fresh: Mapping[str, Any] | None = None) -> Any:
    """The value without references: parts of it may have been moved out of line before the whole was."""
    if is_ref(value, owner):
        return fetch(blobs, value, owner, fresh)
    if isinstance(value, list):
        return [resolved(blobs, entry, owner, fresh) for entry in value]
    if isinstance(value, dict):
        return {key: resolved(blobs, entry, owner, fresh) for key, entry in value.items()}
    return value
