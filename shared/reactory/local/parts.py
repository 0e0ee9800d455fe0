"""What a stack is made of, so that tests and benchmarks can put their own in."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from reactory import topology
from reactory.local.data_folder import DataFolder
from reactory.topology import FunctionSpec


class Database(Protocol):
    """A database server of our own, running."""

    @property
    def uri(self) -> str: ...
    @property
    def pid(self) -> int: ...
    @property
    def alive(self) -> bool: ...
    def stop(self) -> None: ...
    def kill(self) -> None: ...


def own_mongod(folder: DataFolder) -> Database:
    from reactory.local.mongod import MongodOptions, start_mongod

    return start_mongod(MongodOptions(data=folder.database, log=folder.log))


@dataclass(frozen=True, slots=True)
class Parts:
    """What the stack is made of; tests put their own in. ``wiring`` overrides the mode's composition of a container.

    ``prepare`` is the import path of the handler that makes the database ready, None: nothing to prepare.
    ``ceilings`` bounds the containers of a function, where the options do not say it.
    """

    functions: tuple[FunctionSpec, ...] = topology.FUNCTIONS
    default_function: str = topology.DEFAULT_FUNCTION
    wiring: str | None = None
    prepare: str | None = "reactory.local.prepare.handler"
    database: Callable[[DataFolder], Database] = own_mongod
    ceilings: Mapping[str, int] = field(default_factory=dict)
