"""Dead letters: messages that no function could work off, and instances that have FAILED until somebody mends what is
wrong (WR-11, WH-14). Found, looked at; sending them on their way again is ``redrive.py``.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import takewhile

import msgspec

from reactory.errors.answers import DeadLetterDetail, DeadLetterList, DeadLetterSummary, DeadLetterTotals, Kind
from reactory.errors.body import masked
from reactory.errors.services import Stores
from reactory.exceptions import InvalidCursorError, InvalidRequestError, NotFoundError
from reactory.host.given_up import MISSING
from reactory.masking import Masker
from reactory.ports.dead_letters import DeadLetter
from reactory.ports.store import Instance, InstanceQuery
from reactory.runner.answers import Reason
from reactory.runner.instant import to_text
from reactory.topology import queues

DEAD_REASONS = ("dead_lettered", "manual_intervention", "step_interrupted", MISSING)
"""Reason codes of FAILED instances that a retry takes up again once the cause is mended."""

_MESSAGES, _INSTANCES = "m.", "i."
"""What a cursor begins with: where among them the next page begins."""


class DeadLetterFilter(msgspec.Struct, frozen=True):
    """A queue selects messages only, a workflow instances only. ``since`` (ms): died at that time or later."""

    kind: Kind | None = None
    queue: str | None = None
    workflow_id: str | None = None
    since: int | None = None

    def kinds(self) -> tuple[Kind, ...]:
        """Raises InvalidRequestError for what selects nothing."""
        chosen: list[Kind] = ["message", "instance"] if self.kind is None else [self.kind]
        if self.queue is not None:
            if self.queue not in {queue.name for queue in queues()}:
                raise InvalidRequestError(f"queue: must be among {', '.join(queue.name for queue in queues())}")
            chosen = [kind for kind in chosen if kind == "message"]
        if self.workflow_id is not None:
            chosen = [kind for kind in chosen if kind == "instance"]
        if not chosen:
            raise InvalidRequestError(
                "kind, queue, workflowId: select nothing together: only a message has a queue, only an instance a workflow"
            )
        return tuple(chosen)


class DeadLetterBox:
    def __init__(self, services: Stores) -> None:
        self._services = services
        self._masker = Masker(services.settings.sensitive)

    def search(
        self, wanted: DeadLetterFilter, limit: int = 50, cursor: str | None = None, tenant: str = "default"
    ) -> DeadLetterList:
        kinds = wanted.kinds()
        found: list[DeadLetterSummary] = []
        place = cursor or ""
        if "message" in kinds and not place.startswith(_INSTANCES):
            letters = self._messages(wanted, limit + 1, _behind(place, _MESSAGES), tenant)
            found = [_message(letter) for letter in letters[:limit]]
            if len(letters) > limit:
                return DeadLetterList(dead_letters=found, next_cursor=f"{_MESSAGES}{found[-1].id}")
            place = ""
        if "instance" not in kinds:
            return DeadLetterList(dead_letters=found, next_cursor=None)
        left = limit - len(found)
        page = self._instances(wanted, max(left, 1), _behind(place, _INSTANCES), tenant)
        instances, inner = page
        if not left:
            return DeadLetterList(dead_letters=found, next_cursor=_INSTANCES if instances else None)
        found += [self._instance(instance) for instance in instances]
        return DeadLetterList(dead_letters=found, next_cursor=None if inner is None else f"{_INSTANCES}{inner}")

    def get(self, letter_id: str, tenant: str = "default") -> DeadLetterDetail:
        letter = self.message(letter_id, tenant)
        if letter is not None:
            return self._detail(letter)
        instance = self._services.instances.get(letter_id)
        if instance is None or instance.tenant != tenant or not is_dead(instance):
            raise NotFoundError(
                f"there is no dead letter {letter_id!r}; `reactory dead-letter list` shows those there are"
            )
        return msgspec.convert(_fields(self._instance(instance)) | {"state": "dead"}, DeadLetterDetail)

    def message(self, letter_id: str, tenant: str) -> DeadLetter | None:
        letter = self._services.dead_letters.get(letter_id)
        return letter if letter is not None and letter.tenant == tenant else None

    def totals(self, tenant: str = "default") -> DeadLetterTotals:
        instances = self._services.instances.list(_query(DeadLetterFilter(), 1, None, tenant)).total
        return DeadLetterTotals(messages=self._services.dead_letters.count(tenant), instances=instances)

    def _messages(self, wanted: DeadLetterFilter, limit: int, after: str | None, tenant: str) -> list[DeadLetter]:
        """The latest first: what comes behind one that is too old is too old as well."""
        found = self._services.dead_letters.list(tenant, wanted.queue, "dead", limit, after)
        return list(takewhile(lambda letter: letter.died_at >= (wanted.since or 0), found))

    def _instances(
        self, wanted: DeadLetterFilter, limit: int, cursor: str | None, tenant: str
    ) -> tuple[list[Instance], str | None]:
        page = self._services.instances.list(_query(wanted, limit, cursor, tenant))
        return page.instances, page.next_cursor

    def _instance(self, instance: Instance) -> DeadLetterSummary:
        reason = instance.reason or {}
        return DeadLetterSummary(
            id=instance.id,
            kind="instance",
            died_at=None if instance.completed_at is None else to_text(instance.completed_at),
            workflow_id=instance.workflow_id,
            version=instance.version,
            reason=Reason(
                code=reason.get("code", ""),
                message=self._masker.text(reason.get("message", "")),
                step_id=reason.get("stepId"),
            ),
        )

    def _detail(self, letter: DeadLetter) -> DeadLetterDetail:
        attributes: Mapping[str, str] = self._masker.value(letter.attributes)
        again = letter.state == "redriven"
        more = {
            "state": letter.state,
            "body": masked(letter.body, self._masker),
            "attributes": attributes,
            "redrivenReason": letter.reason if again else None,
            "redrivenBy": letter.by if again else None,
            "redrivenAt": None if letter.redriven_at is None else to_text(letter.redriven_at),
        }
        return msgspec.convert(_fields(_message(letter)) | more, DeadLetterDetail)


def is_dead(instance: Instance) -> bool:
    """Whether it has FAILED in a way that a retry takes up."""
    return instance.status == "FAILED" and (instance.reason or {}).get("code") in DEAD_REASONS


def _message(letter: DeadLetter) -> DeadLetterSummary:
    return DeadLetterSummary(
        id=letter.id,
        kind="message",
        died_at=to_text(letter.died_at),
        queue=letter.queue,
        sent_at=None if letter.sent_at is None else to_text(letter.sent_at),
        receives=letter.receives,
    )


def _query(wanted: DeadLetterFilter, limit: int, cursor: str | None, tenant: str) -> InstanceQuery:
    return InstanceQuery(
        tenant=tenant,
        status=("FAILED",),
        reason=DEAD_REASONS,
        workflow_id=wanted.workflow_id,
        completed_after=None if wanted.since is None else wanted.since - 1,
        limit=limit,
        cursor=cursor,
    )


def _behind(cursor: str, kind: str) -> str | None:
    """Where among the dead letters of that kind the page begins."""
    if not cursor.startswith(kind) and cursor:
        raise InvalidCursorError("The cursor is none of this list: begin again without it.")
    return cursor.removeprefix(kind) or None


def _fields(summary: DeadLetterSummary) -> dict[str, object]:
    fields: dict[str, object] = msgspec.to_builtins(summary)
    return fields
