"""``module.yaml``: what a module contributes (formats.md, "Module manifests")."""

from __future__ import annotations

import difflib
from pathlib import Path
from typing import Annotated, Any

import msgspec

from reactory.definition.document import Document, load_document
from reactory.definition.reference import NAME, NAME_SPACE, VERSION
from reactory.exceptions import InvalidDefinitionError
from reactory.steps.fault import FaultCode, ModuleFault
from reactory.steps.package import StepsImportError

MANIFEST_NAME = "module.yaml"
SCHEDULE_ENDINGS = ("-schedule.yaml", "-schedule.yml")
"""A file with such a name is a schedule, whichever of the globs finds it."""

_Name = Annotated[str, msgspec.Meta(pattern=f"^{NAME.pattern}")]
_NameSpace = Annotated[str, msgspec.Meta(pattern=f"^{NAME_SPACE.pattern}")]
_Version = Annotated[str, msgspec.Meta(pattern=f"^{VERSION.pattern}")]
_Text = Annotated[str, msgspec.Meta(min_length=1)]
_RULES = {
    "nameSpace": "a name such as acme-orders",
    "name": "a name such as Orders: letters, digits, '_' and '-', a letter first",
    "version": "three numbers in quotes or not, such as 1.0.0",
    "workflows": "a list of globs, such as [workflows/*.yaml, flows/*.py]",
    "schedules": "a list of globs, such as [schedules/*-schedule.yaml]",
    "autoStart": "a list of workflows, such as [acme.Watch, {workflow: acme.Watch@1.0.0, input: {days: 3}}]",
    "steps": "a list of import paths, such as [steps] for the file steps.py",
    "services": "a list of import paths, such as [prices.Prices] for the class Prices of the file prices.py",
}


class AutoStart(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A workflow that is started once per version of the module: ``nameSpace.Name`` or ``nameSpace.Name@version``."""

    workflow: _Text
    input: dict[str, Any] = {}


class Manifest(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """``connectors`` are kept as they are written, for those who use them."""

    name_space: _NameSpace
    name: _Name
    version: _Version
    description: str = ""
    workflows: tuple[_Text, ...] = ()
    schedules: tuple[_Text, ...] = ()
    steps: tuple[_Text, ...] = ()
    services: tuple[_Text, ...] = ()
    connectors: tuple[Any, ...] = ()
    auto_start: tuple[_Text | AutoStart, ...] = ()

    @property
    def id(self) -> str:
        return f"{self.name_space}.{self.name}"


_FIELDS = {field.encode_name: field for field in msgspec.structs.fields(Manifest)}


class ManifestFile:
    """A manifest as read: its lines, and its faults. ``manifest`` is None when it cannot be used."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.module = path.parent.name
        self.faults: list[ModuleFault] = []
        self.manifest: Manifest | None = None
        self._document: Document | None = None
        self._document = self._load()
        if self._document is not None:
            self.module = str(self._document.data.get("name") or self.module)
            self.manifest = self._convert(self._document)

    def fault(self, code: FaultCode, message: str, at: str = "") -> None:
        """Note a fault; ``at`` is a path in the manifest, like ``workflows[0]``."""
        self._note(code, message, self._document.line(at) if self._document else None)

    def import_fault(self, error: StepsImportError, at: str, code: FaultCode = "STEPS_NOT_IMPORTED") -> None:
        """Code that could not be imported: told where it broke, else where the manifest names it."""
        if error.file is None:
            self.fault(code, str(error), at)
            return
        fault = ModuleFault(code=code, module=self.module, message=str(error), file=error.file, line=error.line)
        self.faults.append(fault)

    def _note(self, code: FaultCode, message: str, line: int | None) -> None:
        self.faults.append(ModuleFault(code=code, module=self.module, message=message, file=str(self.path), line=line))

    def _load(self) -> Document | None:
        try:
            return load_document(self.path.read_bytes(), name=str(self.path))
        except OSError as error:
            self.fault("INVALID_MANIFEST", f"cannot be read: {error.strerror}; check the file and its permissions")
        except InvalidDefinitionError as error:
            line = next((problem.line for problem in error.problems), None)
            reason = error.problems[0].message if line else "is no mapping: begin with nameSpace, name and version"
            self._note("INVALID_MANIFEST", reason, line)
        return None

    def _convert(self, document: Document) -> Manifest | None:
        """All problems at once: each field is judged by itself."""
        for problem in document.problems:
            self._note("INVALID_MANIFEST", problem.message, problem.line)
        for name in [name for name in document.data if name not in _FIELDS]:
            near = difflib.get_close_matches(name, _FIELDS, n=1)
            advice = f"did you mean '{near[0]}'?" if near else f"known are {', '.join(_FIELDS)}"
            self.fault("UNKNOWN_FIELD", f"unknown field '{name}'; {advice}", name)
        for name, field in _FIELDS.items():
            self._judge(name, field, document.data)
        return None if self.faults else msgspec.convert(document.data, Manifest)

    def _judge(self, name: str, field: Any, data: dict[str, Any]) -> None:
        if name not in data:
            if field.required:
                self.fault("INVALID_MANIFEST", f"'{name}' is missing: write {_RULES[name]}")
            return
        try:
            msgspec.convert(data[name], field.type)
        except msgspec.ValidationError as error:
            wanted = f": write {_RULES[name]}" if name in _RULES else ""
            self.fault("INVALID_MANIFEST", f"'{name}' is wrong ({error}){wanted}", name)
