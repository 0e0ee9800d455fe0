"""Exception classes of others and the category of each (EH-1): one table per library, none of which has to be imported.

A key is ``package.Class``, the package being the first part of the module's name, because libraries move their classes
about between modules. The nearest base in a class's own order wins.
"""

from __future__ import annotations

from collections.abc import Iterable

from reactory.kernel.severity import Category

Table = dict[str, Category]


def _table(package: str, **named: Iterable[str] | str) -> Table:
    """``category="ClassA ClassB"`` for one package."""
    found: Table = {}
    for category, names in named.items():
        for name in names.split() if isinstance(names, str) else names:
            found[f"{package}.{name}"] = category  # type: ignore[assignment]  # the keywords below are the categories
    return found


PYTHON: Table = {
    **_table(
        "builtins",
        timeout="TimeoutError",
        network="ConnectionError",
        permission="PermissionError",
        resource="MemoryError BlockingIOError",
        system="SystemError RecursionError",
    ),
    **_table("socket", network="gaierror herror"),
    **_table("ssl", network="SSLError"),
    **_table("http", network="HTTPException"),
    **_table("urllib", network="URLError"),
    **_table("subprocess", timeout="TimeoutExpired"),
    **_table("sqlite3", validation="IntegrityError DataError ProgrammingError", system="InternalError"),
}

BOTOCORE: Table = _table(
    "botocore",
    timeout="ConnectTimeoutError ReadTimeoutError WaiterError",
    network="HTTPClientError ConnectionError EndpointConnectionError ConnectionClosedError SSLError ProxyConnectionError "
    "IncompleteReadError ResponseStreamingError",
    permission="NoCredentialsError PartialCredentialsError CredentialRetrievalError TokenRetrievalError "
    "UnauthorizedSSOTokenError SSOTokenLoadError NoAuthTokenError",
    validation="ParamValidationError ValidationError NoRegionError UnknownServiceError InvalidRegionError",
)

PYMONGO: Table = {
    **_table(
        "pymongo",
        network="ConnectionFailure AutoReconnect NotPrimaryError ServerSelectionTimeoutError",
        timeout="NetworkTimeout ExecutionTimeout WTimeoutError",
        resource="WaitQueueTimeoutError",
        validation="DuplicateKeyError ConfigurationError InvalidName InvalidOperation InvalidURI CollectionInvalid "
        "DocumentTooLarge",
        system="WriteConcernError CursorNotFound",
    ),
    **_table("bson", validation="BSONError InvalidDocument InvalidBSON InvalidId InvalidStringData"),
}

_HTTPX = {
    "timeout": "TimeoutException ConnectTimeout ReadTimeout WriteTimeout",
    "resource": "PoolTimeout",
    "network": "TransportError RequestError StreamError",
    "validation": "InvalidURL UnsupportedProtocol LocalProtocolError TooManyRedirects CookieConflict",
}

HTTP: Table = {
    **_table("httpx", **_HTTPX),
    **_table("httpx2", **_HTTPX),
    **_table("httpcore", timeout="TimeoutException", network="NetworkError ProtocolError ProxyError"),
    **_table(
        "requests",
        timeout="Timeout ConnectTimeout ReadTimeout",
        network="RequestException ConnectionError SSLError ProxyError ChunkedEncodingError ContentDecodingError",
        validation="MissingSchema InvalidSchema InvalidURL InvalidHeader TooManyRedirects JSONDecodeError "
        "InvalidJSONError",
    ),
    **_table(
        "urllib3",
        timeout="TimeoutError ConnectTimeoutError ReadTimeoutError",
        network="HTTPError ProtocolError NewConnectionError NameResolutionError MaxRetryError SSLError ProxyError",
        resource="EmptyPoolError FullPoolError",
        validation="LocationValueError LocationParseError InvalidHeader",
    ),
    **_table(
        "aiohttp",
        timeout="ServerTimeoutError ConnectionTimeoutError SocketTimeoutError",
        network="ClientError ClientConnectionError ClientOSError ServerDisconnectedError ClientPayloadError",
        validation="InvalidURL NonHttpUrlClientError TooManyRedirects ContentTypeError",
    ),
    **_table("zeep", network="TransportError", validation="ValidationError XMLParseError LookupError"),
}

_PSYCOPG = {
    "network": "OperationalError InterfaceError",
    "validation": "IntegrityError DataError ProgrammingError NotSupportedError",
    "permission": "InsufficientPrivilege InvalidAuthorizationSpecification InvalidPassword",
    "timeout": "QueryCanceled ConnectionTimeout LockNotAvailable IdleInTransactionSessionTimeout",
    "resource": "TooManyConnections OutOfMemory DiskFull InsufficientResources SerializationFailure DeadlockDetected",
    "system": "InternalError SystemError",
}

DATABASES: Table = {
    **_table("psycopg", **_PSYCOPG),
    **_table("psycopg2", **_PSYCOPG),
    **_table("psycopg_pool", resource="PoolTimeout TooManyRequests", network="PoolClosed"),
}

MODELS: Table = {
    **_table("pydantic_core", validation="ValidationError"),
    **_table("pydantic", validation="ValidationError"),
    **_table("msgspec", validation="ValidationError DecodeError"),
    **_table("jsonschema", validation="ValidationError SchemaError"),
    **_table("jsonschema_rs", validation="ValidationError"),
    **_table("marshmallow", validation="ValidationError"),
    **_table("cerberus", validation="DocumentError SchemaError"),
}

CLASSES: Table = {**PYTHON, **BOTOCORE, **PYMONGO, **HTTP, **DATABASES, **MODELS}


def by_class(kind: type[BaseException]) -> Category | None:
    """The category of the class, or of its nearest base that says something."""
    return next((CLASSES[name] for name in map(_name, kind.__mro__) if name in CLASSES), None)


def is_one(kind: type[BaseException], name: str) -> bool:
    """Whether the class is, or derives from, ``package.Class``."""
    return any(_name(base) == name for base in kind.__mro__)


def _name(kind: type) -> str:
    return f"{kind.__module__.partition('.')[0]}.{kind.__name__}"
