"""Sending dead letters on their way again: a message to its queue, an instance by a retry.

A message is sent first and noted then: a crash in between may send it twice, which every queue tolerates.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

from reactory.errors.answers import Kind, Outcome, RedriveAnswer, RedriveOutcome
from reactory.errors.body import decoded
from reactory.errors.dead_letters import DEAD_REASONS, DeadLetterBox, DeadLetterFilter, is_dead
from reactory.errors.services import Services
from reactory.exceptions import ConflictError, InvalidRequestError, NotFoundError, ReactoryError, UnavailableError
from reactory.ports.dead_letters import DeadLetter
from reactory.ports.queue import Message
from reactory.runner.control import MAX_REASON
from reactory.runner.instant import to_text
from reactory.runner.lookup import find_instance

if TYPE_CHECKING:
    from reactory.runner.control import ControlInstance

PORTION = 100
"""How many one request redrives."""

_OUTCOMES: tuple[Outcome, ...] = ("redriven", "notFound", "conflict", "failed")


class Redrive:
    def __init__(self, services: Services, box: DeadLetterBox, control: ControlInstance) -> None:
        self._services = services
        self._box = box
        self._control = control

    def redrive(
        self,
        *,
        ids: Sequence[str] | None = None,
        wanted: DeadLetterFilter | None = None,
        reason: str = "",
        dry_run: bool = False,
        cursor: str | None = None,
        caller: str = "",
        tenant: str = "default",
    ) -> RedriveAnswer:
        """Those with ``ids``, or the next portion of those that ``wanted`` selects. Raises InvalidRequestError."""
        _check(ids, wanted, reason, cursor)
        following = None
        if wanted is not None:
            page = self._box.search(wanted, PORTION, cursor, tenant)
            ids, following = [letter.id for letter in page.dead_letters], page.next_cursor
        details = [
            self._one(letter_id, reason, caller, tenant, dry_run=dry_run) for letter_id in dict.fromkeys(ids or ())
        ]
        counted = Counter(detail.outcome for detail in details)
        return RedriveAnswer(
            dry_run=dry_run,
            counts={outcome: counted[outcome] for outcome in _OUTCOMES},
            details=details,
            next_cursor=following,
        )

    def _one(self, letter_id: str, reason: str, caller: str, tenant: str, *, dry_run: bool) -> RedriveOutcome:
        kind: Kind | None = None
        try:
            letter = self._box.message(letter_id, tenant)
            kind = "instance" if letter is None else "message"
            if letter is None:
                self._retry(letter_id, reason, caller, tenant, dry_run=dry_run)
            else:
                self._send(letter, reason, caller, dry_run=dry_run)
        except NotFoundError as error:
            return _refused(letter_id, "notFound", None, error)
        except ConflictError as error:
            return _refused(letter_id, "conflict", kind, error)
        except ReactoryError as error:
            return _refused(letter_id, "failed", kind, error)
        return RedriveOutcome(id=letter_id, outcome="redriven", kind=kind)

    def _retry(self, instance_id: str, reason: str, caller: str, tenant: str, *, dry_run: bool) -> None:
        instance = find_instance(self._services.instances, instance_id, tenant)
        if instance.status == "FAILED" and not is_dead(instance):
            code = (instance.reason or {}).get("code", "")
            raise ConflictError(
                f"instance {instance_id} has failed as {code}, which is none of {', '.join(DEAD_REASONS)}; "
                f"`reactory instance retry {instance_id}` takes it up all the same"
            )
        if dry_run:
            self._control.check(instance_id, "retry", tenant=tenant)
        else:
            self._control.control(instance_id, "retry", reason=reason, caller=caller, tenant=tenant)

    def _send(self, letter: DeadLetter, reason: str, caller: str, *, dry_run: bool) -> None:
        if letter.redriven_at is not None and letter.state == "redriven":
            raise ConflictError(f"message {letter.id} was sent again at {to_text(letter.redriven_at)} by {letter.by}")
        body = decoded(letter.body)
        if not isinstance(body, dict):
            raise InvalidRequestError(
                f"message {letter.id} is no JSON object, so no function can ever read it: send a right one in its place"
            )
        if not dry_run:
            self._services.queue.send(letter.queue, [Message(body, group=letter.tenant)])
            self._note(letter, reason, caller)

    def _note(self, letter: DeadLetter, reason: str, caller: str) -> None:
        try:
            self._services.dead_letters.redriven(letter.id, reason, caller, self._services.clock.now())
        except UnavailableError as error:
            raise UnavailableError(
                f"message {letter.id} was sent again, but that could not be noted, so it may still be listed: {error.message}"
            ) from error


def _check(ids: Sequence[str] | None, wanted: DeadLetterFilter | None, reason: str, cursor: str | None) -> None:
    if (ids is None) == (wanted is None):
        raise InvalidRequestError("ids, filter: say either which ones, or what selects them")
    if ids is not None and cursor is not None:
        raise InvalidRequestError("cursor: belongs to a filter")
    if ids is not None and not 0 < len(ids) <= PORTION:
        raise InvalidRequestError(f"ids: from 1 to {PORTION}")
    if wanted == DeadLetterFilter():
        raise InvalidRequestError("filter: is empty, and would select all dead letters; say at least which kind")
    if not reason.strip():
        raise InvalidRequestError("reason: say why they are to be tried again; it is recorded with them")
    if len(reason) > MAX_REASON:
        raise InvalidRequestError(f"reason: at most {MAX_REASON} characters")


def _refused(letter_id: str, outcome: Outcome, kind: Kind | None, error: ReactoryError) -> RedriveOutcome:
    return RedriveOutcome(id=letter_id, outcome=outcome, kind=kind, code=error.code, message=error.message)
