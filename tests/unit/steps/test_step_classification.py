"""The category of errors: by type, by what libraries put into them, by text where the type says nothing."""

from __future__ import annotations

import errno
import io
import subprocess
import urllib.error
from email.message import Message
from email.utils import formatdate
from typing import Any

import httpx2
import pymongo.errors
import pytest
import requests
import urllib3.exceptions
from botocore.exceptions import ClientError, EndpointConnectionError, NoCredentialsError, ReadTimeoutError
from hypothesis import given
from hypothesis import strategies as st

from reactory.exceptions import PermanentStepError, RateLimitedError, RetryableStepError
from reactory.kernel.severity import CATEGORIES, severity_of
from reactory.steps.errorclasses import CLASSES
from reactory.steps.errorcodes import by_aws_code, by_errno, by_mongo_code, by_status
from reactory.steps.errors import describe_error
from reactory.steps.errortexts import TEXTS
from reactory.steps.retryafter import parse_retry_after

NOW = 1_760_000_000_000


def aws(code: str, status: int = 400, headers: dict[str, str] | None = None) -> ClientError:
    answer: Any = {
        "Error": {"Code": code, "Message": "no"},
        "ResponseMetadata": {"HTTPStatusCode": status, "HTTPHeaders": headers or {}},
    }
    return ClientError(answer, "PutItem")


def named(package: str, name: str, *bases: type[BaseException], **members: Any) -> BaseException:
    """An error of a library that is not installed here."""
    kind = type(name, bases or (Exception,), {"__module__": package, **members})
    made = kind("no")
    assert isinstance(made, BaseException)
    return made


def answered(status: int, headers: dict[str, str] | None = None) -> httpx2.HTTPStatusError:
    request = httpx2.Request("GET", "https://api.example.com")
    return httpx2.HTTPStatusError("no", request=request, response=httpx2.Response(status, headers=headers or {}))


def by_requests(status: int) -> requests.HTTPError:
    response = requests.Response()
    response.status_code = status
    return requests.HTTPError("no", response=response)


def by_urllib(status: int) -> urllib.error.HTTPError:
    return urllib.error.HTTPError("https://api.example.com", status, "no", Message(), io.BytesIO())


@pytest.mark.parametrize(
    ("code", "category"),
    [
        ("ThrottlingException", "resource"),
        ("TooManyRequestsException", "resource"),
        ("ProvisionedThroughputExceededException", "resource"),
        ("LimitExceededException", "resource"),
        ("SlowDown", "resource"),
        ("ReplicatedWriteConflictException", "resource"),
        ("OperationAborted", "resource"),
        ("ConditionalRequestConflict", "resource"),
        ("ConcurrentModificationException", "resource"),
        ("ResourceConflictException", "resource"),
        ("SnapStartNotReadyException", "resource"),
        ("DatabaseResumingException", "resource"),
        ("OverLimit", "resource"),
        ("IDPCommunicationError", "network"),
        ("RequestExpired", "permission"),
        ("AccessDeniedException", "permission"),
        ("UnauthorizedOperation", "permission"),
        ("ExpiredTokenException", "permission"),
        ("InvalidSignatureException", "permission"),
        ("ValidationException", "validation"),
        ("InvalidParameterValue", "validation"),
        ("ConditionalCheckFailedException", "validation"),
        ("ServiceUnavailable", "network"),
        ("InternalServerError", "system"),
        ("InternalFailure", "system"),
        ("RequestTimeout", "timeout"),
    ],
)
def test_errors_of_aws_tell_by_their_code(code: str, category: str) -> None:
    """EH-1: botocore's ClientError is one class for everything; its code tells."""
    described = describe_error(aws(code))
    assert described.category == category
    assert described.retryable is (category != "validation")


@pytest.mark.parametrize(
    ("reasons", "category"),
    [
        (["None", "TransactionConflict"], "resource"),
        (["ConditionalCheckFailed", "ThrottlingError"], "resource"),
        (["ProvisionedThroughputExceeded"], "resource"),
        (["None", "ConditionalCheckFailed"], "validation"),
        (["ItemCollectionSizeLimitExceeded"], "validation"),
        (None, "validation"),
    ],
)
def test_a_cancelled_transaction_tells_by_its_reasons(reasons: list[str] | None, category: str) -> None:
    """EH-1: DynamoDB has one code for a conflict, which passes, and for a condition that does not hold."""
    error = aws("TransactionCanceledException")
    told: Any = error.response
    if reasons is not None:
        told["CancellationReasons"] = [{"Code": reason} for reason in reasons]
    assert describe_error(error).category == category


@pytest.mark.parametrize(
    ("status", "category"),
    [
        (403, "permission"),
        (409, "resource"),
        (425, "resource"),
        (429, "resource"),
        (503, "network"),
        (400, "validation"),
    ],
)
def test_an_unheard_of_code_of_aws_leaves_it_to_the_status(status: int, category: str) -> None:
    """EH-1: new services have new codes."""
    assert describe_error(aws("SomethingNew", status)).category == category


@pytest.mark.parametrize("make", [answered, by_requests, by_urllib])
@pytest.mark.parametrize(
    ("status", "category"),
    [
        (400, "validation"),
        (401, "permission"),
        (403, "permission"),
        (404, "validation"),
        (408, "timeout"),
        (422, "validation"),
        (429, "resource"),
        (500, "network"),
        (502, "network"),
        (503, "network"),
        (504, "timeout"),
    ],
)
def test_http_errors_tell_by_their_status(make: Any, status: int, category: str) -> None:
    """EH-1: the same for every HTTP client."""
    assert describe_error(make(status)).category == category


@pytest.mark.parametrize(
    ("error", "category"),
    [
        (EndpointConnectionError(endpoint_url="https://x"), "network"),
        (ReadTimeoutError(endpoint_url="https://x"), "timeout"),
        (NoCredentialsError(), "permission"),
        (pymongo.errors.AutoReconnect("no"), "network"),
        (pymongo.errors.NetworkTimeout("no"), "timeout"),
        (pymongo.errors.ServerSelectionTimeoutError("no"), "network"),
        (pymongo.errors.ExecutionTimeout("no", 50), "timeout"),
        (pymongo.errors.OperationFailure("no", 13), "permission"),
        (pymongo.errors.OperationFailure("no", 18), "permission"),
        (pymongo.errors.OperationFailure("no", 91), "network"),
        (pymongo.errors.OperationFailure("no", 112), "resource"),
        (pymongo.errors.DuplicateKeyError("no", 11000), "validation"),
        (pymongo.errors.WriteConcernError("no", 100), "system"),
        (pymongo.errors.WTimeoutError("no", 64), "timeout"),
        (httpx2.ConnectTimeout("no"), "timeout"),
        (httpx2.ConnectError("no"), "network"),
        (httpx2.PoolTimeout("no"), "resource"),
        (requests.ConnectionError("no"), "network"),
        (requests.ConnectTimeout("no"), "timeout"),
        (requests.exceptions.InvalidURL("no"), "validation"),
        (urllib3.exceptions.ProtocolError("no"), "network"),
        (urllib3.exceptions.LocationParseError("no"), "validation"),
        (named("aiohttp.client_exceptions", "ServerTimeoutError"), "timeout"),
        (named("aiohttp.client_exceptions", "ClientConnectorError", ConnectionError), "network"),
        (named("aiohttp.client_exceptions", "ClientResponseError", status=429), "resource"),
        (named("psycopg.errors", "DeadlockDetected"), "resource"),
        (named("psycopg2", "OperationalError"), "network"),
        (named("sqlite3", "IntegrityError"), "validation"),
        (named("jsonschema.exceptions", "ValidationError"), "validation"),
        (subprocess.TimeoutExpired("ls", 1), "timeout"),
        (RecursionError("deep"), "system"),
        (OSError(errno.EIO, "bad disk"), "system"),
        (OSError(errno.ETIMEDOUT, "slow"), "timeout"),
        (OSError(errno.EACCES, "no"), "permission"),
    ],
)
def test_errors_of_libraries_tell_by_their_class(error: BaseException, category: str) -> None:
    """EH-1: the nearest class that is known decides; nothing is imported for it."""
    assert describe_error(error).category == category


@pytest.mark.parametrize(
    ("text", "category"),
    [
        ("the request timed out", "timeout"),
        ("deadline exceeded", "timeout"),
        ("Rate limit reached", "resource"),
        ("request was throttled", "resource"),
        ("429 Too Many Requests", "resource"),
        ("No space left on device", "resource"),
        ("CUDA out of memory", "resource"),
        ("Connection refused", "network"),
        ("connection reset by peer", "network"),
        ("Temporary failure in name resolution", "network"),
        ("Permission denied", "permission"),
        ("403 Forbidden", "permission"),
        ("Unauthorized", "permission"),
        ("Internal Server Error", "system"),
        ("the answer is 42", "unknown"),
    ],
)
def test_the_text_tells_where_the_type_says_nothing(text: str, category: str) -> None:
    """EH-1: "timed out" is TIMEOUT, whoever says it; a type that says something is not overruled."""
    assert describe_error(RuntimeError(text)).category == category
    assert describe_error(PermanentStepError(text)).category == category
    assert describe_error(ConnectionError(text)).category == "network"


@pytest.mark.parametrize(
    ("text", "category"),
    [
        ("validation failed upstream", "unknown"),
        ("token has expired", "unknown"),
        ("403 Forbidden", "unknown"),
        ("the request timed out", "timeout"),
    ],
)
def test_the_text_never_overrules_who_says_try_again(text: str, category: str) -> None:
    """EH-1, EH-4: a RetryableStepError is tried again as the policy allows, whatever words are in it."""
    described = describe_error(RetryableStepError(text))
    assert (described.category, described.retryable) == (category, True)


def test_a_rate_limit_of_ours_is_a_matter_of_resources() -> None:
    """EH-1, EH-6: its time to wait is told in seconds, as in the header, and kept in milliseconds."""
    described = describe_error(RateLimitedError("too many", retry_after=3))
    assert (described.category, described.retryable, described.retry_after) == ("resource", True, 3000)


class QuotaError(Exception):
    category = "RESOURCE"
    retryable = True
    retry_after = 1500
    code = "quota_used_up"


class RefusedError(Exception):
    category = "network"
    retryable = False


class MistakenError(Exception):
    category = "nonsense"
    code = "not taken from who has no category"


def test_a_step_s_own_errors_say_what_they_are() -> None:
    """EH-1: an exception class with a ``category`` needs no base class of ours; one that is none of the seven is ignored."""
    quota = describe_error(QuotaError("no"))
    assert (quota.category, quota.retryable, quota.retry_after, quota.code) == (
        "resource",
        True,
        1500,
        "quota_used_up",
    )
    assert describe_error(RefusedError("no")).retryable is False
    mistaken = describe_error(MistakenError("no"))
    assert (mistaken.category, mistaken.code) == ("unknown", "step_failed")


@pytest.mark.parametrize("text", ["7", formatdate(NOW / 1000 + 7, usegmt=True)])
def test_retry_after_is_read_from_the_answer(text: str) -> None:
    """EH-6: in seconds or as a date, from the headers of whichever client."""
    assert describe_error(answered(503, {"Retry-After": text}), NOW).retry_after == 7000
    assert describe_error(aws("SlowDown", 503, {"retry-after": text}), NOW).retry_after == 7000


@pytest.mark.parametrize(
    ("text", "expected"),
    [("0", 0), ("999999999999", 86_400_000), ("-1", None), ("soon", None), ("", None), ("1.5", None), ("٣", None)],
)
def test_retry_after_is_bounded_and_nonsense_is_passed_over(text: str, expected: int | None) -> None:
    """EH-6: a day at most."""
    assert parse_retry_after(text, NOW) == expected


@given(st.text())
def test_any_retry_after_is_survived(text: str) -> None:
    """EH-6: what another system sends is never an error of ours."""
    found = parse_retry_after(text, NOW)
    assert found is None or 0 <= found <= 86_400_000


@given(
    message=st.text(),
    code=st.one_of(st.integers(), st.text(), st.none()),
    status=st.one_of(st.integers(0, 700), st.none()),
)
def test_every_category_is_one_of_the_seven(message: str, code: Any, status: Any) -> None:
    """EH-1: whatever an error carries."""
    kinds: dict[str, Any] = {"code": code, "status": status, "response": {"Error": {"Code": code}}}
    for name, package in (
        ("ClientError", "botocore"),
        ("OperationFailure", "pymongo"),
        ("HTTPError", "requests"),
        ("Odd", "x"),
    ):
        error = type(name, (Exception,), {"__module__": package, **kinds})(message)
        assert describe_error(error).category in CATEGORIES


def test_the_tables_know_no_other_category() -> None:
    """EH-1, EH-14: the seven, each with a severity."""
    found = set(CLASSES.values()) | {category for _, category in TEXTS}
    found |= {by_status(status) or "unknown" for status in range(400, 600)}
    found |= {by_mongo_code(code) or "unknown" for code in range(14_000)}
    found |= {by_errno(number) or "unknown" for number in range(200)}
    found |= {by_aws_code("Throttling") or "unknown"}
    assert found <= set(CATEGORIES)
    assert {severity_of(category) for category in CATEGORIES} == {"critical", "high", "medium", "low"}
