"""One HTTP request as an endpoint sees it: path parameters, checked query, decoded body, who is asking."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import msgspec

from functions.http.query import Query
from reactory.exceptions import InvalidRequestError, PayloadTooLargeError, UnsupportedMediaTypeError

JSON = "application/json"
ANONYMOUS = "anonymous"
Body = TypeVar("Body", bound=msgspec.Struct)


@dataclass(frozen=True, slots=True)
class Call:
    """``event`` is API Gateway's event (payload format 2.0); ``parameters`` are those of the path, decoded."""

    event: Mapping[str, Any]
    parameters: Mapping[str, str]

    @property
    def request_id(self) -> str:
        return str(self._context.get("requestId", ""))

    @property
    def caller(self) -> str:
        """Who the authorizer says it is; nobody in particular where there is none."""
        return self._principal or ANONYMOUS

    @property
    def client(self) -> str:
        """Whose requests are counted together: the caller's, else those from one address."""
        address = (self._context.get("http") or {}).get("sourceIp", "")
        return f"user:{self._principal}" if self._principal else f"ip:{address}"

    @property
    def tenant(self) -> str:
        return "default"

    def header(self, name: str) -> str | None:
        """API Gateway gives header names in lower case; a test or a direct invocation may not."""
        wanted = name.lower()
        headers: Mapping[str, str] = self.event.get("headers") or {}
        return next((value for key, value in headers.items() if key.lower() == wanted), None)

    def query(self, *known: str) -> Query:
        """The query parameters, all of which have to be ``known``: a misspelt filter must not select everything."""
        return Query(self.event.get("queryStringParameters") or {}, known)

    def media_type(self, *accepted: str) -> str:
        """The body's media type, which has to be one of ``accepted``; the first of them where none is given."""
        given = (self.header("content-type") or accepted[0]).partition(";")[0].strip().lower()
        if given not in accepted:
            raise UnsupportedMediaTypeError(
                f"Content-Type {given!r} is not understood here; send {' or '.join(accepted)}",
            )
        return given

    def content(self, limit: int) -> bytes:
        """The body, decoded, of at most ``limit`` bytes (WR-15)."""
        declared = self.header("content-length") or ""
        if declared.isdigit() and int(declared) > limit:
            raise _too_large(int(declared), limit)
        text: str = self.event.get("body") or ""
        if len(text) > limit * 4 // 3 + 4:
            raise _too_large(len(text), limit)
        try:
            encoded = self.event.get("isBase64Encoded")
            content = base64.b64decode(text, validate=True) if encoded else text.encode()
        except (binascii.Error, UnicodeEncodeError) as error:
            raise InvalidRequestError(f"the body cannot be decoded: {error}") from error
        if len(content) > limit:
            raise _too_large(len(content), limit)
        return content

    def json(self, limit: int) -> Any:
        """The body as JSON; None when there is none."""
        content = self.content(limit)
        return decode_json(content) if content.strip() else None

    def body(self, kind: type[Body], limit: int) -> Body:
        """The body as a ``kind``, an empty one as ``{}``. Raises InvalidRequestError that names the wrong member."""
        self.media_type(JSON)
        given = self.json(limit)
        try:
            return msgspec.convert({} if given is None else given, kind)
        except msgspec.ValidationError as error:
            raise InvalidRequestError(f"the body is not understood: {error}") from error

    @property
    def _principal(self) -> str:
        authorizer = self._context.get("authorizer") or {}
        claims = authorizer.get("lambda") or (authorizer.get("jwt") or {}).get("claims") or {}
        signer = (authorizer.get("iam") or {}).get("userArn")
        return str(claims.get("sub") or claims.get("principalId") or signer or "")

    @property
    def _context(self) -> Mapping[str, Any]:
        context: Mapping[str, Any] = self.event.get("requestContext") or {}
        return context


def decode_json(content: bytes) -> Any:
    try:
        return msgspec.json.decode(content)
    except RecursionError as error:
        raise InvalidRequestError("the body is nested too deeply") from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise InvalidRequestError(f"the body is no JSON: {error}") from error


def _too_large(size: int, limit: int) -> PayloadTooLargeError:
    return PayloadTooLargeError(
        f"the body has {size} bytes, the limit is {limit}; pass a reference to the data instead "
        "(or raise REACTORY_REQUEST_LIMIT)",
    )
