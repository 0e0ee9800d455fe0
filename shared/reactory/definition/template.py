"""Values with `${…}` holes."""

from __future__ import annotations

from typing import Any

from reactory.definition.expression import Scope


class Template:
    references: tuple[tuple[str, ...], ...]
    constant: bool

    def render(self, scope: Scope) -> Any:
        raise NotImplementedError


def compile_template(value: Any) -> Template:
    raise NotImplementedError
