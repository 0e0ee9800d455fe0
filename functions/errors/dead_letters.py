"""What ends in any dead-letter queue is kept in the database, where people see it and can send it again (WR-11).

Nothing that is in a message can make this fail, so nothing goes round in circles here. Only when the database cannot be
reached the messages stay in their queue, which keeps them for 14 days.
"""

from __future__ import annotations

from typing import Any

from reactory.errors.intake import read_letter
from reactory.exceptions import ReactoryError
from reactory.observability import logger
from reactory.ports.clock import Clock
from reactory.ports.dead_letters import DeadLetter, DeadLetters

_LOG = logger(__name__)


def handler(event: dict[str, Any], _context: object) -> dict[str, list[dict[str, str]]]:
    """Partial batch response: the ids of the messages that could not be kept."""
    from reactory.bootstrap import app

    ports = app()
    failed = keep(event["Records"], ports.dead_letters, ports.clock)
    return {"batchItemFailures": [{"itemIdentifier": name} for name in failed]}


def keep(records: list[dict[str, Any]], store: DeadLetters, clock: Clock) -> list[str]:
    """Keep all with one write; if that fails, one by one. The ids of those that could not be kept."""
    letters = [read_letter(record, clock.now()) for record in records]
    for letter in letters:
        _LOG.error("a message is dead", record=letter.id, queue=letter.queue, receives=letter.receives)
    try:
        store.add(letters)
    except ReactoryError:
        return [letter.id for letter in letters if not _kept(store, letter)]
    return []


def _kept(store: DeadLetters, letter: DeadLetter) -> bool:
    try:
        store.add([letter])
    except ReactoryError as error:
        _LOG.warning("a dead letter could not be kept", record=letter.id, code=error.code, error=error.message)
        return False
    return True
