"""Which process listens on a port: for the message that says why it cannot be ours. Linux only, best effort."""

from __future__ import annotations

from pathlib import Path

_LISTEN = "0A"


def owner_of(port: int) -> str | None:
    """``process 1234 (python -m http.server)``, or None when it cannot be told."""
    inodes = {inode for table in ("tcp", "tcp6") for inode in _listening(Path("/proc/net") / table, port)}
    if not inodes:
        return None
    wanted = {f"socket:[{inode}]" for inode in inodes}
    for process in Path("/proc").glob("[0-9]*"):
        if _holds(process, wanted):
            command = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
            return f"process {process.name} ({command[:80]})"
    return None


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
