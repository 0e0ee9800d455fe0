"""Plain data as YAML 1.2 that reads back as the same data."""

from __future__ import annotations

import re
from typing import Any

import yaml

from reactory.definition.scalar import resolve_scalar

_STRING = "tag:yaml.org,2002:str"
_WIDTH = 120
_ODD = re.compile("[\\r\\x00-\\x08\\x0b-\\x1f\\x7f-\\x9f\\u2028\\u2029\\ufeff]")
"""What other readers take for the end of a line, or not at all."""


class _Writer(yaml.SafeDumper):
    """Without anchors, lists indented below their key, long texts in blocks."""

    def ignore_aliases(self, _data: Any) -> bool:
        return True

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:  # noqa: ARG002 - as it is called
        super().increase_indent(flow, False)


def _text(writer: _Writer, value: str) -> yaml.Node:
    style = '"' if _ODD.search(value) or _reads_otherwise(value) else "|" if "\n" in value else None
    return writer.represent_scalar(_STRING, value, style=style)


def _reads_otherwise(value: str) -> bool:
    """Whether a word without quotes would be a number or the like by the rules of YAML 1.2."""
    try:
        return not isinstance(resolve_scalar(value), str)
    except ValueError:
        return True


_Writer.add_representer(str, _text)


def yaml_text(data: Any) -> str:
    """The document as text."""
    text: str = yaml.dump(data, Dumper=_Writer, sort_keys=False, allow_unicode=True, width=_WIDTH)
    return text
