"""Numbers of payments, parcels and cases, made from the idempotency key.

The same key gives the same number in every process, so a step that runs twice names the same payment twice.
"""

from __future__ import annotations

import hashlib


def reference(kind: str, idempotency_key: str) -> str:
    """``reference("pay", "i1/charge")`` → ``pay_0B8F4A51C2``."""
    digest = hashlib.sha256(f"{kind}:{idempotency_key}".encode()).hexdigest()
    return f"{kind}_{digest[:10].upper()}"
