"""Paths of executions and keys of blocks (see ``state``): how one is made from the other."""

from __future__ import annotations


def prefix(block_key: str) -> str:
    """What the paths of a block's nodes begin with: ``fraud:then`` → ``fraud/``, ``lines[3]`` → ``lines[3]/``."""
    if not block_key:
        return ""
    if block_key[-1] == "]":
        return block_key + "/"
    return block_key[: block_key.rindex(":")] + "/"


def container(block_key: str) -> str:
    """The path of the node that holds the block: ``fraud:then`` → ``fraud``, ``a[2]/b[3]`` → ``a[2]/b``."""
    if block_key[-1] == "]":
        return block_key[: block_key.rindex("[")]
    return block_key[: block_key.rindex(":")]


def selector(block_key: str) -> str:
    """Which block of its container it is: ``fraud:then`` → ``then``, ``lines[3]`` → ``3``."""
    if block_key[-1] == "]":
        return block_key[block_key.rindex("[") + 1 : -1]
    return block_key[block_key.rindex(":") + 1 :]


def step_id(path: str) -> str:
    """The id of the node that a path names: ``lines[3]/reserve`` → ``reserve``."""
    return path[path.rfind("/") + 1 :]


def execution(path: str, generation: int) -> str:
    """The path with the generation of its execution, where that is not the first: stable, and unique in an instance."""
    return f"{path}~{generation}" if generation else path


UNDO = "undo"
"""What the selector of a block begins with that undoes something: ``pay[undo0]``."""


def is_undo(block_key: str) -> bool:
    """Whether the block itself undoes something; not, whether it stands inside of such a one."""
    return block_key[-1] == "]" and selector(block_key).startswith(UNDO)


def is_at(path: str, above: str) -> bool:
    """Whether something stands at a path, or anywhere inside of it."""
    return path == above or path.startswith((above + "/", above + "[", above + "#"))
