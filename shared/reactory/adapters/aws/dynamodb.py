"""A table of counters in DynamoDB: one request per read, change or page of a listing.

botocore sends a request again when its answer was lost. So each change leaves a token in the item: a change that finds
its own has been made, and is not made twice.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from itertools import count
from typing import TYPE_CHECKING, Any, cast

from reactory.adapters.aws.errors import classified, error_code
from reactory.adapters.counters.table import Change, Changed, Compare, Exists, Guard, Item, Path, Test, Value
from reactory.exceptions import CountersUnavailableError
from reactory.topology import COUNTERS_INDEX

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

LATEST = "latest"
"""The attribute with the token of the latest change."""

Attribute = Any
"""A value in DynamoDB's notation: ``{"N": "5"}``."""


class DynamoTable:
    """Implements ``Table``. The table has the key ``pk`` and the index of the topology."""

    def __init__(self, client: Callable[[], DynamoDBClient], table: str) -> None:
        self._client = client
        self._table = table

    def get(self, key: str) -> Item | None:
        with classified(CountersUnavailableError, "DynamoDB", f"GetItem from {self._table!r}"):
            answer = self._client().get_item(TableName=self._table, Key=_key(key), ConsistentRead=True)
        found = answer.get("Item")
        return None if found is None else _decoded(found)

    def change(self, key: str, change: Change) -> Changed:
        with classified(CountersUnavailableError, "DynamoDB", f"UpdateItem in {self._table!r}"):
            return self._change(key, change)

    def list(self, kind: str, limit: int, after: str | None) -> list[Item]:
        with classified(CountersUnavailableError, "DynamoDB", f"Query of {self._table!r}"):
            return list(self._pages(kind, limit, after))

    def _change(self, key: str, change: Change) -> Changed:
        from botocore.exceptions import ClientError

        request, token = _Request(), os.urandom(8).hex()
        condition, update = request.condition(change.guard, token), request.update(change, token)
        try:
            answer = self._client().update_item(
                TableName=self._table,
                Key=_key(key),
                ConditionExpression=condition,
                UpdateExpression=update,
                ReturnValues="UPDATED_NEW",
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
                **request.substitutes,
            )
        except ClientError as error:
            if error_code(error) != "ConditionalCheckFailedException":
                raise
            found = cast("Mapping[str, Attribute]", error.response.get("Item") or {})
            return Changed(done=found.get(LATEST) == _encoded(token), item=_decoded(found) if found else None)
        return Changed(done=True, item=_decoded(answer.get("Attributes") or {}))

    def _pages(self, kind: str, limit: int, after: str | None) -> Iterator[Item]:
        """A page holds at most 1 MB, so one may not be all."""
        left, start = limit, after
        while left > 0:
            values: dict[str, Attribute] = {":kind": _encoded(kind), ":after": _encoded(start or " ")}
            answer = self._client().query(
                TableName=self._table,
                IndexName=COUNTERS_INDEX,
                KeyConditionExpression="#kind = :kind AND #pk > :after",
                ExpressionAttributeNames={"#kind": "kind", "#pk": "pk"},
                ExpressionAttributeValues=values,
                Limit=left,
            )
            yield from map(_decoded, answer["Items"])
            left -= len(answer["Items"])
            last = answer.get("LastEvaluatedKey")
            if last is None:
                return
            start = last["pk"]["S"]


class _Request:
    """The expressions of one update. Every name and value has a substitute, since DynamoDB reserves hundreds of words."""

    def __init__(self) -> None:
        self._names: dict[str, str] = {}
        self._values: dict[str, Attribute] = {}
        self._numbers = count()

    @property
    def substitutes(self) -> dict[str, Any]:
        """No parameter may be empty."""
        return {
            **({"ExpressionAttributeNames": {made: name for name, made in self._names.items()}} if self._names else {}),
            **({"ExpressionAttributeValues": self._values} if self._values else {}),
        }

    def condition(self, guard: Guard, token: str) -> str:
        """The guard, and that the item does not show this very change."""
        name, value = self._path((LATEST,)), self._value(token)
        others = f"attribute_not_exists({name})", f"{name} <> {value}"
        alternatives = [" AND ".join(map(self._test, alternative)) for alternative in guard]
        return " OR ".join(f"({alternative} AND {other})" for alternative in alternatives for other in others)

    def update(self, change: Change, token: str) -> str:
        put = {**change.put, LATEST: token}
        sets = [f"{self._path((name,))} = {self._value(value)}" for name, value in put.items()]
        sets += [
            f"{self._path((name, member))} = {self._value(value)}"
            for name, members in change.merge.items()
            for member, value in members.items()
        ]
        adds = [f"{self._path((name,))} {self._value(number)}" for name, number in change.add.items()]
        clauses = {"SET": sets, "ADD": adds, "REMOVE": [self._path(path) for path in change.drop]}
        return " ".join(f"{verb} {', '.join(parts)}" for verb, parts in clauses.items() if parts)

    def _test(self, test: Test) -> str:
        path = self._path(test.path)
        if isinstance(test, Exists):
            return f"attribute_{'' if test.expected else 'not_'}exists({path})"
        if isinstance(test, Compare):
            return f"{path} {test.by} {self._value(test.value)}"
        return f"size({path}) < {self._value(test.limit)}"

    def _path(self, path: Path) -> str:
        return ".".join(self._names.setdefault(name, f"#n{len(self._names)}") for name in path)

    def _value(self, value: Value) -> str:
        made = f":v{next(self._numbers)}"
        self._values[made] = _encoded(value)
        return made


def _key(key: str) -> dict[str, Attribute]:
    return {"pk": {"S": key}}


def _encoded(value: Value) -> Attribute:
    if isinstance(value, str):
        return {"S": value}
    if isinstance(value, int):
        return {"N": str(value)}
    return {"M": {name: _encoded(member) for name, member in value.items()}}


def _decoded(attributes: Mapping[str, Attribute]) -> Item:
    return {name: _value(attribute) for name, attribute in attributes.items() if name not in ("pk", LATEST)}


def _value(attribute: Attribute) -> Any:
    ((kind, value),) = attribute.items()
    if kind == "N":
        return int(value)
    return {name: _value(member) for name, member in value.items()} if kind == "M" else value
