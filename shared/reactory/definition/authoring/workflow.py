"""``Workflow``: a definition as an object, whatever notation it came from."""

from __future__ import annotations

import copy
from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any

from reactory.definition.document import load_document
from reactory.definition.fingerprint import fingerprint
from reactory.definition.handler import Handler
from reactory.definition.problem import Problem
from reactory.exceptions import InvalidDefinitionError

if TYPE_CHECKING:
    from reactory.definition.program import Program


class Workflow:
    """``document`` is the definition as plain data, in the shape of the documents.

    ``handlers`` are the Python steps that it was built with, by name; ``warnings`` what was found when it was built.
    """

    def __init__(
        self,
        document: dict[str, Any],
        *,
        handlers: Mapping[str, Handler] | None = None,
        warnings: Collection[Problem] = (),
    ) -> None:
        self.document = document
        self.handlers = dict(handlers or {})
        self.warnings = tuple(warnings)

    def __repr__(self) -> str:
        return f"<Workflow {self.id}>"

    @property
    def id(self) -> str:
        """``nameSpace.Name@version``."""
        data = self.document
        return f"{data.get('nameSpace')}.{data.get('name')}@{data.get('version')}"

    @property
    def fingerprint(self) -> str:
        """Equal for equal content, whatever notation it is written in."""
        return fingerprint(self.document)

    # --- in ------------------------------------------------------------------------------------------------------

    @classmethod
    def from_yaml(cls, text: str | bytes, *, name: str = "<document>") -> Workflow:
        """Any document, YAML or JSON; nothing of it is lost but comments.

        Raises InvalidDefinitionError when it cannot be read. Whether it may run is what ``problems`` tells.
        """
        document = load_document(text, name=name)
        if document.problems:
            raise InvalidDefinitionError(f"{name}: {document.problems[0].message}", document.problems)
        return cls(document.data)

    @classmethod
    def from_document(cls, data: Mapping[str, Any]) -> Workflow:
        """From plain data."""
        return cls(copy.deepcopy(dict(data)))

    # --- out -----------------------------------------------------------------------------------------------------

    def to_yaml(self) -> str:
        """The document as YAML."""
        from reactory.definition.authoring.yamltext import yaml_text  # the YAML writer, only where one is written

        return yaml_text(self.document)

    def to_python(self) -> str:
        """The source of a Python module that builds the same document."""
        from reactory.definition.authoring.pythonsource import python_source

        return python_source(self.document)

    def problems(self, handlers: Collection[str] | None = None) -> list[Problem]:
        """All errors and warnings; ``handlers`` are the names of the registered Python steps, where they are known."""
        from reactory.definition.validate import validate

        return validate(self.document, handlers=handlers)

    def program(self, handlers: Collection[str] | None = None) -> Program:
        """The compiled definition. Raises InvalidDefinitionError with all problems."""
        from reactory.definition.compile import compile_document
        from reactory.definition.validate import errors

        problems = self.problems(handlers)
        if wrong := errors(problems):
            first = wrong[0]
            raise InvalidDefinitionError(f"{self.id}: {first.code} at {first.path}: {first.message}", problems)
        return compile_document(self.document, handlers=handlers if handlers is not None else self.handlers)
