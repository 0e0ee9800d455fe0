"""KeyService with master keys from the settings: for one's own servers and for tests."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from reactory.exceptions import SealedUnreadableError

KEY_BYTES = 32
MARK_BYTES = 4
NONCE_BYTES = 12


class LocalKeys:
    """The first master key (32 bytes) wraps; all of them unwrap, so that a new one can be put in front.

    A wrapped key is a mark of its master key, a nonce and the AES-GCM ciphertext.
    """

    def __init__(self, masters: Sequence[bytes]) -> None:
        self._masters = {_mark(master): AESGCM(master) for master in masters}
        self._current = _mark(masters[0])

    def new_key(self) -> tuple[bytes, bytes]:
        key, nonce = os.urandom(KEY_BYTES), os.urandom(NONCE_BYTES)
        return key, self._current + nonce + self._masters[self._current].encrypt(nonce, key, self._current)

    def unwrap(self, wrapped: bytes) -> bytes:
        mark, nonce, sealed = (
            wrapped[:MARK_BYTES],
            wrapped[MARK_BYTES:][:NONCE_BYTES],
            wrapped[MARK_BYTES:][NONCE_BYTES:],
        )
        master = self._masters.get(mark)
        if master is None:
            raise SealedUnreadableError(
                f"A payload is encrypted under a master key with the mark {mark.hex()}, this process has only "
                f"{', '.join(known.hex() for known in self._masters)}. Add that key to REACTORY_ENCRYPTION_KEY, behind a comma."
            )
        try:
            return master.decrypt(nonce, sealed, mark)
        except (InvalidTag, ValueError) as error:
            raise SealedUnreadableError(
                "The data key of a payload was changed in the database. Restore the document from a backup."
            ) from error


def _mark(master: bytes) -> bytes:
    """What tells master keys apart without telling anything about them."""
    return hashlib.sha256(b"reactory master key" + master).digest()[:MARK_BYTES]
