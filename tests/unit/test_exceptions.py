"""The tree of errors: what each must carry, and that the drawing is the tree."""

from __future__ import annotations

import re

import pytest

from reactory import exceptions
from reactory.exceptions import RateLimitedError, ReactoryError, StepError, UnavailableError


def tree(root: type[ReactoryError] = ReactoryError) -> list[type[ReactoryError]]:
    """``root`` and everything below it that the module declares."""
    below = [child for child in root.__subclasses__() if child.__module__ == exceptions.__name__]
    return [root, *(found for child in below for found in tree(child))]


CATEGORIES = {"network", "timeout", "validation", "permission", "resource", "system", "unknown"}


def test_codes_are_unique_and_stable_in_form() -> None:
    """A client tells errors apart by ``code``."""
    codes = [error.code for error in tree()]
    assert len(set(codes)) == len(codes)
    assert all(re.fullmatch(r"[a-z]+(_[a-z]+)*", code) for code in codes)


@pytest.mark.parametrize("error", tree())
def test_every_error_has_a_status_that_http_knows(error: type[ReactoryError]) -> None:
    """An error of the client is 4xx and not worth repeating, unless it came too early; one of ours is 5xx."""
    assert 400 <= error.http_status < 600
    if error.http_status < 500 and not issubclass(error, StepError | RateLimitedError):
        assert not error.retryable


@pytest.mark.parametrize("error", tree(UnavailableError))
def test_unavailable_means_try_again(error: type[ReactoryError]) -> None:
    """Everything below UnavailableError is 503 and retryable."""
    assert error.retryable
    assert error.http_status == 503


@pytest.mark.parametrize("error", tree(StepError))
def test_step_errors_have_a_category(error: type[StepError]) -> None:
    """EH-1: one of the seven, lower case, for ``retryOnErrors``."""
    assert error.category in CATEGORIES


@pytest.mark.parametrize("error", tree())
def test_the_message_is_the_text_of_the_error(error: type[ReactoryError]) -> None:
    """Whoever logs or shows an error shows its message."""
    raised = error("what happened and how to fix it")
    assert raised.message == str(raised) == "what happened and how to fix it"


def test_everything_is_exported() -> None:
    """``__all__`` is the tree, sorted."""
    assert exceptions.__all__ == sorted(error.__name__ for error in tree())


def test_the_drawing_in_the_docstring_is_the_tree() -> None:
    """Names, order of depth and statuses of the drawing are those of the code."""
    drawn = re.findall(r"^([ │├└─]*)(\w+Error)\b *(\d{3})?", exceptions.__doc__ or "", re.MULTILINE)
    assert {name for _, name, _ in drawn} == {error.__name__ for error in tree()}
    parents: list[str] = []
    for indent, name, status in drawn:
        error = getattr(exceptions, name)
        depth = (len(indent) - 4) // 4
        parents[depth:] = [name]
        if depth:
            assert error.__base__.__name__ == parents[depth - 1], name
        if status:
            assert error.http_status == int(status), name
