"""Who owned which instance when, from the database's own log of changes: nothing that happens in between is missed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Self

from pymongo.database import Database

from reactory.adapters.mongo.client import Document


@dataclass(slots=True)
class Tenure:
    """One claim of one instance: the epoch that it got, by whom, and whether it was given up in order."""

    instance: str
    epoch: int
    owner: str
    freed: bool = False


@dataclass(slots=True)
class Ledger:
    """All claims, in the order in which they happened. ``violations`` is what must not be (WH-2)."""

    tenures: list[Tenure] = field(default_factory=list)
    violations: list[str] = field(default_factory=list)
    _last: dict[str, Tenure] = field(default_factory=dict)

    def take(self, instance: str, updated: Document, removed: list[str]) -> None:
        """One update of one document."""
        last = self._last.get(instance)
        if "epoch" in updated:
            self._claimed(instance, updated, last)
        elif last is not None and ({"journal", "state"} & _roots(updated)) and last.freed:
            self.violations.append(f"{instance} was advanced after epoch {last.epoch} had ended")
        if "lease.until" in removed and last is not None:
            last.freed = True

    def _claimed(self, instance: str, updated: Document, last: Tenure | None) -> None:
        tenure = Tenure(instance, updated["epoch"], _owner(updated))
        self.tenures.append(tenure)
        self._last[instance] = tenure
        if tenure.epoch != (last.epoch if last else 0) + 1:
            self.violations.append(f"{instance} went from epoch {last.epoch if last else 0} to {tenure.epoch}")
        if last is not None and not last.freed:
            self.violations.append(f"{instance} was claimed by {tenure.owner} while {last.owner} owned it")


def _owner(updated: Document) -> str:
    return str(updated.get("lease.owner") or updated.get("lease", {}).get("owner", ""))


def _roots(updated: Document) -> set[str]:
    return {name.partition(".")[0] for name in updated}


class Watch:
    """Follows the instances of a database from the moment at which it is opened."""

    def __init__(self, database: Database[dict[str, Any]]) -> None:
        self._stream = database["instances"].watch([{"$match": {"operationType": "update"}}], max_await_time_ms=200)

    def ledger(self) -> Ledger:
        """What has happened so far."""
        ledger = Ledger()
        for change in self._changes():
            described = change["updateDescription"]
            ledger.take(change["documentKey"]["_id"], described["updatedFields"], described["removedFields"])
        return ledger

    def _changes(self) -> Iterator[Document]:
        while (change := self._stream.try_next()) is not None:
            yield change

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stream.close()
