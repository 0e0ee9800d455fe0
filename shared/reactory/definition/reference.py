"""Names of workflows: ``nameSpace.Name@version``; without ``@version`` the highest one is meant (WR-4)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

from reactory.exceptions import InvalidRequestError

NAME = re.compile(r"[a-zA-Z][a-zA-Z0-9_-]{0,127}\Z")
NAME_SPACE = re.compile(r"[a-zA-Z][a-zA-Z0-9_-]{0,63}(?:\.[a-zA-Z][a-zA-Z0-9_-]{0,63}){0,7}\Z")
VERSION = re.compile(r"(0|[1-9][0-9]{0,8})\.(0|[1-9][0-9]{0,8})\.(0|[1-9][0-9]{0,8})\Z")


class Reference(NamedTuple):
    """``version`` None means the highest."""

    name_space: str
    name: str
    version: str | None = None

    @property
    def id(self) -> str:
        return f"{self.name_space}.{self.name}"

    def __str__(self) -> str:
        return self.id if self.version is None else f"{self.id}@{self.version}"


def parse_reference(text: str) -> Reference:
    """Takes a reference apart. The name is what follows the last dot. Raises InvalidRequestError that says what is wrong."""
    identity, at, version = text.partition("@")
    name_space, dot, name = identity.rpartition(".")
    if not dot or not NAME_SPACE.match(name_space) or not NAME.match(name):
        raise InvalidRequestError(
            f"{text!r} is no workflow: write nameSpace.Name or nameSpace.Name@1.0.0, letters, digits, - and _ in each part"
        )
    if at:
        parse_version(version)
    return Reference(name_space, name, version if at else None)


def parse_version(text: str) -> tuple[int, int, int]:
    """The three numbers of a version, which compare as versions do. Raises InvalidRequestError."""
    match = VERSION.match(text)
    if match is None:
        raise InvalidRequestError(f"{text!r} is no version: write three numbers like 1.0.0")
    major, minor, patch = match.groups()
    return int(major), int(minor), int(patch)


def highest(versions: Iterable[str]) -> str | None:
    """The highest of them, by number and not by letter; None when there is none."""
    return max(versions, key=parse_version, default=None)
