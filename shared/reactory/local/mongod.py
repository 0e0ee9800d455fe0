"""Start and stop a ``mongod`` of our own, for ``reactory dev``, the tests and the benchmarks.

It is a replica set of one node: retryable writes and a real majority, as in production. The process is bound to the
one that started it: when that dies, however it dies, Linux sends SIGTERM to mongod, so nothing is left behind.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from pymongo import MongoClient
from pymongo.errors import OperationFailure, PyMongoError

from reactory.exceptions import StoreUnavailableError
from reactory.local.mongod_binary import find_mongod
from reactory.local.mongod_log import failure_of
from reactory.local.ports import free_port, port_is_taken

__all__ = ["Mongod", "MongodOptions", "start_mongod"]

START_SECONDS = 60.0
STOP_SECONDS = 30.0
_NOT_INITIATED = 94

# The child asks the kernel for SIGTERM on the death of its parent, then becomes mongod. A shim rather than preexec_fn,
# which must not be used in a process with threads. The parent may be gone before the request: hence the look at getppid.
_SHIM = """
import os, sys
if sys.platform == "linux":
    import ctypes
    ctypes.CDLL(None).prctl(1, 15)
    if os.getppid() != int(sys.argv[1]):
        sys.exit(1)
os.execv(sys.argv[2], sys.argv[2:])
"""


@dataclass(frozen=True, slots=True)
class MongodOptions:
    """``data`` is the folder of the database files; ``port`` None takes a free one.

    ``replica_set`` None starts a standalone (benchmarks only: it has no retryable writes). ``parameters`` are
    ``--setParameter`` values; none of them may weaken durability.
    """

    data: Path
    port: int | None = None
    log: Path | None = None
    replica_set: str | None = "reactory"
    cache_gb: float = 0.5
    parameters: Mapping[str, str] = field(default_factory=dict)


class Mongod:
    """A running mongod. Use it as a context manager, or call ``stop``."""

    def __init__(self, process: subprocess.Popen[bytes], options: MongodOptions, port: int) -> None:
        self.options = options
        self.port = port
        self._process = process

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def uri(self) -> str:
        """Connects directly: there is one node, so there is nothing to discover."""
        return f"mongodb://127.0.0.1:{self.port}/?directConnection=true"

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    def stop(self) -> None:
        """Shut down in order: checkpoint, close, unlock. Kills only what does not end within ``STOP_SECONDS``."""
        if self.alive:
            self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()

    def kill(self) -> None:
        """SIGKILL: what the crash tests do."""
        if self.alive:
            self._process.kill()
        self._process.wait()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


def start_mongod(options: MongodOptions) -> Mongod:
    """Start mongod and wait until it takes writes. Raises StoreUnavailableError with the reason and the cure."""
    binary = find_mongod()
    port = options.port or free_port()
    if port_is_taken(port):
        raise StoreUnavailableError(
            f"Port {port} is taken, so mongod cannot listen there. Stop what uses it, choose another port, "
            f"or set MONGODB_URI if it is the MongoDB that you mean to use."
        )
    options.data.mkdir(parents=True, exist_ok=True)
    log = options.log or options.data / "mongod.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    skip = log.stat().st_size if log.exists() else 0
    mongod = Mongod(_spawn(_command(binary, options, port, log), log), options, port)
    try:
        _wait_until_primary(mongod, log, skip)
    except BaseException:
        mongod.kill()
        raise
    return mongod


def _command(binary: Path, options: MongodOptions, port: int, log: Path) -> list[str]:
    command = [
        str(binary),
        *("--dbpath", str(options.data), "--port", str(port), "--bind_ip", "127.0.0.1"),
        *("--logpath", str(log), "--logappend", "--nounixsocket"),
        *("--wiredTigerCacheSizeGB", str(options.cache_gb)),
        # One node has nobody to hand over to: shutting down need not wait for a successor.
        *("--setParameter", "shutdownTimeoutMillisForSignaledShutdown=100"),
        *("--setParameter", "diagnosticDataCollectionEnabled=false"),
    ]
    if options.replica_set:
        command += ["--replSet", options.replica_set, "--oplogSize", "990"]
    for name, value in options.parameters.items():
        command += ["--setParameter", f"{name}={value}"]
    return command


def _spawn(command: list[str], log: Path) -> subprocess.Popen[bytes]:
    """Start the child from a thread that lives as long as it: the kernel's death signal goes by thread, not process."""
    started: list[subprocess.Popen[bytes]] = []
    ready = threading.Event()

    def keep() -> None:
        with log.open("ab") as output:  # what it says before it opens its log, such as a wrong option
            process = subprocess.Popen(
                [sys.executable, "-I", "-S", "-c", _SHIM, str(os.getpid()), *command],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,  # Ctrl-C is for the stack, which then stops mongod in order
            )
        started.append(process)
        ready.set()
        process.wait()

    threading.Thread(target=keep, name="mongod-keeper", daemon=True).start()
    ready.wait()
    return started[0]


def _wait_until_primary(mongod: Mongod, log: Path, skip: int) -> None:
    deadline = time.monotonic() + START_SECONDS
    client: MongoClient[dict[str, object]] = MongoClient(
        mongod.uri, serverSelectionTimeoutMS=500, connectTimeoutMS=500, retryReads=False
    )
    with client:
        while not _takes_writes(client, mongod):
            if not mongod.alive:
                raise StoreUnavailableError(failure_of(log, skip, mongod.options.data))
            if time.monotonic() > deadline:
                raise StoreUnavailableError(f"mongod takes no writes after {START_SECONDS:.0f} s. Its log is {log}.")
            time.sleep(0.02)


def _takes_writes(client: MongoClient[dict[str, object]], mongod: Mongod) -> bool:
    try:
        if client.admin.command("hello").get("isWritablePrimary"):
            return True
        if mongod.options.replica_set:
            _configure(client, mongod.options.replica_set, f"127.0.0.1:{mongod.port}")
    except PyMongoError:
        return False
    return False


def _configure(client: MongoClient[dict[str, object]], name: str, host: str) -> None:
    """Initiate a new set; tell one whose files came from another port where it lives now."""
    try:
        config = client.admin.command("replSetGetConfig")["config"]
    except OperationFailure as error:
        if error.code != _NOT_INITIATED:
            raise
        members = [{"_id": 0, "host": host}]
        client.admin.command("replSetInitiate", {"_id": name, "members": members})
        return
    if config["members"][0]["host"] != host:
        config["members"] = [{"_id": 0, "host": host}]
        config["version"] += 1
        client.admin.command("replSetReconfig", config, force=True)
