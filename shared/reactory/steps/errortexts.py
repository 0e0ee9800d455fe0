"""What the text of an error says where its type says nothing (EH-1): the first rule that matches."""

from __future__ import annotations

import re

from reactory.kernel.severity import Category

_RULES: tuple[tuple[str, Category], ...] = (
    (r"rate.?limit|throttl|too many (requests|connections)|quota exceeded|try again later|\bslow down\b", "resource"),
    (r"out of memory|no space left|disk (is )?full|database is locked|resource exhausted", "resource"),
    (r"timed?[ -]?out\b|\bdeadline exceeded\b", "timeout"),
    (r"connection (was |is )?(refused|reset|aborted|closed|lost)|network is unreachable|no route to host", "network"),
    (r"name resolution|name or service not known|getaddrinfo|broken pipe|service unavailable|bad gateway", "network"),
    (r"permission denied|access (is )?denied|forbidden|unauthori[sz]ed|not authori[sz]ed|token (has )?expired", "permission"),
    (r"validation (error|failed)", "validation"),
    (r"internal (server )?error|segmentation fault", "system"),
)  # fmt: skip

TEXTS: tuple[tuple[re.Pattern[str], Category], ...] = tuple(
    (re.compile(pattern, re.IGNORECASE), category) for pattern, category in _RULES
)


def by_text(message: str) -> Category | None:
    return next((category for pattern, category in TEXTS if pattern.search(message)), None)
