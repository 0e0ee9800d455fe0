"""The ``config`` of the engine's own steps that run like a task (formats.md, the table)."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from reactory.definition.codes import INVALID_FIELD, MISSING_FIELD
from reactory.definition.fields import (
    Check,
    ExpressionText,
    ItemsExpression,
    Milliseconds,
    ObjectTemplate,
    Shape,
    VariableName,
    has_hole,
    later_or,
    refusal,
    text,
)
from reactory.definition.modelcheck import check_shape
from reactory.definition.pattern import PatternError, matches
from reactory.definition.usage import ROOTS
from reactory.definition.wording import shown

SomeText = Annotated[str, Field(min_length=1)]

_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS")
_TYPES = ("string", "number", "integer", "boolean", "object", "array", "null")
_SERVICE = re.compile(r"[a-zA-Z][\w.-]*\.[a-zA-Z][\w-]*(?:@\d+\.\d+\.\d+)?\Z", re.ASCII)
_LIST = re.compile(r"[^/\x00]{1,200}\Z")


# --- validation ---------------------------------------------------------------------------------------------------


def _pattern_complaint(value: Any) -> str | None:
    if not isinstance(value, str):
        return f"{shown(value)} is no pattern: give a regular expression as a text"
    if has_hole(value):
        return None
    try:
        matches(value, "")
    except PatternError as error:
        return str(error)
    return None


def _range_complaint(value: Any) -> str | None:
    if has_hole(value):
        return None
    if not isinstance(value, dict) or not value or not value.keys() <= {"min", "max"}:
        return f"{shown(value)} is no range: give {{min: 1, max: 10}}, or one of the two"
    wrong = [bound for bound in value.values() if not _is_number(bound) and not has_hole(bound)]
    return f"{shown(wrong[0])} is no bound: give a number, or a ${{…}} that gives one" if wrong else None


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _type_complaint(value: Any) -> str | None:
    return None if value in _TYPES or has_hole(value) else f"{shown(value)} is no type: give one of {', '.join(_TYPES)}"


def _custom_complaint(value: Any) -> str | None:
    if isinstance(value, bool) or (isinstance(value, str) and value.strip()):
        return None
    return f"{shown(value)} is no expression: write one such as value.startsWith('A')"


_VALUES = {
    "type": _type_complaint,
    "pattern": _pattern_complaint,
    "range": _range_complaint,
    "custom": _custom_complaint,
}


class RuleModel(Shape):
    field: ExpressionText
    type: Literal["required", "type", "pattern", "range", "custom"]
    value: Any = None
    message: str | None = None

    @model_validator(mode="after")
    def _fits(self) -> Self:
        complain = _VALUES.get(self.type)
        if complain is None:
            return self
        if self.value is None:
            raise refusal(MISSING_FIELD, f"`value` is missing: a rule of the type {self.type} needs it", field="value")
        if (said := complain(self.value)) is not None:
            raise refusal(INVALID_FIELD, said, field="value")
        return self


class ValidationModel(Shape):
    rules: Annotated[list[RuleModel], Field(min_length=1)]
    stop_on_first_error: bool | None = False


# --- data_transformation ------------------------------------------------------------------------------------------


class PerItemModel(Shape):
    expression: ExpressionText


class FilterModel(Shape):
    condition: ExpressionText


class ReduceModel(Shape):
    expression: ExpressionText
    initial: Any = None


class SortModel(Shape):
    by: ExpressionText | None = None
    order: Literal["asc", "desc"] | None = "asc"


class GroupModel(Shape):
    by: ExpressionText


class MergeModel(Shape):
    """The source and ``with`` become one; without ``with``, the members of the source do."""

    other: ItemsExpression | None = Field(default=None, alias="with")


class ExtractModel(Shape):
    """Of an object, or of each object of a list: what stands at ``path``, or an object of only these ``fields``."""

    path: SomeText | None = None
    fields: Annotated[list[SomeText], Field(min_length=1)] | None = None

    @model_validator(mode="after")
    def _has_one(self) -> Self:
        if (self.path is None) == (self.fields is None):
            raise refusal(
                MISSING_FIELD, "say what to extract: give either path, like address.city, or a list of fields"
            )
        return self


_TRANSFORMATIONS: dict[str, type[Shape]] = {
    "map": PerItemModel,
    "filter": FilterModel,
    "reduce": ReduceModel,
    "sort": SortModel,
    "group": GroupModel,
    "merge": MergeModel,
    "extract": ExtractModel,
    "custom": PerItemModel,
}


class TransformationModel(Shape):
    """Without a ``source`` it works on the result of the one before. Its ``config`` is that of its operation."""

    operation: Literal["map", "filter", "reduce", "sort", "group", "merge", "extract", "custom"]
    source: ItemsExpression | None = None
    target: VariableName | None = None
    config: dict[str, Any] | None = None

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.target in ROOTS:
            raise refusal(
                INVALID_FIELD, f"{self.target!r} hides what expressions call so: name it else", field="target"
            )
        for found in check_shape(_TRANSFORMATIONS[self.operation], self.config or {}, ()):
            raise refusal(found.code, f"{found.message} (config of the operation {self.operation})", field="config")
        return self


class TransformationsModel(Shape):
    transformations: Annotated[list[TransformationModel], Field(min_length=1)]

    @model_validator(mode="after")
    def _begins(self) -> Self:
        if self.transformations[0].source is None:
            raise refusal(MISSING_FIELD, "`source` is missing: the first transformation needs one")
        return self


# --- variables and lists that instances share ---------------------------------------------------------------------


class CrossInstanceModel(Shape):
    action: Literal["get", "set", "delete"]
    scope: Literal["global", "workflow"] | None = "global"
    key: SomeText
    value: Any = None
    source: Literal["literal", "step_output", "input", "env"] | None = "literal"
    source_path: SomeText | None = None

    @model_validator(mode="after")
    def _has_value(self) -> Self:
        if self.action != "set":
            return self
        if self.source in (None, "literal"):
            if "value" not in self.model_fields_set:
                said = "`value` is missing: give the value to set, or a source with its sourcePath"
                raise refusal(MISSING_FIELD, said, field="value")
        elif self.source_path is None:
            said = f"`sourcePath` is missing: say which part of {self.source} to take"
            raise refusal(MISSING_FIELD, said, field="sourcePath")
        return self


ListId = Annotated[str, later_or(text(_LIST, "the id of a list is a text of at most 200 characters without /"))]
_TODO_NEEDS = {"create": "title", "update": "itemId", "complete": "itemId", "delete": "itemId"}


class TodoModel(Shape):
    action: Literal["create", "list", "update", "complete", "delete"]
    list_id: ListId | None = "default"
    item_id: SomeText | None = None
    title: SomeText | None = None
    description: str | None = None
    status: SomeText | None = None

    @model_validator(mode="after")
    def _has_what_it_needs(self) -> Self:
        needed = _TODO_NEEDS.get(self.action)
        given = {"title": self.title, "itemId": self.item_id}
        if needed is not None and given[needed] is None:
            raise refusal(MISSING_FIELD, f"`{needed}` is missing: {self.action} needs it", field=needed)
        return self


# --- what is outside ----------------------------------------------------------------------------------------------


class FileModel(Shape):
    operation: Literal["read", "write", "copy", "move", "delete", "exists", "mkdir", "list"]
    path: str
    destination: SomeText | None = None
    content: str | None = None
    encoding: Literal["utf-8", "base64"] | None = "utf-8"
    overwrite: bool | None = False

    @model_validator(mode="after")
    def _has_what_it_needs(self) -> Self:
        needed = {"copy": "destination", "move": "destination", "write": "content"}.get(self.operation)
        given = {"destination": self.destination, "content": self.content}
        if needed is not None and given[needed] is None:
            raise refusal(MISSING_FIELD, f"`{needed}` is missing: {self.operation} needs it", field=needed)
        return self


class TelemetryModel(Shape):
    metric_name: SomeText
    metric_type: Literal["counter", "gauge", "histogram"] | None = "counter"
    value: Any
    labels: ObjectTemplate | None = None


class ServiceModel(Shape):
    service: Annotated[str, later_or(text(_SERVICE, "name it like acme.Prices@1.0.0, or without the version"))]
    method: SomeText
    params: ObjectTemplate | None = None


def _arguments(value: Any) -> Any:
    if has_hole(value) or (isinstance(value, list) and all(isinstance(item, str) for item in value)):
        return value
    raise refusal(INVALID_FIELD, f"{shown(value)} is not valid here: give a list of texts, such as [--all, report.csv]")


Arguments = Annotated[Any, Check(_arguments, {"type": ["array", "string"], "items": {"type": "string"}})]


class ScriptModel(Shape):
    """``code`` is known to the format and refused when the step runs: only files that the configuration names do."""

    script: SomeText | None = None
    code: str | None = None
    args: Arguments | None = None
    input: Any = None

    @model_validator(mode="after")
    def _has_one(self) -> Self:
        if self.script is None and self.code is None:
            said = "`script` is missing: give the name of a script that REACTORY_ALLOWED_SCRIPTS holds"
            raise refusal(MISSING_FIELD, said, field="script")
        return self


class CommandModel(Shape):
    command: SomeText
    args: Arguments | None = None
    input: Any = None


# --- api_call -----------------------------------------------------------------------------------------------------


def _method(value: Any) -> Any:
    if has_hole(value) or (isinstance(value, str) and value.upper() in _METHODS):
        return value
    raise refusal(INVALID_FIELD, f"{shown(value)} is no method: give one of {', '.join(_METHODS)}")


def _url(value: Any) -> Any:
    if has_hole(value) or (isinstance(value, str) and re.match(r"https?://[^/?#]", value)):
        return value
    raise refusal(INVALID_FIELD, f"{shown(value)} is no address: give one that begins with https:// or http://")


def _statuses(value: Any) -> Any:
    listed = value if isinstance(value, list) else [value]
    if listed and all(isinstance(one, int) and not isinstance(one, bool) and 100 <= one <= 599 for one in listed):
        return value
    raise refusal(INVALID_FIELD, f"{shown(value)} is not valid here: give a list of statuses, such as [200, 404]")


Method = Annotated[str, Check(_method, {"type": "string"})]
Url = Annotated[str, Check(_url, {"type": "string"})]
_STATUS = {"type": "integer", "minimum": 100, "maximum": 599}
Statuses = Annotated[Any, Check(_statuses, {"anyOf": [_STATUS, {"type": "array", "items": _STATUS}]})]

_NEEDED = {
    "none": (),
    "basic": ("username", "password"),
    "bearer": ("token",),
    "apiKey": ("name", "value"),
    "oauth2": ("tokenUrl", "clientId", "clientSecret"),
}
_OPTIONAL = {"apiKey": ("in",), "oauth2": ("scope", "audience")}


class AuthenticationModel(Shape):
    """``config``: basic takes username and password; bearer token; apiKey name, value, in (header or query); oauth2
    tokenUrl, clientId, clientSecret, scope, audience.
    """

    type: Literal["none", "basic", "bearer", "apiKey", "oauth2"]
    config: dict[str, Any] | None = None

    @model_validator(mode="after")
    def _fits(self) -> Self:
        config, needed = self.config or {}, _NEEDED[self.type]
        if missing := [name for name in needed if not isinstance(config.get(name), str)]:
            said = f"`{missing[0]}` is missing: the authentication {self.type} needs {', '.join(needed)}"
            raise refusal(MISSING_FIELD, said, field="config")
        known = {*needed, *_OPTIONAL.get(self.type, ())}
        if unknown := [name for name in config if name not in known]:
            said = (
                f"`{unknown[0]}` is not a field of the authentication {self.type}; known are {', '.join(sorted(known))}"
            )
            raise refusal(INVALID_FIELD, said, field="config")
        if config.get("in", "header") not in ("header", "query"):
            raise refusal(INVALID_FIELD, "`in` is where the key goes: give header or query", field="config")
        return self


class ExtractionModel(Shape):
    name: VariableName
    path: SomeText

    @model_validator(mode="after")
    def _hides_nothing(self) -> Self:
        if self.name == "response":
            raise refusal(INVALID_FIELD, "`response` is the whole answer: choose another name", field="name")
        return self


class ResponseModel(Shape):
    body_type: Literal["json", "text", "buffer"] | None = "json"
    extract: list[ExtractionModel] | None = None


class ApiCallModel(Shape):
    url: Url
    method: Method
    headers: ObjectTemplate | None = None
    params: ObjectTemplate | None = None
    body: Any = None
    authentication: AuthenticationModel | None = None
    expected_status_codes: Statuses | None = None
    timeout: Milliseconds | None = None
    follow_redirects: bool | None = True
    response: ResponseModel | None = None


BUILTINS: dict[str, type[Shape]] = {
    "validation": ValidationModel,
    "data_transformation": TransformationsModel,
    "api_call": ApiCallModel,
    "cross_instance_variable": CrossInstanceModel,
    "todo": TodoModel,
    "file_operation": FileModel,
    "telemetry": TelemetryModel,
    "service_invoke": ServiceModel,
    "python_script": ScriptModel,
    "cli_command": CommandModel,
}
