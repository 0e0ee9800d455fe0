"""Internal control flow of a pass; never an error of anybody, so it derives from BaseException."""

from __future__ import annotations


class TooLargeSignal(BaseException):
    """The instance no longer fits a document of the database."""


class LeaseLostSignal(BaseException):
    """Another owner has the instance now: stop at once, tell nobody."""
