"""An answer from outside reaches the instance that waits for it, or is refused because nobody waits any more."""

from __future__ import annotations

from typing import Any

import msgspec

from reactory.exceptions import ConflictError, NotFoundError, PayloadTooLargeError
from reactory.host.wakeups import send_wakeups
from reactory.kernel.facts import Answered, ErrorInfo, encode_fact
from reactory.kernel.snapshot import content_id
from reactory.kernel.values import make_ref
from reactory.ports.store import InboxEntry, Post
from reactory.ports.tasks import WorkItem
from reactory.runner.answers import Completed
from reactory.runner.instant import to_text
from reactory.runner.services import Services


class Answering:
    """Shared by people's tasks and workers' activities."""

    def __init__(self, services: Services) -> None:
        self._services = services

    def find(self, item_id: str, tenant: str, what: str) -> WorkItem:
        """The open item. Raises NotFoundError, and ConflictError for one that is no longer open."""
        item = self._services.tasks.get(item_id)
        if item is None or item.tenant != tenant or item.kind != what:
            raise NotFoundError(
                f"there is no {_NAMES[what]} {item_id!r}; it may have been removed a week after its end"
            )
        if item.closed:
            raise ConflictError(f"{_NAMES[what]} {item_id} is over: it was answered, timed out, or is no longer wanted")
        return item

    def answer(self, item: WorkItem, *, output: Any = None, error: ErrorInfo | None = None, by: str = "") -> Completed:
        """Tell the instance, once; close the item."""
        services = self._services
        now = services.clock.now()
        fact = Answered(item.id, now, self._kept(item, output), error, by)
        post = Post(item.instance_id, InboxEntry(f"answer:{item.id}", encode_fact(fact)), (item.id,))
        if not services.instances.post([post]):
            services.tasks.close([item.id])
            raise ConflictError(
                f"{_NAMES[item.kind]} {item.id} is over: instance {item.instance_id} no longer waits for it"
            )
        services.tasks.close([item.id])
        send_wakeups(services.queue, [(item.instance_id, item.priority, 0, item.tenant)])
        return Completed(instance_id=item.instance_id, path=item.path, timestamp=to_text(now))

    def _kept(self, item: WorkItem, output: Any) -> Any:
        encoded = msgspec.json.encode(output)
        settings = self._services.settings
        if len(encoded) > settings.request_limit:
            raise PayloadTooLargeError(
                f"the result has {len(encoded)} bytes, the limit is {settings.request_limit}; return a reference to the data"
            )
        if len(encoded) <= settings.inline_limit:
            return output
        instance = self._services.instances.get(item.instance_id)
        begin = item.instance_id if instance is None else instance.blob_prefix
        blob_id = content_id(f"{begin}/answer", encoded)
        self._services.blobs.put({blob_id: encoded})
        return make_ref(blob_id, len(encoded))


_NAMES = {"user": "task", "activity": "activity"}
