"""Registered definitions (WR-2 to WR-4): what may be started, and what instances find their own version in."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

import msgspec

from reactory.definition.document import Document, canonical_json
from reactory.definition.fingerprint import fingerprint
from reactory.definition.problem import Problem
from reactory.definition.reference import parse_reference, parse_version
from reactory.definition.validate import validate
from reactory.exceptions import (
    ConflictError,
    DefinitionConflictError,
    InvalidDefinitionError,
    WorkflowNotFoundError,
)
from reactory.ports.store import InstanceQuery, StoredDefinition
from reactory.runner.answers import (
    Deleted,
    Registered,
    ValidationAnswer,
    WorkflowDetail,
    WorkflowList,
    WorkflowSummary,
    problem_answer,
)
from reactory.runner.envelope import read_document
from reactory.runner.instant import to_text
from reactory.runner.services import Services
from reactory.runner.transitions import UNFINISHED

Handlers = Callable[[], Collection[str] | None]


class Registry:
    """``handlers`` gives the names of the Python steps that documents may call; None: not known here, not checked.

    It is asked when the first document comes, since finding out imports the modules of users.
    """

    def __init__(self, services: Services, handlers: Handlers | None = None) -> None:
        self._services = services
        self._handlers = handlers

    def validate(self, text: str | bytes, *, name: str = "<document>") -> ValidationAnswer:
        """Every problem of a document; nothing is stored."""
        try:
            problems: Sequence[Problem] = self._problems(read_document(text, name=name))
        except InvalidDefinitionError as error:
            problems = error.problems
        return ValidationAnswer(
            valid=not any(problem.severity == "error" for problem in problems),
            problems=[problem_answer(problem) for problem in problems],
        )

    def register(
        self, text: str | bytes, *, name: str = "<document>", tenant: str = "default", replace: bool = False
    ) -> Registered:
        """Store a new version; the same again is fine, another content under it is refused (WR-3).

        With ``replace``, for a developer's own stack only, it takes the other's place while no instance needs that.
        """
        return self.register_document(read_document(text, name=name), tenant=tenant, replace=replace)

    def register_document(self, document: Document, *, tenant: str = "default", replace: bool = False) -> Registered:
        problems = self._problems(document)
        errors = [problem for problem in problems if problem.severity == "error"]
        if errors:
            raise InvalidDefinitionError(_told(document, errors), problems)
        definition = self._definition(document, tenant)
        known = self._services.definitions.get(tenant, definition.workflow_id, definition.version)
        if replace and known is not None and known.fingerprint != definition.fingerprint:
            self._withdraw(known)
            known = None
        stored = known or self._services.definitions.put(definition)
        if stored.fingerprint != definition.fingerprint:
            raise DefinitionConflictError(
                f"{stored.workflow_id}@{stored.version} is registered with other content; "
                "a version never changes, so give the document a higher version",
            )
        return Registered(
            workflow=_summary(stored),
            created=known is None,
            warnings=[problem_answer(problem) for problem in problems],
        )

    def search(
        self,
        *,
        name_space: str | None = None,
        tags: Sequence[str] = (),
        text: str | None = None,
        tenant: str = "default",
    ) -> WorkflowList:
        """All versions by workflow id, the highest version first; with every one of ``tags``."""
        found = self._services.definitions.list(tenant, name_space, tags[0] if tags else None, text)
        wanted = [definition for definition in found if set(tags) <= set(definition.tags)]
        wanted.sort(key=lambda definition: parse_version(definition.version), reverse=True)
        wanted.sort(key=lambda definition: definition.workflow_id)
        return WorkflowList(workflows=[_summary(definition) for definition in wanted])

    def get(self, workflow: str, version: str | None = None, tenant: str = "default") -> WorkflowDetail:
        """One version, the highest when none is given (WR-4). ``workflow`` is ``ns.Name`` or ``ns.Name@version``."""
        reference = parse_reference(workflow)
        versions = self._versions(reference.id, tenant)
        wanted = reference.version or version or versions[0]
        stored = self._services.definitions.get(tenant, reference.id, wanted)
        if stored is None:
            raise _unknown_version(reference.id, wanted, versions)
        summary = _summary(stored)
        return WorkflowDetail(
            **{field: getattr(summary, field) for field in summary.__struct_fields__},
            definition=msgspec.json.decode(stored.document),
            source=stored.source,
            versions=versions,
        )

    def delete(self, workflow: str, version: str | None = None, tenant: str = "default") -> Deleted:
        """Refused while instances still need it (WH-18)."""
        versions = self._versions(workflow, tenant)
        if version is not None and version not in versions:
            raise _unknown_version(workflow, version, versions)
        query = InstanceQuery(tenant=tenant, status=UNFINISHED, workflow_id=workflow, version=version, limit=1)
        unfinished = self._services.instances.list(query).total
        if unfinished:
            raise ConflictError(
                f"{unfinished} unfinished instance{'s' if unfinished > 1 else ''} of {workflow} "
                "still need it; cancel them or wait for their end",
            )
        deleted = self._services.definitions.delete(tenant, workflow, version)
        return Deleted(workflow_id=workflow, deleted=deleted)

    def _withdraw(self, stored: StoredDefinition) -> None:
        """Delete one version for another content of it, unless instances may still run it: a retry revives a failed one."""
        unfinished, failed = (
            self._services.instances.list(
                InstanceQuery(
                    tenant=stored.tenant,
                    status=statuses,
                    workflow_id=stored.workflow_id,
                    version=stored.version,
                    limit=1,
                )
            ).total
            for statuses in (UNFINISHED, ("FAILED",))
        )
        if unfinished or failed:
            raise DefinitionConflictError(_still_used(stored, unfinished, failed))
        self._services.definitions.delete(stored.tenant, stored.workflow_id, stored.version)

    def _versions(self, workflow_id: str, tenant: str) -> list[str]:
        versions = self._services.definitions.versions(tenant, workflow_id)
        if not versions:
            raise WorkflowNotFoundError(
                f"no workflow {workflow_id} is registered; `reactory workflow list` shows those that are",
            )
        return sorted(versions, key=parse_version, reverse=True)

    def _problems(self, document: Document) -> list[Problem]:
        return validate(
            document,
            handlers=self._handlers() if self._handlers else None,
            policies=self._services.settings.retry_policies,
        )

    def _definition(self, document: Document, tenant: str) -> StoredDefinition:
        data = document.data
        return StoredDefinition(
            tenant=tenant,
            workflow_id=f"{data['nameSpace']}.{data['name']}",
            version=data["version"],
            fingerprint=fingerprint(data),
            document=canonical_json(data).decode(),
            source=document.text,
            name_space=data["nameSpace"],
            name=data["name"],
            description=data.get("description") or "",
            tags=list(data.get("tags") or ()),
            created_at=self._services.clock.now(),
        )


def _summary(definition: StoredDefinition) -> WorkflowSummary:
    return WorkflowSummary(
        id=f"{definition.workflow_id}@{definition.version}",
        workflow_id=definition.workflow_id,
        name_space=definition.name_space,
        name=definition.name,
        version=definition.version,
        description=definition.description,
        tags=definition.tags,
        fingerprint=definition.fingerprint,
        created_at=to_text(definition.created_at),
    )


def _told(document: Document, errors: Sequence[Problem]) -> str:
    """The message carries the first few; all of them are in ``problems``."""
    first = "; ".join(f"{problem.path or 'document'}: {problem.message}" for problem in errors[:3])
    rest = f"; and {len(errors) - 3} more" if len(errors) > 3 else ""
    return f"{document.name} has {len(errors)} error{'s' if len(errors) > 1 else ''}: {first}{rest}"


def _still_used(stored: StoredDefinition, unfinished: int, failed: int) -> str:
    """Failed instances cannot be cancelled, so that way out is told only where there is none of them."""
    count = unfinished + failed
    users = f"{count} instance{'s use' if count > 1 else ' uses'} it"
    ways = "raise its version, or cancel them and save again"
    if failed:
        users += f" ({failed} failed, which a retry would continue)"
        ways = "raise its version"
    return f"{stored.workflow_id}@{stored.version} as registered before goes on: {users}; {ways}"


def _unknown_version(workflow_id: str, version: str, versions: Sequence[str]) -> WorkflowNotFoundError:
    return WorkflowNotFoundError(f"{workflow_id} has no version {version}; registered are {', '.join(versions)}")
