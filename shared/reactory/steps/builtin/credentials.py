"""The ``authentication`` of an api_call: what it adds to a request, and OAuth tokens that are kept until they expire."""

from __future__ import annotations

import base64
import hashlib
import threading
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import quote_plus, urlencode

import httpx2
import msgspec

from reactory.exceptions import InvalidStepError, RemoteDeniedError, RemoteUnavailableError
from reactory.ports.clock import Clock
from reactory.steps.builtin.outbound import Answer, Outbound, Outgoing
from reactory.steps.builtin.wanted import wanted_object, wanted_text

_EARLY_MS = 30_000
"""How long before it expires a token is no longer used."""

_USUAL_SECONDS = 300
_MOST_TOKENS = 1000


@dataclass(frozen=True, slots=True)
class _Token:
    text: str
    until: int


class Credentials:
    """Knows the tokens of this process, each under what it was asked for with."""

    def __init__(self, outbound: Outbound, clock: Clock) -> None:
        self._outbound = outbound
        self._clock = clock
        self._tokens: dict[str, _Token] = {}
        self._lock = threading.Lock()

    def add(self, request: Outgoing, authentication: Mapping[str, Any], tenant: str, seconds: float) -> Outgoing:
        """The request with its credentials."""
        config = wanted_object(authentication, "config")
        match authentication.get("type"):
            case "basic":
                pair = f"{wanted_text(config, 'username')}:{wanted_text(config, 'password')}"
                return _with_header(request, "authorization", f"Basic {base64.b64encode(pair.encode()).decode()}")
            case "bearer":
                return _with_header(request, "authorization", f"Bearer {wanted_text(config, 'token')}")
            case "apiKey":
                return _with_key(request, config)
            case "oauth2":
                return _with_header(request, "authorization", f"Bearer {self._token(config, tenant, seconds)}")
        return request

    def forget(self, authentication: Mapping[str, Any], tenant: str) -> bool:
        """Whether there was a token that a new one may do better than."""
        if authentication.get("type") != "oauth2":
            return False
        with self._lock:
            return self._tokens.pop(_name(wanted_object(authentication, "config"), tenant), None) is not None

    def _token(self, config: Mapping[str, Any], tenant: str, seconds: float) -> str:
        name, now = _name(config, tenant), self._clock.now()
        with self._lock:
            known = self._tokens.get(name)
        if known is not None and known.until > now:
            return known.text
        fresh = self._asked(config, now, seconds)
        with self._lock:
            if len(self._tokens) >= _MOST_TOKENS:
                self._tokens.clear()
            self._tokens[name] = fresh
        return fresh.text

    def _asked(self, config: Mapping[str, Any], now: int, seconds: float) -> _Token:
        url = parsed_url(wanted_text(config, "tokenUrl"))
        form = {"grant_type": "client_credentials"}
        form |= {key: wanted_text(config, key) for key in ("scope", "audience") if config.get(key)}
        pair = f"{quote_plus(wanted_text(config, 'clientId'))}:{quote_plus(wanted_text(config, 'clientSecret'))}"
        headers = {
            "authorization": f"Basic {base64.b64encode(pair.encode()).decode()}",
            "content-type": "application/x-www-form-urlencoded",
            "accept": "application/json",
        }
        request = Outgoing("POST", url, httpx2.Headers(headers), urlencode(form).encode())
        answer = self._outbound.send(request, seconds, redirects=0)
        if answer.status >= 500 or answer.status == 429:
            raise RemoteUnavailableError(f"{request.shown} answered {answer.status} instead of a token")
        return _read_token(answer, request.shown, now)


def _read_token(answer: Answer, shown: str, now: int) -> _Token:
    try:
        data = msgspec.json.decode(answer.body) if answer.status == 200 else None
    except msgspec.DecodeError:
        data = None
    text = data.get("access_token") if isinstance(data, dict) else None
    if not isinstance(text, str) or not text:
        raise RemoteDeniedError(
            f"{shown} answered {answer.status} and no access_token: look at the client and its secret"
        )
    lasts = data.get("expires_in") if isinstance(data, dict) else None
    seconds = lasts if isinstance(lasts, int | float) and not isinstance(lasts, bool) else _USUAL_SECONDS
    return _Token(text, now + int(seconds * 1000) - _EARLY_MS)


def parsed_url(text: str) -> httpx2.URL:
    try:
        return httpx2.URL(text)
    except (httpx2.InvalidURL, UnicodeError) as error:
        raise InvalidStepError("the url is no address: write one like https://api.example.com/orders") from error


def _with_key(request: Outgoing, config: Mapping[str, Any]) -> Outgoing:
    name, value = wanted_text(config, "name"), wanted_text(config, "value")
    if config.get("in") == "query":
        return replace(request, url=request.url.copy_merge_params({name: value}))
    return _with_header(request, name, value)


def _with_header(request: Outgoing, name: str, value: str) -> Outgoing:
    headers = httpx2.Headers(request.headers)
    try:
        headers[name] = value
    except UnicodeEncodeError:
        raise InvalidStepError(f"the credentials of {request.shown} have characters that no header can hold") from None
    return replace(request, headers=headers, secret=request.secret | {name.lower()})


def _name(config: Mapping[str, Any], tenant: str) -> str:
    """What a token was asked for with, without the secret in it."""
    return hashlib.sha256(msgspec.json.encode([tenant, config], order="sorted")).hexdigest()
