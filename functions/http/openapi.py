"""Builds an OpenAPI 3.1 document from operations and the types of their answers.

Made from the same structs that the endpoints answer with, so the two cannot drift apart; made at the first request for
it, so no other request pays.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

import msgspec

from functions.http.limiting import UNLIMITED

REFERENCE = "#/components/schemas/{name}"
Schema = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Parameter:
    """A query parameter, or a header with ``place="header"``."""

    name: str
    schema: Schema
    description: str
    place: str = "query"


@dataclass(frozen=True, slots=True)
class Answer:
    """``type`` is a struct, or a schema for what is no struct."""

    description: str
    type: Any
    headers: Sequence[str] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One route. ``body`` goes from media type to a type or schema; ``problems`` are the statuses beyond 405, 429 and 500."""

    id: str
    summary: str
    tag: str
    answers: Mapping[int, Answer]
    parameters: Sequence[Parameter] = ()
    body: Mapping[str, Any] = field(default_factory=dict)
    body_required: bool = False
    problems: Sequence[int] = ()
    headers: Mapping[str, str] = field(default_factory=dict)


def build_document(info: Schema, operations: Mapping[str, Operation], problem: Any) -> dict[str, Any]:
    """``operations`` go by route key, ``GET /workflow/instance/{id}``; ``problem`` is the type of all error answers."""
    types = [problem]
    for operation in operations.values():
        types += [answer.type for answer in operation.answers.values() if isinstance(answer.type, type)]
        types += [body for body in operation.body.values() if isinstance(body, type)]
    _, components = msgspec.json.schema_components(list(dict.fromkeys(types)), ref_template=REFERENCE)
    paths: dict[str, dict[str, Any]] = {}
    for key, operation in operations.items():
        method, path = key.split(" ")
        made = _operation(path, operation, problem)
        if key not in UNLIMITED:
            made["responses"]["429"] = _too_many(problem)
        paths.setdefault(path, {})[method.lower()] = made
    return {
        "openapi": "3.1.0",
        "info": dict(info),
        "paths": paths,
        "components": {"schemas": components},
    }


def _operation(path: str, operation: Operation, problem: Any) -> dict[str, Any]:
    made: dict[str, Any] = {
        "operationId": operation.id,
        "summary": operation.summary,
        "tags": [operation.tag],
        "parameters": [_path_parameter(name) for name in re.findall(r"{(\w+)}", path)]
        + [_parameter(parameter) for parameter in operation.parameters],
        "responses": _responses(operation, problem),
    }
    if operation.body:
        content = {media: {"schema": _schema(body)} for media, body in operation.body.items()}
        made["requestBody"] = {"required": operation.body_required, "content": content}
    return made


def _responses(operation: Operation, problem: Any) -> dict[str, Any]:
    responses = {str(status): _answer(operation, answer) for status, answer in operation.answers.items()}
    for status in sorted({*operation.problems, HTTPStatus.INTERNAL_SERVER_ERROR}):
        if str(status.real) not in responses:
            responses[str(status.real)] = {
                "description": HTTPStatus(status).phrase,
                "content": {"application/problem+json": {"schema": _schema(problem)}},
            }
    return responses


def _too_many(problem: Any) -> dict[str, Any]:
    seconds = {"type": "integer", "minimum": 1}
    return {
        "description": HTTPStatus.TOO_MANY_REQUESTS.phrase,
        "headers": {"Retry-After": {"description": "Seconds after which there may be room again", "schema": seconds}},
        "content": {"application/problem+json": {"schema": _schema(problem)}},
    }


def _answer(operation: Operation, answer: Answer) -> dict[str, Any]:
    made: dict[str, Any] = {
        "description": answer.description,
        "content": {"application/json": {"schema": _schema(answer.type)}},
    }
    if answer.headers:
        made["headers"] = {
            name: {"description": operation.headers[name], "schema": {"type": "string"}} for name in answer.headers
        }
    return made


def _path_parameter(name: str) -> dict[str, Any]:
    return {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}


def _parameter(parameter: Parameter) -> dict[str, Any]:
    return {
        "name": parameter.name,
        "in": parameter.place,
        "required": False,
        "description": parameter.description,
        "schema": dict(parameter.schema),
    }


def _schema(given: Any) -> dict[str, Any]:
    return {"$ref": REFERENCE.format(name=given.__name__)} if isinstance(given, type) else dict(given)
