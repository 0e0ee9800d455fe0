"""Which process listens on a port: for the message that says why it cannot be ours. Linux only, best effort."""

from __future__ import annotations

from pathlib import Path

_LISTEN = "0A"


def owner_of(port: int) -> str | None:
    """``process 1234 (python)``, or None when it cannot be told. Arguments are left out: they may be long, or secret."""
    inodes = {inode for table in ("tcp", "tcp6") for inode in _listening(Path("/proc/net") / table, port)}
    if not inodes:
        return None
    wanted = {f"socket:[{inode}]" for inode in inodes}
    for process in Path("/proc").glob("[0-9]*"):
        if _holds(process, wanted):
            return f"process {process.name}{_program(process)}"
    return None


def _program(process: Path) -> str:
    """`` (python)``; nothing for a process that has ended meanwhile."""
    try:
        command = (process / "cmdline").read_bytes().partition(b"\0")[0].decode(errors="replace")
    except OSError:
        return ""
    return f" ({Path(command).name})" if command else ""


def _listening(table: Path, port: int) -> list[str]:
    try:
        rows = [line.split() for line in table.read_text().splitlines()[1:]]
    except OSError:
        return []
    return [row[9] for row in rows if row[3] == _LISTEN and int(row[1].rpartition(":")[2], 16) == port]


def _holds(process: Path, wanted: set[str]) -> bool:
    try:
        return any(str(fd.readlink()) in wanted for fd in (process / "fd").iterdir())
    except OSError:
        return False  # ended meanwhile, or somebody else's
