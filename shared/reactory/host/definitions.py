"""Registered definitions, compiled once per process and cached by id, version and fingerprint (CA-1)."""

from __future__ import annotations

from collections.abc import Collection
from threading import Lock

import msgspec

from reactory.definition.program import Program
from reactory.definition.reference import highest, parse_reference
from reactory.exceptions import WorkflowNotFoundError
from reactory.ports.store import DefinitionStore, StoredDefinition

CACHE_SIZE = 500
"""Compiled programs kept per process; the oldest is dropped."""


class Definitions:
    """Finds definitions and compiles them. A new version needs no restart: versions never change once registered."""

    def __init__(self, store: DefinitionStore, handlers: Collection[str] = ()) -> None:
        self._store = store
        self._handlers = frozenset(handlers)
        self._programs: dict[tuple[str, str, str, str], Program] = {}
        self._lock = Lock()

    def cached(self, tenant: str, workflow_id: str, version: str, fingerprint: str) -> Program | None:
        """The compiled program if this process has it already; does no I/O."""
        return self._programs.get((tenant, workflow_id, version, fingerprint))

    def program(self, tenant: str, workflow_id: str, version: str, fingerprint: str | None = None) -> Program:
        """The compiled version that an instance is pinned to (WH-18).

        Raises WorkflowNotFoundError if it is gone, or if another content stands under its version.
        """
        if fingerprint is not None:
            known = self.cached(tenant, workflow_id, version, fingerprint)
            if known is not None:
                return known
        stored = self._store.get(tenant, workflow_id, version)
        if stored is None:
            raise WorkflowNotFoundError(
                f"workflow {workflow_id}@{version} is not registered: register this version again"
            )
        if fingerprint is not None and stored.fingerprint != fingerprint:
            raise WorkflowNotFoundError(
                f"workflow {workflow_id}@{version} was replaced by other content since the instance began: "
                "register the original content again, or cancel the instance"
            )
        return self._compiled(tenant, stored)

    def _compiled(self, tenant: str, stored: StoredDefinition) -> Program:
        from reactory.definition.compile import compile_document

        key = (tenant, stored.workflow_id, stored.version, stored.fingerprint)
        with self._lock:
            program = self._programs.get(key)
            if program is None:
                program = compile_document(msgspec.json.decode(stored.document), handlers=self._handlers)
                if len(self._programs) >= CACHE_SIZE:
                    del self._programs[next(iter(self._programs))]
                self._programs[key] = program
            return program

    def resolve(self, tenant: str, reference: str, version: str | None = None) -> StoredDefinition:
        """The registered definition behind ``ns.Name`` or ``ns.Name@1.0.0``; without a version the highest (WR-4)."""
        parsed = parse_reference(reference)
        wanted = version or parsed.version
        if wanted is None:
            wanted = highest(self._store.versions(tenant, parsed.id))
            if wanted is None:
                raise WorkflowNotFoundError(f"no workflow {parsed.id} is registered: look at GET /workflow/workflows")
        found = self._store.get(tenant, parsed.id, wanted)
        if found is None:
            known = self._store.versions(tenant, parsed.id)
            have = f"registered versions: {', '.join(sorted(known))}" if known else "no version of it is registered"
            raise WorkflowNotFoundError(f"no workflow {parsed.id}@{wanted}: {have}")
        return found
