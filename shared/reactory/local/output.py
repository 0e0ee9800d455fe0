"""What the stack prints: its own lines on the standard output, those of the functions on the standard error."""

from __future__ import annotations

import sys
import threading

from reactory.local.log_line import log_text


class Output:
    """Whole lines, from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()

    def say(self, text: str) -> None:
        """Something that the stack tells."""
        with self._lock:
            sys.stdout.write(f"{text}\n")
            sys.stdout.flush()

    def line(self, source: str, text: str) -> None:
        """A line of a function, or about one. Log records are told in a form for people, other lines as they are."""
        record = log_text(text)
        if record == "":
            return
        with self._lock:
            sys.stderr.write(f"{source} | {text}\n" if record is None else f"{record}\n")
            sys.stderr.flush()


class Quiet(Output):
    """Keeps what the stack and its functions say to itself; for those who embed it and show something of their own."""

    def say(self, text: str) -> None:
        """Nothing is printed."""

    def line(self, source: str, text: str) -> None:
        """Nothing is printed."""
