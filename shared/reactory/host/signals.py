"""Internal control flow of a pass; never an error of anybody, so it derives from BaseException."""

from __future__ import annotations


class LeaseLostSignal(BaseException):
    """Another owner has the instance now: stop at once, tell nobody."""
