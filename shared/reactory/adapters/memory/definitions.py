"""DefinitionStore in memory."""

from __future__ import annotations

import threading

from msgspec.structs import replace

from reactory.ports.store import StoredDefinition


class MemoryDefinitions:
    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._definitions: dict[tuple[str, str, str], StoredDefinition] = {}

    def put(self, definition: StoredDefinition) -> StoredDefinition:
        key = (definition.tenant, definition.workflow_id, definition.version)
        with self._lock:
            return self._definitions.setdefault(key, definition)

    def get(self, tenant: str, workflow_id: str, version: str) -> StoredDefinition | None:
        with self._lock:
            return self._definitions.get((tenant, workflow_id, version))

    def versions(self, tenant: str, workflow_id: str) -> list[str]:
        with self._lock:
            return [key[2] for key in self._definitions if key[:2] == (tenant, workflow_id)]

    def list(
        self, tenant: str, name_space: str | None = None, tag: str | None = None, search: str | None = None
    ) -> list[StoredDefinition]:
        with self._lock:
            found = [
                replace(one, source="")
                for one in self._definitions.values()
                if one.tenant == tenant
                and (name_space is None or one.name_space == name_space)
                and (tag is None or tag in one.tags)
                and (not search or _contains(one, search))
            ]
        return sorted(found, key=lambda one: (one.workflow_id, one.version))

    def delete(self, tenant: str, workflow_id: str, version: str | None) -> int:
        with self._lock:
            gone = [
                key
                for key in self._definitions
                if key[:2] == (tenant, workflow_id) and (version is None or key[2] == version)
            ]
            for key in gone:
                del self._definitions[key]
        return len(gone)


def _contains(definition: StoredDefinition, search: str) -> bool:
    texts = (definition.workflow_id, definition.description, *definition.tags)
    return any(search.casefold() in text.casefold() for text in texts)
