"""Fetching values that are kept out of line."""

from __future__ import annotations

from typing import Any

import msgspec

from reactory.exceptions import StoreUnavailableError
from reactory.kernel.values import is_ref, page_ids
from reactory.ports.blobs import Blobs


def fetch(blobs: Blobs, ref: dict[str, Any], owner: str) -> Any:
    """The value behind a reference of the instance ``owner``, references inside of its lists resolved too."""
    ids = page_ids(ref)
    found = blobs.get(ids)
    missing = [blob_id for blob_id in ids if blob_id not in found]
    if missing:
        raise StoreUnavailableError(f"a value of instance {owner} is missing from the blob store: {missing[0]}")
    values = [msgspec.json.decode(found[blob_id]) for blob_id in ids]
    value = [entry for page in values for entry in page] if "pages" in ref else values[0]
    return _resolve(blobs, value, owner)


def _resolve(blobs: Blobs, value: Any, owner: str) -> Any:
    """Entries of a list, or of a map, may have been moved out of line before the whole was."""
    if isinstance(value, list):
        return [fetch(blobs, entry, owner) if is_ref(entry, owner) else entry for entry in value]
    if isinstance(value, dict):
        return {key: fetch(blobs, entry, owner) if is_ref(entry, owner) else entry for key, entry in value.items()}
    return value


def resolved(blobs: Blobs, value: Any, owner: str) -> Any:
    """The value itself, fetched if it is a reference; for answers to clients."""
    return fetch(blobs, value, owner) if is_ref(value, owner) else _resolve(blobs, value, owner)
