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


_AWS_STATUSES: dict[int, Category] = {409: "resource", 425: "resource"}
"""AWS says 409 where somebody else is at work on the same thing, and 425 where it is too early: both pass."""


def by_aws_status(status: object) -> Category | None:
    """What the HTTP status of an answer of AWS means whose code is unheard of."""
    return (_AWS_STATUSES.get(status) if isinstance(status, int) else None) or by_status(status)


def by_status(status: object) -> Category | None:
    """What an HTTP status of 400 and more means."""
    if not isinstance(status, int) or isinstance(status, bool) or not 400 <= status <= 599:
        return None
    return _STATUSES.get(status) or ("network" if status >= 500 else "validation")


_AWS_RULES: tuple[tuple[str, Category], ...] = (
    (
        (
            r"throttl|TooManyRequests|ThroughputExceeded|LimitExceeded|QuotaExceeded|SlowDown|PriorRequestNotComplete"
            r"|InsufficientCapacity|TransactionConflict|TransactionInProgress|BandwidthLimit|ReplicatedWriteConflict"
            r"|OperationAborted|ConditionalRequestConflict|ConcurrentModification|ResourceConflict|SnapStartNotReady"
            r"|DatabaseResuming|^OverLimit$"
        ),
        "resource",
    ),
    (
        (
            r"AccessDenied|Unauthorized|NotAuthorized|Forbidden|ExpiredToken|TokenExpired|InvalidSignature"
            r"|SignatureDoesNotMatch|UnrecognizedClient|InvalidClientTokenId|InvalidAccessKeyId|InvalidToken"
            r"|MissingAuthenticationToken|AuthFailure|TokenRefreshRequired|OptInRequired|RequestExpired"
        ),
        "permission",
    ),
    (r"timeout|TimedOut", "timeout"),
    (r"validation|InvalidParameter|InvalidRequest|Malformed|MissingParameter|ConditionalCheckFailed", "validation"),
    (r"ServiceUnavailable|Unavailable|BadGateway|IDPCommunicationError", "network"),
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


_PASSING = re.compile(r"TransactionConflict|ThrottlingError|ProvisionedThroughputExceeded")


def by_aws_reasons(reasons: object) -> Category:
    """What the ``CancellationReasons`` of a TransactionCanceledException mean, one per item of the transaction: one of a
    conflict or of too much load passes, a condition that does not hold stays (API reference of TransactWriteItems).
    """
    codes = [one.get("Code") for one in reasons if isinstance(one, dict)] if isinstance(reasons, list) else []
    return "resource" if any(isinstance(code, str) and _PASSING.match(code) for code in codes) else "validation"


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
