"""Following an instance until it has finished: a live tree on a terminal, else a line per change."""

from __future__ import annotations

import re
import sys
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from reactory.cli.lines import Lines
from reactory.cli.progress import Progress, Step

if TYPE_CHECKING:
    from rich.text import Text
    from rich.tree import Tree

    from reactory.cli.client import Client

INTERVAL = 0.3
"""Seconds between two looks."""

_STYLES = {
    "COMPLETED": ("green", "✔"),
    "FAILED": ("red", "✘"),
    "RUNNING": ("cyan", "▶"),
    "SLEEPING": ("yellow", "◷"),
    "WAITING": ("yellow", "◷"),
    "SKIPPED": ("dim", "○"),
    "CANCELLED": ("dim", "⊘"),
    "PAUSED": ("yellow", "∥"),
}


def watch(client: Client, instance_id: str, sleep: Callable[[float], None] = time.sleep) -> Progress:
    """Returns when the instance has finished. Ctrl-C ends the watching, not the instance."""
    progress = Progress()
    if sys.stdout.isatty():
        _watch_live(client, instance_id, progress, sleep)
    else:
        _watch_lines(client, instance_id, progress, sleep)
    return progress


def _looks(client: Client, instance_id: str, progress: Progress, sleep: Callable[[float], None]) -> Iterator[None]:
    while True:
        progress.look(client, instance_id)
        yield
        if progress.finished:
            return
        sleep(INTERVAL)


# --- plain lines --------------------------------------------------------------------------------------------------


def _watch_lines(client: Client, instance_id: str, progress: Progress, sleep: Callable[[float], None]) -> None:
    lines = Lines()
    for _ in _looks(client, instance_id, progress, sleep):
        for line in lines.new(progress):
            print(line, flush=True)


# --- a live tree --------------------------------------------------------------------------------------------------


def _watch_live(client: Client, instance_id: str, progress: Progress, sleep: Callable[[float], None]) -> None:
    from rich.live import Live

    with Live(auto_refresh=False, vertical_overflow="ellipsis") as live:
        for _ in _looks(client, instance_id, progress, sleep):
            live.update(tree(progress), refresh=True)


def tree(progress: Progress) -> Tree:
    """The steps as a tree: an execution inside of a container hangs on the container."""
    from rich.tree import Tree

    instance = progress.instance
    root = Tree(_text(f"{instance['workflowId']}@{instance['version']}  {instance['instanceId']}", progress.status))
    branches: dict[str, Tree] = {}
    for step in sorted(progress.steps.values(), key=_order):
        parent = step.path.rpartition("/")[0]
        container = parent if parent in branches else parent[: parent.rfind("[")]
        label = step.path.removeprefix(container).lstrip("/") if container in branches else step.path
        branches[step.path] = branches.get(container, root).add(_text(f"{label}{step.detail()}", step.status))
    if progress.hidden:
        root.add(f"[dim]… and {progress.hidden} finished earlier, not shown[/dim]")
    return root


def _order(step: Step) -> tuple[int, list[tuple[int, str]]]:
    """Containers before what is in them, rounds by number; the document's own steps stay as they are."""
    depth = step.path.count("/")
    numbers = [(int(part), "") if part.isdigit() else (-1, part) for part in re.split(r"(\d+)", step.path)]
    return depth, numbers if depth else []


def _text(label: str, status: str) -> Text:
    from rich.text import Text

    style, mark = _STYLES.get(status, ("", "·"))
    return Text(f"{mark} {label}  {status}", style=style)
