"""Frames over a stream socket: four bytes of length, then JSON. Any thread may send; one thread receives."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
from typing import Generic, TypeVar

import msgspec

from reactory.local.frames import Frame

T = TypeVar("T")
_LENGTH = struct.Struct(">I")


class Channel(Generic[T]):
    """``incoming`` is the union of frames that this end receives."""

    def __init__(self, sock: socket.socket, incoming: type[T]) -> None:
        self._socket = sock
        self._reader = sock.makefile("rb", buffering=65536)
        self._decoder: msgspec.json.Decoder[T] = msgspec.json.Decoder(incoming)
        self._sending = threading.Lock()

    def send(self, frame: Frame) -> None:
        """Raises OSError when the other end is gone, TypeError when the frame cannot be JSON (nothing was sent then)."""
        payload = msgspec.json.encode(frame)
        with self._sending:
            self._socket.sendall(_LENGTH.pack(len(payload)) + payload)

    def receive(self) -> T | None:
        """The next frame; None when the other end is gone."""
        try:
            head = self._reader.read(_LENGTH.size)
            if len(head) < _LENGTH.size:
                return None
            length = _LENGTH.unpack(head)[0]
            payload = self._reader.read(length)
        except OSError:
            return None
        return self._decoder.decode(payload) if len(payload) == length else None

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._reader.close()
        self._socket.close()
