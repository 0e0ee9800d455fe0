"""How exceptions of steps are described."""

from __future__ import annotations

import errno
import http.client
import socket
import ssl
import urllib.error

import msgspec
import pytest
from pydantic import BaseModel, ValidationError

from reactory.exceptions import (
    ExpressionError,
    NotFoundError,
    PermanentStepError,
    ReactoryError,
    RetryableStepError,
    StepInterruptedError,
    StepTimeoutError,
    StoreUnavailableError,
)
from reactory.steps.errors import describe_error


class CardDeclinedError(PermanentStepError):
    code = "card_declined"
    category = "permission"


class RudeError(Exception):
    def __str__(self) -> str:
        raise RuntimeError("no")


class Amount(BaseModel):
    amount: int


def model_error() -> Exception:
    with pytest.raises(ValidationError) as caught:
        Amount.model_validate({"amount": "many"})
    return caught.value


@pytest.mark.parametrize(
    ("error", "category", "retryable"),
    [
        (TimeoutError("slow"), "timeout", True),
        (ConnectionResetError("gone"), "network", True),
        (BrokenPipeError("gone"), "network", True),
        (socket.gaierror(-2, "unknown name"), "network", True),
        (ssl.SSLError("handshake"), "network", True),
        (urllib.error.URLError("down"), "network", True),
        (http.client.RemoteDisconnected("gone"), "network", True),
        (OSError(errno.ENETUNREACH, "no route"), "network", True),
        (OSError(errno.ENOSPC, "disk full"), "resource", True),
        (PermissionError("no"), "permission", True),
        (MemoryError(), "resource", True),
        (msgspec.ValidationError("wrong"), "validation", False),
        (model_error(), "validation", False),
        (ValueError("wrong"), "unknown", True),
        (TypeError("wrong"), "unknown", True),
        (FileNotFoundError("gone"), "unknown", True),
        (RetryableStepError("again"), "unknown", True),
        (PermanentStepError("never"), "unknown", False),
        (CardDeclinedError("no"), "permission", False),
        (StepTimeoutError("slow"), "timeout", True),
        (StepInterruptedError("killed"), "system", True),
        (StoreUnavailableError("down"), "resource", True),
        (ExpressionError("wrong"), "validation", False),
        (NotFoundError("gone"), "validation", False),
        (ReactoryError("odd"), "system", False),
        (SystemExit(1), "unknown", True),
    ],
)
def test_errors_are_classified_by_their_type(error: BaseException, category: str, retryable: bool) -> None:
    """EH-1: the type decides the category, and the category whether another attempt is worth it."""
    described = describe_error(error)
    assert (described.category, described.retryable) == (category, retryable)
    assert described.type == type(error).__name__


def test_own_errors_keep_their_code() -> None:
    """A subclass of a step error brings its own code; foreign errors are ``step_failed``."""
    assert describe_error(CardDeclinedError("no")).code == "card_declined"
    assert describe_error(KeyError("sku")).code == "step_failed"


def test_the_other_side_s_waiting_time_is_kept() -> None:
    """EH-6: the time that a step was asked to wait is part of the description; nonsense in its place is not."""
    assert describe_error(RetryableStepError("busy", retry_after=1500)).retry_after == 1500
    odd = ValueError("busy")
    odd.retry_after = "soon"  # type: ignore[attr-defined]  # what a foreign library may do
    assert describe_error(odd).retry_after is None


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (KeyError("sku"), "KeyError: 'sku'"),
        (ValueError(""), "ValueError"),
        (KeyError(), "KeyError"),
        (ValueError("bad\nTraceback (most recent call last):\n  File x"), "bad"),
        (RudeError(), "(its message cannot be read)"),
    ],
)
def test_messages_are_readable(error: Exception, message: str) -> None:
    """WR-16: a message says something by itself, and never shows a stack trace."""
    assert describe_error(error).message == message


def test_messages_are_bounded() -> None:
    """A message has at most 2,000 characters."""
    message = describe_error(ValueError("x" * 5000)).message
    assert (len(message), message[-1]) == (2000, "…")


def test_of_several_errors_the_incurable_one_decides() -> None:
    """A group is described by the first error that another attempt would not cure, else by its first."""
    network, declined = ConnectionError("gone"), CardDeclinedError("no")
    assert describe_error(ExceptionGroup("two", [network, ExceptionGroup("in", [declined])])).code == "card_declined"
    assert describe_error(ExceptionGroup("one", [network, ValueError("x")])).category == "network"


@pytest.mark.parametrize("text", ["\ud800", "a\udcffb", "\udc80" * 10_000])
def test_a_message_that_is_no_text_is_made_one(text: str) -> None:
    """WH-14: whatever characters an exception's message has, the description can be stored."""
    described = describe_error(ValueError(text))
    assert msgspec.json.decode(msgspec.json.encode(described.message)) == described.message
    assert "?" in described.message
