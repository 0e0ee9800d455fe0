"""The forms of user activities: JSON Schemas, compiled the same way when they are registered and when they are answered."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NoReturn

from jsonschema_rs import RegexOptions, ValidationError, Validator, validator_for

from reactory.definition.location import format_path


def compile_form(form: Mapping[str, Any]) -> Validator:
    """Raises ValueError when it is no valid schema. Nothing is fetched, and patterns take linear time."""
    return validator_for(dict(form), retriever=_refuse, pattern_options=RegexOptions())


def form_complaint(form: Mapping[str, Any]) -> str | None:
    """What is wrong with a form as a JSON Schema, and where in it; None when nothing is."""
    try:
        compile_form(form)
    except ValidationError as error:
        where = format_path(tuple(error.instance_path))
        return f"the form is no valid JSON Schema{f' at {where}' if where else ''}: {error.message[:200]}; correct it"
    except ValueError as error:
        return f"the form is no valid JSON Schema: {str(error)[:200]}; correct it"
    return None


def _refuse(uri: str) -> NoReturn:
    raise ValueError(f"{uri} is not fetched: put what it refers to into $defs of the form")
