"""Keys of the items: ``breaker#default#host:api.acme.com``."""

from __future__ import annotations

import hashlib
from urllib.parse import quote

LONGEST = 900
"""Bytes. The key of an index has at most 1,024.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ServiceQuotas.html
"""

_PREFIX = 700


def kind_of(noun: str, tenant: str) -> str:
    """What the items of one tenant have in common. A ``#`` in its name is quoted, so that no two tenants share one."""
    return f"{noun}#{quote(tenant, safe='')}"


def item_key(noun: str, tenant: str, key: str) -> str:
    """A key that is too long is told from others by its digest."""
    text = f"{kind_of(noun, tenant)}#{key}"
    encoded = text.encode()
    if len(encoded) <= LONGEST:
        return text
    return f"{encoded[:_PREFIX].decode(errors='ignore')}~{hashlib.sha256(encoded).hexdigest()}"
