"""A child process with a deadline: no shell, no environment of ours, output bounded, killed with all that it started."""

from __future__ import annotations

import os
import selectors
import signal
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from threading import Event
from typing import IO

from reactory.exceptions import InvalidStepError, StepTimeoutError
from reactory.steps.context import StepContext

LIMIT = 1_000_000
"""Bytes of standard output, and of standard error."""

_TICK = 0.1
_CHUNK = 65_536


@dataclass(frozen=True, slots=True)
class Ended:
    exit_code: int
    stdout: bytes
    stderr: bytes


def run_process(words: Sequence[str], given: bytes, ctx: StepContext) -> Ended:
    """Run it with ``given`` as its standard input until it ends.

    StepTimeoutError when the step's time is over first; InvalidStepError when it cannot be started or says too much.
    """
    try:
        child = subprocess.Popen(  # noqa: S603 - the words are those of the configuration, and no shell reads them
            list(words),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={"PATH": os.environ.get("PATH", os.defpath)},
            start_new_session=True,
        )
    except (OSError, ValueError) as error:
        raise InvalidStepError(f"'{words[0]}' cannot be started: {error}; correct its path in the setting") from error
    with child:
        try:
            stdout, stderr = _Talk(child, given).until(ctx)
            return Ended(_ended(child, ctx), stdout, stderr)
        finally:
            _kill(child)


def _kill(child: subprocess.Popen[bytes]) -> None:
    """Also what the child left behind in its group."""
    try:
        os.killpg(child.pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        return


def _ended(child: subprocess.Popen[bytes], ctx: StepContext) -> int:
    """Its exit code, once it has closed its output."""
    while True:
        _check(ctx.cancelled, ctx)
        try:
            return child.wait(_TICK)
        except subprocess.TimeoutExpired:
            continue


def _check(cancelled: Event, ctx: StepContext) -> None:
    if cancelled.is_set() or ctx.remaining() <= 0:
        raise StepTimeoutError("the process was stopped: it took longer than the step's timeout")


class _Talk:
    """Writes the input and reads both outputs at once, so that neither side waits for the other for ever."""

    def __init__(self, child: subprocess.Popen[bytes], given: bytes) -> None:
        assert child.stdin is not None
        assert child.stdout is not None
        assert child.stderr is not None
        self._input: IO[bytes] = child.stdin
        self._given = memoryview(given)
        self._read: dict[IO[bytes], bytearray] = {child.stdout: bytearray(), child.stderr: bytearray()}
        for pipe in (self._input, *self._read):
            os.set_blocking(pipe.fileno(), False)

    def until(self, ctx: StepContext) -> tuple[bytes, bytes]:
        with selectors.DefaultSelector() as selector:
            selector.register(self._input, selectors.EVENT_WRITE)
            for pipe in self._read:
                selector.register(pipe, selectors.EVENT_READ)
            while any(key.fileobj is not self._input for key in selector.get_map().values()):
                _check(ctx.cancelled, ctx)
                for key, _ in selector.select(min(_TICK, max(0.0, ctx.remaining()))):
                    if key.fileobj is self._input:
                        self._give(selector)
                    else:
                        self._take(selector, key.fd, next(pipe for pipe in self._read if pipe is key.fileobj))
        stdout, stderr = self._read.values()
        return bytes(stdout), bytes(stderr)

    def _give(self, selector: selectors.BaseSelector) -> None:
        try:
            self._given = (
                self._given[os.write(self._input.fileno(), self._given[:_CHUNK]) :] if self._given else self._given
            )
        except BrokenPipeError:  # it does not read its input: its own affair
            self._given = memoryview(b"")
        if not self._given:
            selector.unregister(self._input)
            self._input.close()

    def _take(self, selector: selectors.BaseSelector, descriptor: int, pipe: IO[bytes]) -> None:
        chunk = os.read(descriptor, _CHUNK)
        if not chunk:
            selector.unregister(pipe)
            return
        taken = self._read[pipe]
        taken += chunk
        if len(taken) > LIMIT:
            raise InvalidStepError(f"the process wrote more than {LIMIT} bytes: let it write less, or into a file")
