"""Envelope encryption of single texts: AES-256-GCM under data keys that a KeyService wraps.

A sealed text is ``sealed:1:<wrapped data key>:<nonce and ciphertext>``, both in base64; sealed bytes have the second
part as it is. It carries its own key, so that whoever has the master key can read it wherever it is moved to. No JSON
text begins like that, so what is not sealed is known as such and left as it is.
"""

from __future__ import annotations

import base64
import binascii
import os
import threading
from collections import OrderedDict
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from reactory.exceptions import SealedUnreadableError
from reactory.ports.clock import Clock
from reactory.ports.keys import KeyService

PREFIX = "sealed:1:"
RENEW_SECONDS = 3600.0
RENEW_USES = 1 << 20
"""Far below 2^32, up to which random nonces are safe."""
KNOWN_KEYS = 1024
"""Unwrapped data keys that a process remembers."""

_NONCE = 12
_BYTES_PREFIX = PREFIX.encode()


@dataclass(slots=True)
class _DataKey:
    cipher: AESGCM
    wrapped: str
    until: float
    uses: int = 0


class Sealer:
    """``context`` names the kind of place that a text belongs to: one from another kind of place cannot be opened."""

    def __init__(self, keys: KeyService, clock: Clock) -> None:
        self._keys = keys
        self._clock = clock
        self._lock = threading.Lock()
        self._current: _DataKey | None = None
        self._known: OrderedDict[str, AESGCM] = OrderedDict()

    def seal(self, text: str, context: str) -> str:
        wrapped, sealed = self._encrypt(text.encode(), context)
        return f"{PREFIX}{wrapped}:{base64.b64encode(sealed).decode()}"

    def open(self, text: str, context: str) -> str:
        """The plain text; what is not sealed is answered as it is. Raises SealedUnreadableError, UnavailableError."""
        if not text.startswith(PREFIX):
            return text
        wrapped, _, sealed = text.removeprefix(PREFIX).partition(":")
        return self._decrypt(wrapped, _decoded(sealed), context).decode()

    def seal_bytes(self, data: bytes, context: str) -> bytes:
        wrapped, sealed = self._encrypt(data, context)
        return b"%b%b:%b" % (_BYTES_PREFIX, wrapped.encode(), sealed)

    def open_bytes(self, data: bytes, context: str) -> bytes:
        """As ``open``."""
        if not data.startswith(_BYTES_PREFIX):
            return data
        wrapped, _, sealed = data.removeprefix(_BYTES_PREFIX).partition(b":")
        return self._decrypt(wrapped.decode("ascii", "replace"), sealed, context)

    def _encrypt(self, data: bytes, context: str) -> tuple[str, bytes]:
        key, nonce = self._data_key(), os.urandom(_NONCE)
        return key.wrapped, nonce + key.cipher.encrypt(nonce, data, context.encode())

    def _decrypt(self, wrapped: str, sealed: bytes, context: str) -> bytes:
        try:
            return self._cipher(wrapped).decrypt(sealed[:_NONCE], sealed[_NONCE:], context.encode())
        except (InvalidTag, ValueError) as error:
            raise SealedUnreadableError(
                f"An encrypted {context} was changed in the database, or belongs to another place. "
                "Restore the document from a backup."
            ) from error

    def _data_key(self) -> _DataKey:
        with self._lock:
            key = self._current
            if key is None or key.uses >= RENEW_USES or self._clock.monotonic() >= key.until:
                key = self._current = self._new()
            key.uses += 1
            return key

    def _new(self) -> _DataKey:
        plain, wrapped = self._keys.new_key()
        key = _DataKey(AESGCM(plain), base64.b64encode(wrapped).decode(), self._clock.monotonic() + RENEW_SECONDS)
        self._remember(key.wrapped, key.cipher)
        return key

    def _cipher(self, wrapped: str) -> AESGCM:
        with self._lock:
            found = self._known.get(wrapped)
            if found is not None:
                self._known.move_to_end(wrapped)
                return found
        cipher = AESGCM(self._keys.unwrap(_decoded(wrapped)))  # not under the lock: it may be a call over the network
        with self._lock:
            self._remember(wrapped, cipher)
        return cipher

    def _remember(self, wrapped: str, cipher: AESGCM) -> None:
        self._known[wrapped] = cipher
        if len(self._known) > KNOWN_KEYS:
            self._known.popitem(last=False)


def _decoded(text: str) -> bytes:
    try:
        return binascii.a2b_base64(text, strict_mode=True)  # as strict as b64decode can be, and faster
    except ValueError as error:
        raise SealedUnreadableError(
            "An encrypted payload was changed in the database. Restore the document from a backup."
        ) from error
