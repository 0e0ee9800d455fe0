"""One request for many instances: a job that goes on in portions until all are done, with counts per outcome (WH-22).

A job is a record; a message hints that it is to be gone on with, and the sweeper repeats the hint for a job that nobody
has touched for a while. An instance that a portion meets a second time refuses what it has done already.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import msgspec

from reactory.exceptions import InvalidRequestError, NotFoundError, ReactoryError, UnavailableError
from reactory.ports.queue import Message
from reactory.ports.store import InstanceQuery
from reactory.runner.answers import BatchJob
from reactory.runner.control import ControlInstance
from reactory.runner.instant import to_text
from reactory.runner.services import Services
from reactory.topology import JOBS

BatchAction = Literal["pause", "resume", "cancel", "retry", "migrate"]
ACTIONS: tuple[BatchAction, ...] = ("pause", "resume", "cancel", "retry", "migrate")
MOST_IDS = 1000
PORTION = 100
SHOWN_ERRORS = 20
STALE_MS = 120_000
JOB = "job"
OPEN_JOBS = "job:open"
EVERYONE = "*"
"""The tenant under which open jobs are found, whosever they are."""


class Job(msgspec.Struct, rename="camel", omit_defaults=True):
    """As it is kept. ``cursor`` is where the next portion begins: of the list, or the number of ids done."""

    id: str
    tenant: str
    action: BatchAction
    created_at: int
    touched_at: int
    by: str = ""
    reason: str = ""
    version: str = ""
    dry_run: bool = False
    ids: list[str] = []
    filter: InstanceQuery | None = None
    cursor: str | None = None
    matched: int = 0
    done: int = 0
    refused: int = 0
    not_found: int = 0
    failed: int = 0
    errors: list[dict[str, str]] = []
    finished_at: int | None = None


class BatchOperations:
    def __init__(self, services: Services, control: ControlInstance) -> None:
        self._services = services
        self._control = control

    def begin(
        self,
        action: BatchAction,
        *,
        ids: Sequence[str] | None = None,
        query: InstanceQuery | None = None,
        reason: str = "",
        version: str = "",
        dry_run: bool = False,
        caller: str = "",
        tenant: str = "default",
    ) -> BatchJob:
        """Begin a job and do its first portion. With ``dry_run`` nothing is changed: the counts say what would be.

        Raises InvalidRequestError unless exactly one of ``ids`` and ``query`` is given.
        """
        if (ids is None) == (query is None):
            raise InvalidRequestError("give either ids or a filter")
        if ids is not None and not 0 < len(ids) <= MOST_IDS:
            raise InvalidRequestError(f"ids: give 1 to {MOST_IDS} of them; use a filter for more")
        if (action == "migrate") != bool(version):
            raise InvalidRequestError("version: belongs to the action migrate, and only to that")
        now = self._services.clock.now()
        job = Job(
            id=self._services.ids.new(),
            tenant=tenant,
            action=action,
            created_at=now,
            touched_at=now,
            by=caller,
            reason=reason,
            version=version,
            dry_run=dry_run,
            ids=list(dict.fromkeys(ids or ())),
            filter=query,
        )
        self._services.records.put(EVERYONE, OPEN_JOBS, job.id, msgspec.json.encode(tenant).decode())
        self._portion(job)
        self._hint(job)
        return _answer(job)

    def get(self, job_id: str, tenant: str = "default") -> BatchJob:
        return _answer(self._read(job_id, tenant))

    def go_on(self, job_id: str, tenant: str) -> None:
        """The next portion; then a hint for the one after."""
        job = self._read(job_id, tenant)
        if job.finished_at is None:
            self._portion(job)
            self._hint(job)

    def stale(self) -> int:
        """Hint again at jobs that nobody has touched for a while; how many there are."""
        stale = 0
        for job_id, tenant in self._services.records.list(EVERYONE, OPEN_JOBS, "", PORTION):
            job = self._read(job_id, msgspec.json.decode(tenant, type=str))
            if job.finished_at is not None:
                self._services.records.delete(EVERYONE, OPEN_JOBS, job_id)
            elif job.touched_at < self._services.clock.now() - STALE_MS:
                self._hint(job)
                stale += 1
        return stale

    def _read(self, job_id: str, tenant: str) -> Job:
        found = self._services.records.get(tenant, JOB, job_id)
        if found is None:
            raise NotFoundError(f"there is no batch job {job_id!r}")
        return msgspec.json.decode(found, type=Job)

    def _hint(self, job: Job) -> None:
        if job.finished_at is None:
            try:
                self._services.queue.send(
                    JOBS.name, [Message({"jobId": job.id, "tenant": job.tenant}, group=job.tenant)]
                )
            except UnavailableError:
                return  # the sweeper repeats it

    def _portion(self, job: Job) -> None:
        for instance_id in self._next(job):
            job.matched += 1
            self._apply(job, instance_id)
        job.touched_at = self._services.clock.now()
        if job.cursor is None:
            job.finished_at = job.touched_at
        self._services.records.put(job.tenant, JOB, job.id, msgspec.json.encode(job).decode())
        if job.finished_at is not None:
            self._services.records.delete(EVERYONE, OPEN_JOBS, job.id)

    def _next(self, job: Job) -> list[str]:
        if job.filter is None:
            begin = int(job.cursor or 0)
            end = begin + PORTION
            job.cursor = str(end) if end < len(job.ids) else None
            return job.ids[begin:end]
        query = msgspec.structs.replace(
            job.filter, tenant=job.tenant, limit=PORTION, cursor=job.cursor, sort="createdAt"
        )
        page = self._services.instances.list(query)
        job.cursor = page.next_cursor
        return [instance.id for instance in page.instances]

    def _apply(self, job: Job, instance_id: str) -> None:
        try:
            if job.dry_run:
                self._control.check(instance_id, job.action, version=job.version, tenant=job.tenant)
            else:
                self._control.control(
                    instance_id, job.action, reason=job.reason, caller=job.by, tenant=job.tenant, version=job.version
                )
            job.done += 1
        except UnavailableError as error:
            job.failed += 1
            _note(job, instance_id, error)
        except NotFoundError as error:
            job.not_found += 1
            _note(job, instance_id, error)
        except ReactoryError as error:
            job.refused += 1
            _note(job, instance_id, error)


def _note(job: Job, instance_id: str, error: ReactoryError) -> None:
    if len(job.errors) < SHOWN_ERRORS:
        job.errors.append({"instanceId": instance_id, "code": error.code, "message": error.message})


def _answer(job: Job) -> BatchJob:
    counts: dict[str, Any] = {
        "matched": job.matched,
        "done": job.done,
        "refused": job.refused,
        "notFound": job.not_found,
        "failed": job.failed,
    }
    return BatchJob(
        job_id=job.id,
        action=job.action,
        status="running" if job.finished_at is None else "finished",
        dry_run=job.dry_run,
        counts=counts,
        errors=job.errors,
        created_at=to_text(job.created_at),
        finished_at=None if job.finished_at is None else to_text(job.finished_at),
    )
