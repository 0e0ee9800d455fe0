"""What the engine's own steps work with. Made by the composition root."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Self

from reactory.ports.clock import Clock
from reactory.ports.records import Records
from reactory.steps.service import ServiceRegistry

if TYPE_CHECKING:
    from reactory.settings import Settings


@dataclass(frozen=True, slots=True)
class BuiltinServices:
    """``files_root`` None: no files. ``scripts`` maps a name to a path, ``commands`` a name to the words of a command
    line, and ``env`` is what these see of the environment beside PATH; ``allowed_hosts`` are hosts, host:port or CIDR
    that api_call may reach although they are not public.
    """

    records: Records
    clock: Clock
    services: ServiceRegistry = field(default_factory=ServiceRegistry)
    files_root: Path | None = None
    scripts: Mapping[str, str] = field(default_factory=dict)
    commands: Mapping[str, Sequence[str]] = field(default_factory=dict)
    env: Mapping[str, str] = field(default_factory=dict)
    allowed_hosts: Sequence[str] = ()

    @classmethod
    def of(cls, settings: Settings, records: Records, clock: Clock, services: ServiceRegistry) -> Self:
        return cls(
            records=records,
            clock=clock,
            services=services,
            files_root=Path(settings.files_root) if settings.files_root else None,
            scripts=settings.allowed_scripts,
            commands=settings.allowed_commands,
            env=settings.env,
            allowed_hosts=tuple(settings.allowed_hosts),
        )
