"""Filters, order and pages of a list of instances, in plain Python."""

from __future__ import annotations

from collections.abc import Iterable

from reactory.adapters.cursor import Position, decode_cursor, encode_cursor
from reactory.ports.store import Instance, InstancePage, InstanceQuery


def list_instances(instances: Iterable[Instance], query: InstanceQuery) -> InstancePage:
    """The page of the query, its instances as they are stored."""
    newest_first = query.sort == "-createdAt"
    matching = [instance for instance in instances if matches(instance, query)]
    matching.sort(key=_key, reverse=newest_first)
    rest = matching
    if query.cursor is not None:
        position = decode_cursor(query.cursor, query.sort)
        end = (position.created_at, position.instance_id)
        rest = [one for one in matching if (_key(one) < end if newest_first else _key(one) > end)]
    shown = rest[: query.limit]
    more = len(rest) > query.limit
    cursor = encode_cursor(Position(query.sort, shown[-1].created_at, shown[-1].id)) if more else None
    return InstancePage(shown, cursor, len(matching))


def matches(instance: Instance, query: InstanceQuery) -> bool:
    wanted = (
        (query.tenant, instance.tenant),
        (query.workflow_id, instance.workflow_id),
        (query.version, instance.version),
        (query.parent, instance.parent),
    )
    return (
        all(value is None or value == actual for value, actual in wanted)
        and (not query.status or instance.status in query.status)
        and (not query.reason or (instance.reason or {}).get("code") in query.reason)
        and (query.tag is None or query.tag in instance.tags)
        and (query.created_after is None or instance.created_at > query.created_after)
        and (query.created_before is None or instance.created_at < query.created_before)
        and (query.completed_after is None or (instance.completed_at or 0) > query.completed_after)
        and (not query.search or _found(instance, query.search))
    )


def _found(instance: Instance, search: str) -> bool:
    return any(text.startswith(search) for text in (instance.id, instance.correlation_id or "", *instance.tags))


def _key(instance: Instance) -> tuple[int, str]:
    return instance.created_at, instance.id
