"""The fingerprint of a definition: equal for equal content, whatever the notation, layout or order of keys.

Everything counts except ``designer`` (of the metadata and of each step): where a box stands on a canvas does not make
another workflow. Descriptions do count, because they are shown to people who decide by them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from reactory.definition.document import canonical_json
from reactory.definition.steptree import nested_lists, replaced


def fingerprint(data: Mapping[str, Any]) -> str:
    """Hex SHA-256 of the canonical JSON of the parsed document."""
    content = dict(data)
    if isinstance(metadata := content.get("metadata"), dict):
        content["metadata"] = _without_designer(metadata)
    if isinstance(steps := content.get("steps"), list):
        content["steps"] = _plain_steps(steps)
    return hashlib.sha256(canonical_json(content)).hexdigest()


def _plain_steps(steps: list[Any]) -> list[Any]:
    return [_plain_step(step) if isinstance(step, dict) else step for step in steps]


def _plain_step(step: dict[str, Any]) -> dict[str, Any]:
    plain = _without_designer(step)
    for path, inner in nested_lists(step):
        plain = replaced(plain, path, _plain_steps(inner))
    return plain


def _without_designer(value: dict[str, Any]) -> dict[str, Any]:
    return {key: item for key, item in value.items() if key != "designer"}
