"""The launcher of a mongod of our own: starts, stops, survives kills, leaves nothing behind, explains what fails."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from pymongo import MongoClient

from reactory.exceptions import StoreUnavailableError
from reactory.local.mongod import MongodOptions, start_mongod
from reactory.local.mongod_binary import find_mongod
from reactory.local.mongod_log import failure_of


def test_data_survive_stop_kill_and_a_new_port(tmp_path: Path) -> None:
    """WH-1: what was acknowledged is there after a shutdown and after SIGKILL, on whatever port it comes back."""
    options = MongodOptions(tmp_path / "data", cache_gb=0.25)
    for number in range(3):
        with start_mongod(options) as mongod:
            with MongoClient[dict[str, Any]](mongod.uri, w="majority", journal=True) as client:
                assert client.admin.command("hello")["setName"] == "reactory"
                things = client["test"]["things"]
                assert things.count_documents({}) == number
                things.insert_one({"_id": number})
            if number == 1:
                mongod.kill()
        assert not mongod.alive


def test_a_second_mongod_on_the_same_files_is_refused(tmp_path: Path) -> None:
    """WH-12: two servers never share files; the message names the folder and the way out."""
    with start_mongod(MongodOptions(tmp_path, cache_gb=0.25)), pytest.raises(StoreUnavailableError) as caught:
        start_mongod(MongodOptions(tmp_path, cache_gb=0.25))
    assert str(tmp_path) in caught.value.message
    assert "in use" in caught.value.message


def test_a_taken_port_is_named(tmp_path: Path) -> None:
    """OB-6: the message names the port and the ways out."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(StoreUnavailableError, match=f"Port {port} is taken"):
            start_mongod(MongodOptions(tmp_path, port=port))


def test_a_mongod_that_ends_at_once_shows_its_log(tmp_path: Path) -> None:
    """OB-6: the end of the log is in the message, also what was said before the log was open."""
    with pytest.raises(StoreUnavailableError, match="nonsense"):
        start_mongod(MongodOptions(tmp_path, parameters={"nonsense": "1"}))


def test_mongod_ends_with_its_parent(tmp_path: Path) -> None:
    """WH-3: a parent that is killed leaves no mongod behind."""
    program = (
        "import sys, time; from pathlib import Path; from reactory.local.mongod import *\n"
        "mongod = start_mongod(MongodOptions(Path(sys.argv[1]), cache_gb=0.25)); print(mongod.pid, flush=True)\n"
        "sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        watch = os.pidfd_open(pid)
        try:
            os.kill(parent.pid, signal.SIGKILL)
            parent.wait()
            wait_for_end(watch)
        finally:
            os.close(watch)
    assert not (tmp_path / "mongod.lock").read_text()  # emptied by a shutdown in order


def wait_for_end(pidfd: int) -> None:
    """Until the process has ended: its descriptor becomes readable then."""
    import select

    readable, _, _ = select.select([pidfd], [], [], 30)
    assert readable, "mongod outlived its parent"


def test_the_binary_can_be_named(tmp_path: Path) -> None:
    """OB-6: REACTORY_MONGOD wins; one that cannot be started is reported."""
    binary = tmp_path / "mongod"
    binary.touch(mode=0o755)
    assert find_mongod({"REACTORY_MONGOD": str(binary)}) == binary
    with pytest.raises(StoreUnavailableError, match="REACTORY_MONGOD"):
        find_mongod({"REACTORY_MONGOD": str(tmp_path / "missing")})


def test_a_machine_without_mongod_is_told_every_way(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """OB-6: where the wheel does not exist, the path and MONGODB_URI do."""
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    with pytest.raises(StoreUnavailableError, match="MONGODB_URI"):
        find_mongod({"PATH": str(tmp_path)})
    (tmp_path / "mongod").touch(mode=0o755)
    assert find_mongod({"PATH": str(tmp_path)}) == tmp_path / "mongod"


def test_a_silent_end_is_told_too(tmp_path: Path) -> None:
    """OB-6: no log is no reason to say nothing."""
    assert "wrote nothing" in failure_of(tmp_path / "none.log", 0, tmp_path)
