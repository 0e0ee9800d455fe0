"""``file_operation``: files below the folder that ``REACTORY_FILES_ROOT`` names."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from reactory.exceptions import InvalidStepError, StepNotAllowedError
from reactory.steps.builtin.files import Folder
from reactory.steps.builtin.wanted import wanted_text
from reactory.steps.context import StepContext

Config = Mapping[str, Any]
Output = dict[str, Any]


def file_operation(root: Path | None) -> Callable[..., Output]:
    folder = None if root is None else Folder(root)

    def body(ctx: StepContext, **_inputs: Any) -> Output:
        """``{content, path, exists}``: what was read or listed, the path that is concerned, whether it is there now."""
        if folder is None:
            raise StepNotAllowedError(
                "file_operation is not allowed here: set REACTORY_FILES_ROOT to the folder that workflows may use"
            )
        config = ctx.config
        return _OPERATIONS[config["operation"]](folder, config)

    return body


def _read(folder: Folder, config: Config) -> Output:
    path = wanted_text(config, "path")
    return {"content": _decoded(folder.read(path), path, config), "path": path, "exists": True}


def _write(folder: Folder, config: Config) -> Output:
    path, content = wanted_text(config, "path"), config.get("content")
    if not isinstance(content, str):
        raise InvalidStepError("config.content is no text: write ${string(…)}, or base64 with that encoding")
    folder.write(path, _encoded(content, config), overwrite=bool(config.get("overwrite")))
    return {"content": None, "path": path, "exists": True}


def _copy(folder: Folder, config: Config) -> Output:
    destination = wanted_text(config, "destination")
    folder.copy(wanted_text(config, "path"), destination, overwrite=bool(config.get("overwrite")))
    return {"content": None, "path": destination, "exists": True}


def _move(folder: Folder, config: Config) -> Output:
    destination = wanted_text(config, "destination")
    folder.move(wanted_text(config, "path"), destination, overwrite=bool(config.get("overwrite")))
    return {"content": None, "path": destination, "exists": True}


def _delete(folder: Folder, config: Config) -> Output:
    path = wanted_text(config, "path")
    folder.delete(path)
    return {"content": None, "path": path, "exists": False}


def _exists(folder: Folder, config: Config) -> Output:
    path = wanted_text(config, "path")
    return {"content": None, "path": path, "exists": folder.exists(path)}


def _mkdir(folder: Folder, config: Config) -> Output:
    path = wanted_text(config, "path")
    folder.mkdir(path)
    return {"content": None, "path": path, "exists": True}


def _list(folder: Folder, config: Config) -> Output:
    """``path`` may be empty: the folder itself."""
    path = config.get("path") or "."
    return {"content": folder.list(str(path)), "path": path, "exists": True}


def _decoded(content: bytes, path: str, config: Config) -> str:
    if config.get("encoding") == "base64":
        return base64.b64encode(content).decode()
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        raise InvalidStepError(f"byte {error.start} of '{path}' is no UTF-8: read it with encoding: base64") from error


def _encoded(content: str, config: Config) -> bytes:
    if config.get("encoding") != "base64":
        return content.encode("utf-8", "replace")
    try:
        return base64.b64decode(content, validate=True)
    except binascii.Error as error:
        raise InvalidStepError(
            f"config.content is no base64 ({error}): encode it, or leave out the encoding"
        ) from error


_OPERATIONS: dict[str, Callable[[Folder, Config], Output]] = {
    "read": _read,
    "write": _write,
    "copy": _copy,
    "move": _move,
    "delete": _delete,
    "exists": _exists,
    "mkdir": _mkdir,
    "list": _list,
}
