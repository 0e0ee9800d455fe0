"""What the codes in errors of others mean (EH-1): HTTP statuses, error codes of AWS, of MongoDB, of the operating system.

Sources: RFC 9110, 15; botocore's ``_retry.json`` and the common errors of the AWS APIs; MongoDB's ``error_codes.yml``; errno(3).
"""

from __future__ import annotations

import errno
import re

from reactory.kernel.severity import Category

_STATUSES: dict[int, Category] = {
    401: "permission",
    403: "permission",
    407: "permission",
    408: "timeout",
    429: "resource",
    504: "timeout",
    507: "resource",
}


def by_status(status: object) -> Category | None:
    """What an HTTP status of 400 and more means."""
    if not isinstance(status, int) or isinstance(status, bool) or not 400 <= status <= 599:
        return None
    return _STATUSES.get(status) or ("network" if status >= 500 else "validation")


_AWS_RULES: tuple[tuple[str, Category], ...] = (
    (
        (
            r"throttl|TooManyRequests|ThroughputExceeded|LimitExceeded|QuotaExceeded|SlowDown|PriorRequestNotComplete"
            r"|InsufficientCapacity|TransactionConflict|TransactionInProgress|BandwidthLimit"
        ),
        "resource",
    ),
    (
        (
            r"AccessDenied|Unauthorized|NotAuthorized|Forbidden|ExpiredToken|TokenExpired|InvalidSignature"
            r"|SignatureDoesNotMatch|UnrecognizedClient|InvalidClientTokenId|InvalidAccessKeyId|InvalidToken"
            r"|MissingAuthenticationToken|AuthFailure|TokenRefreshRequired|OptInRequired"
        ),
        "permission",
    ),
    (r"timeout|TimedOut", "timeout"),
    (r"validation|InvalidParameter|InvalidRequest|Malformed|MissingParameter|ConditionalCheckFailed", "validation"),
    (r"ServiceUnavailable|Unavailable|BadGateway", "network"),
    (r"InternalError|InternalFailure|InternalServer|InternalService", "system"),
)

_AWS: tuple[tuple[re.Pattern[str], Category], ...] = tuple(
    (re.compile(pattern, re.IGNORECASE), category) for pattern, category in _AWS_RULES
)


def by_aws_code(code: object) -> Category | None:
    """What ``Error.Code`` of a botocore ClientError means; None where only the status can tell."""
    if not isinstance(code, str):
        return None
    return next((category for pattern, category in _AWS if pattern.search(code)), None)


_MONGO: dict[int, Category] = {
    **dict.fromkeys((13, 18, 8000), "permission"),
    **dict.fromkeys((2, 9, 14, 121, 11000, 11001, 12582), "validation"),
    **dict.fromkeys((50, 262), "timeout"),
    **dict.fromkeys((6, 7, 89, 91, 189, 9001, 10107, 11600, 11602, 13435, 13436), "network"),
    **dict.fromkeys((112, 146, 202, 251, 462), "resource"),
    **dict.fromkeys((1, 8), "system"),
}


def by_mongo_code(code: object) -> Category | None:
    return _MONGO.get(code) if isinstance(code, int) else None


_ERRNO: dict[int, Category] = {
    **dict.fromkeys((errno.ENETUNREACH, errno.ENETDOWN, errno.EHOSTUNREACH, errno.EADDRNOTAVAIL), "network"),
    **dict.fromkeys((errno.ENOSPC, errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EDQUOT, errno.ENOBUFS), "resource"),
    **dict.fromkeys((errno.EIO, errno.EROFS), "system"),
}


def by_errno(number: int | None) -> Category | None:
    return None if number is None else _ERRNO.get(number)
