"""A child process with a deadline: no shell, only public environment, output bounded, killed with all that it started."""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import IO

from reactory.exceptions import InvalidStepError, StepTimeoutError
from reactory.steps.context import StepContext

LIMIT = 1_000_000
"""Bytes of standard output, and of standard error."""

_SHORT = 0.001
_TICK = 0.1
_CHUNK = 65_536


@dataclass(frozen=True, slots=True)
class Ended:
    exit_code: int
    stdout: bytes
    stderr: bytes


def run_process(words: Sequence[str], given: bytes, ctx: StepContext, env: Mapping[str, str] | None = None) -> Ended:
    """Run it with ``given`` as its standard input until it ends; it sees ``PATH`` and ``env``.

    What it leaves behind in its group is not waited for: it is killed. StepTimeoutError when the step's time is over
    first; InvalidStepError when it cannot be started or says too much.
    """
    try:
        child = subprocess.Popen(  # noqa: S603 - the words are those of the configuration, and no shell reads them
            list(words),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={"PATH": os.environ.get("PATH", os.defpath), **(env or {})},
            start_new_session=True,
        )
    except (OSError, ValueError) as error:
        raise InvalidStepError(f"'{words[0]}' cannot be started: {error}; correct its path in the setting") from error
    with child:
        try:
            stdout, stderr = _Talk(child, given).until_it_ends(ctx)
        finally:
            _kill_group(child)
        return Ended(child.wait(), stdout, stderr)


def _has_ended(child: subprocess.Popen[bytes]) -> bool:
    """Without taking its exit code: until that is taken, its number can be nobody else's."""
    return os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None


def _kill_group(child: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(child.pid, signal.SIGKILL)


def _check(ctx: StepContext) -> None:
    if ctx.cancelled.is_set() or ctx.remaining() <= 0:
        raise StepTimeoutError("the process was stopped: it took longer than the step's timeout")


class _Talk:
    """Writes the input and reads both outputs at once, so that neither side waits for the other for ever."""

    def __init__(self, child: subprocess.Popen[bytes], given: bytes) -> None:
        assert child.stdin is not None
        assert child.stdout is not None
        assert child.stderr is not None
        self._child = child
        self._input: IO[bytes] = child.stdin
        self._given = memoryview(given)
        self._read: dict[IO[bytes], bytearray] = {child.stdout: bytearray(), child.stderr: bytearray()}
        for pipe in (self._input, *self._read):
            os.set_blocking(pipe.fileno(), False)

    def until_it_ends(self, ctx: StepContext) -> tuple[bytes, bytes]:
        """Standard output and standard error. What it started may hold the pipes open behind it: nobody waits for that."""
        with selectors.DefaultSelector() as selector:
            selector.register(self._input, selectors.EVENT_WRITE)
            for pipe in self._read:
                selector.register(pipe, selectors.EVENT_READ)
            pause = _SHORT
            while not _has_ended(self._child):
                _check(ctx)
                if selector.get_map():
                    self._turn(selector, _TICK)
                else:  # it has closed them all, and is about to end or goes on in silence
                    ctx.cancelled.wait(pause)
                    pause = min(pause * 2, _TICK)
            _kill_group(self._child)
            while self._turn(selector, 0):
                pass
        stdout, stderr = self._read.values()
        return bytes(stdout), bytes(stderr)

    def _turn(self, selector: selectors.BaseSelector, seconds: float) -> bool:
        """Whether there was anything to write or to read."""
        ready = selector.select(seconds)
        for key, _ in ready:
            if key.fileobj is self._input:
                self._give(selector)
            else:
                self._take(selector, key.fd, next(pipe for pipe in self._read if pipe is key.fileobj))
        return bool(ready)

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
