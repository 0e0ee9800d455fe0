"""The API of a running stack as a client sees it, and ways to wait for what it promises."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Self, TypeVar

import httpx2

from reactory.local.stack import LocalStack
from reactory.runner.transitions import FINISHED

DEADLINE = 60.0
"""Seconds after which something is lost; a busy machine takes its time."""

PERIOD = 0.02
Found = TypeVar("Found")


class Api:
    """One HTTP connection pool to the stack at ``url``."""

    def __init__(self, stack: LocalStack) -> None:
        self.stack = stack
        self.http = httpx2.Client(base_url=stack.url, timeout=DEADLINE)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.http.close()

    def get(self, path: str, **query: str) -> Any:
        response = self.http.get(path, params=query)
        assert response.status_code == 200, response.text
        return response.json()

    def post(
        self, path: str, body: Any = None, *, headers: Mapping[str, str] | None = None, **query: str
    ) -> httpx2.Response:
        return self.http.post(path, json=body, params=query, headers=dict(headers or {}))

    def start(self, workflow: str, data: Any, *, tags: list[str] | None = None) -> str:
        """The id of a new instance."""
        body = {"input": data, "tags": tags or []}
        headers = {"content-type": "application/vnd.reactory.start+json"}
        response = self.post(f"/workflow/start/{workflow}", body, headers=headers)
        assert response.status_code == 201, response.text
        return str(response.json()["instanceId"])

    def see(self, instance_id: str) -> dict[str, Any]:
        shown: dict[str, Any] = self.get(f"/workflow/instance/{instance_id}")
        return shown

    def history(self, instance_id: str) -> list[dict[str, Any]]:
        entries: list[dict[str, Any]] = self.get(f"/workflow/instance/{instance_id}/history", limit="1000")["history"]
        return entries

    def finished(self, instance_id: str) -> dict[str, Any]:
        """The instance once it has finished."""
        return until(lambda: self.see(instance_id), lambda seen: seen["status"] in FINISHED)


def until(look: Callable[[], Found], good: Callable[[Found], bool]) -> Found:
    """Look again and again until it is good; fails with what was seen last."""
    deadline = time.monotonic() + DEADLINE
    while not good(found := look()):
        assert time.monotonic() < deadline, found
        time.sleep(PERIOD)
    return found


def holders(folder: Path) -> list[int]:
    """The ids of the processes in which ``plant.hold`` began to run for this folder."""
    return [int(begun.name.partition("-")[2]) for begun in folder.glob("begun-*")]


def succeeded(history: list[dict[str, Any]]) -> list[str]:
    """The paths of the attempts that succeeded, in order."""
    return [entry["path"] for entry in history if entry["event"] == "step_completed"]
