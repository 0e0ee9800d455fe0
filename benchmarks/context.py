"""What every benchmark is given: the database server, a scratch folder, and how much to do."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import msgspec

from reactory.settings import Settings

MODULE = Path(__file__).parent / "module"
"""The module with the workflows and steps that are measured."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """``quick`` does a little of everything, to see that it works; its figures mean nothing.

    ``mongod_pid`` is None where the database server is not ours. ``run`` tells the databases of one run from another's.
    """

    uri: str
    mongod_pid: int | None
    scratch: Path
    run: str
    quick: bool = False
    workers: int = 2

    def database(self, name: str) -> str:
        """The database of one benchmark in this run."""
        return f"bench_{self.run}_{name}"

    def environ(self, name: str) -> dict[str, str]:
        """The environment of a worker process on that benchmark's database."""
        return {
            "REACTORY_MONGODB_URI": self.uri,
            "REACTORY_DATABASE": self.database(name),
            "REACTORY_AWS": "memory",
            "REACTORY_MODULES": msgspec.json.encode([str(MODULE)]).decode(),
            "REACTORY_LOG_LEVEL": "WARNING",
        }

    def settings(self, name: str) -> Settings:
        """The same for this process."""
        return Settings(mongodb_uri=self.uri, database=self.database(name), aws="memory", modules=[str(MODULE)])


@contextmanager
def open_bench(scratch: Path, given_uri: str | None, *, quick: bool = False, workers: int = 2) -> Iterator[Bench]:
    """On a mongod of its own with its files under ``scratch``, or on the one behind ``given_uri``, which is left clean."""
    run = secrets.token_hex(3)
    if given_uri:
        bench = Bench(uri=given_uri, mongod_pid=None, scratch=scratch, run=run, quick=quick, workers=workers)
        try:
            yield bench
        finally:
            _drop_databases(bench)
        return
    from reactory.local.mongod import MongodOptions, start_mongod

    with start_mongod(MongodOptions(scratch / "mongod", cache_gb=1.0)) as mongod:
        yield Bench(uri=mongod.uri, mongod_pid=mongod.pid, scratch=scratch, run=run, quick=quick, workers=workers)


def _drop_databases(bench: Bench) -> None:
    from reactory.adapters.mongo.client import connect

    client = connect(bench.uri)
    for name in client.list_database_names():
        if name.startswith(bench.database("")):
            client.drop_database(name)
