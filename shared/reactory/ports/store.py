"""The durable store of instances and definitions. DESIGN: "one document decides".

One instance is one document, and each method here that writes is one atomic, fenced update of it. All times are
milliseconds since the epoch; leases and ``wakeAt`` are compared with the *database's* clock. ``journal``, ``inbox``,
``history`` and ``state`` are opaque JSON texts to the store: the kernel's facts, records and snapshot.

Errors of every method: StoreUnavailableError (nothing happened) and AmbiguousWriteError (it may have happened).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, Protocol

import msgspec

Outcome = Literal["ok", "inbox", "lost", "too_large"]
"""``ok``: written. ``inbox``: refused because facts from outside are waiting. ``lost``: the lease is another's now, or
the document is not as its owner knows it. ``too_large``: more than the database can hold in one document."""


class InboxEntry(msgspec.Struct, frozen=True):
    """A fact from outside: ``fact`` is the kernel's fact as JSON text; ``id`` makes a second push of it harmless."""

    id: str
    fact: str


class OutboxEntry(msgspec.Struct, frozen=True, omit_defaults=True):
    """What still has to be told to others. ``body`` is JSON text; ``kind`` tells who works it off."""

    id: str
    kind: str
    body: str


class OpenWait(msgspec.Struct, frozen=True, omit_defaults=True):
    """What an instance waits for from outside. ``id`` is unique in the world. ``name`` is that of the event, activity or
    workflow; ``key`` None = an event of any key. ``since``: events of an earlier time do not count. ``spills`` is the
    same for all waits of an instance: how many portions of consumed events are kept outside of its state.
    """

    id: str
    kind: Literal["event", "user", "activity", "child"]
    path: str
    name: str = ""
    key: str | None = None
    since: int = 0
    spills: int = 0


class Post(msgspec.Struct, frozen=True):
    """An inbox entry for an instance, only while one of ``waits`` (ids) is open in its document."""

    instance_id: str
    entry: InboxEntry
    waits: tuple[str, ...]


class Waiter(msgspec.Struct, frozen=True):
    """An instance that waits for an event: which of its open waits match, and how many portions of what it has consumed
    were moved out of its state when these waits were written (see ``OpenWait``).
    """

    instance_id: str
    priority: int
    waits: tuple[str, ...]
    spills: int = 0


class Instance(msgspec.Struct, kw_only=True, omit_defaults=True):
    """The document of one instance, as read. Field names in MongoDB are these in camelCase, ``id`` is ``_id``.

    ``input`` is JSON text, or ``{"$ref": blobId}`` as JSON text. ``history`` holds records (JSON texts) that were not
    moved to the ``steps`` collection; ``history_count`` counts those. ``timer_at`` is when the kernel next needs time;
    ``wake_at`` (never later than that) is when anybody needs the instance, None = never by time. ``parent`` is the
    instance that started it, ``depth`` how many there are above it, ``root`` the one whose blobs it shares (None = its
    own), ``fragment`` the step of the definition that it runs a part of instead of the whole. ``rules`` are the kernel's retry rules
    that it was started under (``kernel/rules.py``), None for one that was started before there were any.
    """

    id: str
    tenant: str = "default"
    workflow_id: str
    version: str
    fingerprint: str
    status: str
    reason: dict[str, Any] | None = None
    priority: int = 2
    tags: list[str] = []
    parent: str | None = None
    root: str | None = None
    depth: int = 0
    fragment: str | None = None
    forked_from: str | None = None
    mode: str = "api"
    trigger_id: str | None = None
    caller: str | None = None
    correlation_id: str | None = None
    request_hash: str | None = None
    timeout: int | None = None
    created_at: int
    started_at: int | None = None
    updated_at: int
    completed_at: int | None = None
    input: str = "{}"
    state: str | None = None
    journal: list[str] = []
    journal_count: int = 0
    inbox: list[InboxEntry] = []
    epoch: int = 0
    lease_owner: str | None = None
    lease_until: int | None = None
    interrupted: bool = False
    wake_at: int | None = None
    timer_at: int | None = None
    waits: list[OpenWait] = []
    outbox: list[OutboxEntry] = []
    history: list[str] = []
    history_count: int = 0
    rules: dict[str, Any] | None = None

    @property
    def family(self) -> str:
        """The instance whose blobs this one's references point to: its own, or that of the whole that it is a part of."""
        return self.root or self.id

    @property
    def blob_prefix(self) -> str:
        """What the ids of this instance's own blobs begin with."""
        return self.id if self.root is None else f"{self.root}/{self.id}"


class Push(msgspec.Struct, frozen=True):
    """Append ``facts`` (JSON texts) to the journal. ``journal_count`` is the number of facts that it held before."""

    instance_id: str
    epoch: int
    owner: str
    journal_count: int
    facts: list[str]


class Settle(msgspec.Struct, frozen=True, kw_only=True):
    """Write the snapshot and empty the journal; free the lease unless ``keep_lease``.

    ``journal_count`` is the number of facts in the journal that the snapshot covers, None = whatever is there.
    ``wake_at``/``timer_at`` None mean never. ``history`` is appended to the tail in the document (records that go to
    the ``steps`` collection were put there before). ``outbox`` is appended. ``version`` and ``fingerprint`` None leave
    the definition that the instance is pinned to as it is.
    """

    instance_id: str
    epoch: int
    owner: str
    state: str
    status: str
    reason: dict[str, Any] | None
    started_at: int | None
    completed_at: int | None
    updated_at: int
    wake_at: int | None
    timer_at: int | None
    waits: list[OpenWait]
    outbox: list[OutboxEntry]
    history: list[str]
    keep_lease: bool = False
    journal_count: int | None = None
    version: str | None = None
    fingerprint: str | None = None


class HistoryChunk(msgspec.Struct, frozen=True):
    """Records of one instance, ``first`` being the sequence number of ``records[0]``: the id is ``instance_id:first``.

    ``epoch`` is that of the owner who wrote it. An owner that lost its lease may have written records that never came
    true: of two records with one number, that of the higher epoch counts.
    """

    instance_id: str
    first: int
    records: list[str]
    epoch: int = 0


class InstanceQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Filters of ``GET /workflow/instances``. ``search`` matches the id, the correlation id or a tag by prefix; ``reason``
    holds codes of reasons.
    """

    tenant: str = "default"
    status: tuple[str, ...] = ()
    reason: tuple[str, ...] = ()
    workflow_id: str | None = None
    version: str | None = None
    tag: str | None = None
    search: str | None = None
    parent: str | None = None
    created_after: int | None = None
    created_before: int | None = None
    completed_after: int | None = None
    limit: int = 50
    cursor: str | None = None
    sort: Literal["-createdAt", "createdAt"] = "-createdAt"


class InstancePage(msgspec.Struct, frozen=True):
    """Instances without state, journal, inbox, history and input; ``next_cursor`` None on the last page."""

    instances: list[Instance]
    next_cursor: str | None
    total: int


class InstanceStore(Protocol):
    def create(self, instances: Sequence[Instance]) -> list[Instance | None]:
        """Insert each; for an id that exists already nothing is changed and the existing one is answered, else None."""
        ...

    def get(self, instance_id: str) -> Instance | None:
        """The whole document, from the primary."""
        ...

    def count_by_status(self, tenant: str) -> dict[str, int]: ...

    def claim(self, ids: Sequence[str], owner: str, lease_ms: int, horizon_ms: int) -> list[Instance]:
        """Take the lease of each that is free or expired and whose ``wakeAt`` is at most ``horizon_ms`` ahead.

        ``epoch`` goes up by one; ``interrupted`` tells whether the last owner's lease had expired rather than been
        freed. ``owner`` is unique per invocation; who claims anew what it holds makes sure that nothing arrives any more
        of what it wrote before. Answers the claimed, without history; the others are left alone.
        """
        ...

    def push(self, batch: Sequence[Push]) -> list[Outcome]:
        """Append to the journals, each fenced by epoch and owner and only while the inbox is empty. One outcome each."""
        ...

    def absorb(self, push: Push) -> list[InboxEntry] | None:
        """Journal += push.facts + inbox; inbox = []: one fenced update. Answers the inbox entries; None = lease lost."""
        ...

    def settle(self, batch: Sequence[Settle]) -> list[Outcome]:
        """As ``Settle`` says, each fenced by epoch and owner and only while the inbox is empty. One outcome each."""
        ...

    def told(self, owner: str, entries: Mapping[str, Sequence[str]]) -> None:
        """Remove outbox entries (instance id → entry ids) after they were told.

        Where the outbox is then empty, nobody has claimed the instance since ``owner`` and its inbox is empty,
        ``wakeAt`` becomes ``timerAt``. Never fails because somebody else was faster.
        """
        ...

    def renew(self, ids: Sequence[str], owner: str, lease_ms: int) -> set[str]:
        """Extend the leases that ``owner`` still holds; the ids of those."""
        ...

    def send(self, instance_id: str, entry: InboxEntry, statuses: Sequence[str] | None = None) -> Instance | None:
        """Push to the inbox once per id and make ``wakeAt`` due, if the document's status is among ``statuses``.

        Answers the document after it (also when the entry was there already), or None if there is no such instance
        or its status is another.
        """
        ...

    def waiting(  # noqa: PLR0917 - what an event is found by, and a page
        self, tenant: str, name: str, key: str, time: int, limit: int, after: str | None = None
    ) -> list[Waiter]:
        """Instances with an open wait of kind ``event`` for that name, whose key is ``key`` or None and whose ``since``
        is not later than ``time``; ordered by id, beginning behind the id ``after``.

        A key ``@<instance id>`` is a signal: it matches every event wait of that name in that instance, and no other.
        """
        ...

    def post(self, batch: Sequence[Post]) -> set[str]:
        """Push each to its inbox, once per entry id and only while one of its waits is open; ``wakeAt`` becomes due.
        Answers the ids of the instances whose inbox holds the entry now.
        """
        ...

    def mail(self, ids: Sequence[str]) -> set[str]:
        """Those among ``ids`` whose inbox holds something."""
        ...

    def due(self, within_ms: int, limit: int, after: tuple[int, str] | None = None) -> list[tuple[str, int, int]]:
        """(id, wakeAt, priority) of the instances due within that time and without a live lease, the earliest first.

        ``after`` is (wakeAt, id) of the last one of the page before.
        """
        ...

    def ending(self, within_ms: int, limit: int) -> list[tuple[str, int, int]]:
        """(id, ms until its lease ends, priority) of the instances that are due and held by somebody whose lease ends
        within that time if it is not renewed.
        """
        ...

    def leased(self, ids: Sequence[str]) -> dict[str, int]:
        """For those among ``ids`` that somebody holds: milliseconds until the lease expires, by the database's clock."""
        ...

    def append_history(self, chunks: Sequence[HistoryChunk]) -> None:
        """Store chunks; one that exists already is replaced, unless it was written under a higher epoch."""
        ...

    def history(self, instance_id: str, after: int, limit: int) -> list[HistoryChunk]:
        """Chunks in order whose last record comes after sequence number ``after``; at most ``limit`` chunks."""
        ...

    def ping(self) -> float:
        """Round-trip time to the primary in milliseconds."""
        ...

    # last in the class: below it, the type ``list`` would mean this method
    def list(self, query: InstanceQuery) -> InstancePage: ...


class StoredDefinition(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A registered version. ``document`` is the definition as canonical JSON text, ``source`` the text as it came."""

    tenant: str = "default"
    workflow_id: str
    version: str
    fingerprint: str
    document: str
    source: str = ""
    name_space: str
    name: str
    description: str = ""
    tags: list[str] = []
    created_at: int


class DefinitionStore(Protocol):
    def put(self, definition: StoredDefinition) -> StoredDefinition:
        """Insert unless (tenant, workflow_id, version) exists; answers the one that is stored then (compare fingerprints)."""
        ...

    def get(self, tenant: str, workflow_id: str, version: str) -> StoredDefinition | None: ...

    def versions(self, tenant: str, workflow_id: str) -> list[str]:
        """All registered versions, in no particular order."""
        ...

    def list(
        self, tenant: str, name_space: str | None = None, tag: str | None = None, search: str | None = None
    ) -> list[StoredDefinition]:
        """Without ``source``; all versions, by workflow id."""
        ...

    def delete(self, tenant: str, workflow_id: str, version: str | None) -> int:
        """How many versions were deleted."""
        ...


class Schema(Protocol):
    def ensure(self) -> None:
        """Create all collections and indexes. Called after a deployment and by ``reactory dev``; safe to call again."""
        ...
