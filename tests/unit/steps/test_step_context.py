"""What a running step knows about its attempt."""

from __future__ import annotations

import logging
import math
from typing import Any

import pytest

from reactory import StepContext


def context(**changes: Any) -> StepContext:
    fields: dict[str, Any] = {
        "instance_id": "i1",
        "workflow_id": "acme.Pay",
        "version": "1.0.0",
        "path": "lines[3]/reserve",
        "step_id": "reserve",
    }
    return StepContext(**fields | changes)


def test_the_idempotency_key_is_the_same_for_every_attempt() -> None:
    """WH-19: the key is instance and path, whatever the attempt."""
    assert {context(attempt=n).idempotency_key for n in (1, 2, 3)} == {"i1/lines[3]/reserve"}


def test_the_context_cannot_be_changed() -> None:
    """A step cannot change what the engine told it."""
    with pytest.raises(AttributeError):
        context().attempt = 2  # type: ignore[misc]  # the mistake under test


def test_remaining_counts_down_to_zero() -> None:
    """``remaining`` is the time until the attempt's timeout, and never negative."""
    now = [100.0]
    ctx = context(deadline=130.0, monotonic=lambda: now[0])
    assert ctx.remaining() == 30.0
    now[0] = 131.0
    assert ctx.remaining() == 0.0


def test_without_a_timeout_the_time_is_unlimited() -> None:
    """An attempt without a deadline has all the time."""
    assert context().remaining() == math.inf


def test_cancellation_is_seen() -> None:
    """Each context has an event of its own that tells a long step to stop."""
    one, other = context(), context()
    one.cancelled.set()
    assert (one.cancelled.is_set(), other.cancelled.is_set()) == (True, False)


def test_log_lines_carry_the_attempt_s_identity(caplog: pytest.LogCaptureFixture) -> None:
    """OB-4: a record has tenant, workflow, instance, step and attempt, beside what the call adds."""
    with caplog.at_level(logging.INFO, logger="reactory.step"):
        context(attempt=2).log.info("reserved %d", 3, extra={"sku": "KB-201"})
    (record,) = caplog.records
    assert record.getMessage() == "reserved 3"
    said = vars(record)
    assert (said["instance_id"], said["workflow_id"], said["workflow_version"]) == ("i1", "acme.Pay", "1.0.0")
    assert (said["step_id"], said["step_path"], said["attempt"]) == ("reserve", "lines[3]/reserve", 2)
    assert (said["tenant"], said["sku"]) == ("default", "KB-201")
