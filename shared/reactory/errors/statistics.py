"""Error statistics: what goes wrong, where, how often, and when it did last (EH-13)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from reactory.errors.answers import Cleared, ErrorHour, ErrorList, ErrorView
from reactory.errors.services import Stores
from reactory.exceptions import InvalidRequestError
from reactory.masking import Masker
from reactory.ports.statistics import BUCKET_MS, KEPT_MS, ErrorBucket, ErrorCount
from reactory.runner.instant import to_text

DAY_MS = 24 * 3_600_000


class Statistics:
    def __init__(self, services: Stores) -> None:
        self._services = services
        self._masker = Masker(services.settings.sensitive)

    def search(  # noqa: PLR0917 - a range and a page
        self,
        workflow_id: str | None = None,
        since: int | None = None,
        until: int | None = None,
        limit: int = 50,
        cursor: str | None = None,
        tenant: str = "default",
    ) -> ErrorList:
        """``since`` and ``until`` (ms) bound series and totals, in whole hours; the last day where they are left out."""
        end = self._services.clock.now() if until is None else until
        begin = end - DAY_MS if since is None else since
        if not 0 < end - begin <= KEPT_MS:
            raise InvalidRequestError(f"since: has to be before until, and by {KEPT_MS // DAY_MS} days at most")
        begin -= begin % BUCKET_MS
        found = self._services.errors.counts(tenant, workflow_id, limit + 1, cursor)
        through = end + (until is None)  # the hour that begins now is one of them
        hours = self._services.errors.series(tenant, workflow_id, begin, through)
        shown = found[:limit]
        return ErrorList(
            errors=[self._view(count) for count in shown],
            next_cursor=_cursor(shown[-1]) if len(found) > limit else None,
            since=to_text(begin),
            until=to_text(end),
            totals=totals(hours),
            series=[ErrorHour(at=to_text(hour.at), category=hour.category, count=hour.count) for hour in hours],
        )

    def clear(self, workflow_id: str, tenant: str = "default") -> Cleared:
        """Forget what is known of a workflow; one of which nothing is known is cleared already."""
        cleared = self._services.errors.clear(tenant, workflow_id)
        return Cleared(workflow_id=workflow_id, cleared=cleared, timestamp=to_text(self._services.clock.now()))

    def _view(self, count: ErrorCount) -> ErrorView:
        return ErrorView(
            workflow_id=count.workflow_id,
            step_id=count.step_id,
            category=count.category,
            count=count.count,
            first_occurrence=to_text(count.first),
            last_occurrence=to_text(count.last),
            severity=count.severity,
            type=count.type,
            code=count.code,
            message=self._masker.text(count.message),
            instance_id=count.instance_id,
        )


def totals(hours: Sequence[ErrorBucket]) -> dict[str, int]:
    """How many there were of each category."""
    counted: Counter[str] = Counter()
    for hour in hours:
        counted[hour.category] += hour.count
    return dict(sorted(counted.items()))


def _cursor(count: ErrorCount) -> str:
    return f"{count.workflow_id}/{count.step_id}/{count.category}"
