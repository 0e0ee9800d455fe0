"""The shape of every error answer: an RFC 9457 problem document with the members of WR-16."""

from __future__ import annotations

import msgspec

from reactory.runner.answers import ProblemAnswer


class ProblemDocument(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, rename="camel"):
    """``code`` is stable; ``message`` says how to fix it. ``problems`` lists all that is wrong with an input or a document."""

    type: str
    title: str
    status: int
    detail: str
    instance: str
    error: str
    message: str
    code: str
    timestamp: str
    request_id: str
    problems: list[ProblemAnswer] | None = None
