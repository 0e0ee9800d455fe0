"""What surrounds an instance and does not change with its facts: its input, its identity, the public environment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from reactory.definition.program import Program
from reactory.kernel.rules import RULES, Rules
from reactory.kernel.values import MissingValueSignal, is_ref


@dataclass(slots=True)
class Context:
    """``input`` may be a reference. ``values`` holds the loaded out-of-line values by blob id. ``timeout`` is the
    instance's own, in milliseconds, instead of the definition's. ``created`` is when it was created, in ms. ``root`` is
    the instance whose blobs it shares; ``fragment`` the step of the definition that it runs a part of. ``rules`` are those
    that it was started under.
    """

    instance_id: str
    input: Any = None
    tenant: str = "default"
    env: Mapping[str, Any] = field(default_factory=dict)
    timeout: int | None = None
    values: dict[str, Any] = field(default_factory=dict)
    created: int = 0
    root: str | None = None
    fragment: str | None = None
    programs: dict[tuple[str, str], Program] = field(default_factory=dict)
    rules: Rules = RULES
    owner: str = field(init=False)
    """The instance whose references count here: a part of a distributed loop shares those of the whole."""

    def __post_init__(self) -> None:
        self.owner = self.root or self.instance_id

    @property
    def blobs(self) -> str:
        """What the ids of this instance's own blobs begin with."""
        return self.instance_id if self.root is None else f"{self.root}/{self.instance_id}"

    def whole(self, value: Any) -> Any:
        """The value with every reference inside of it replaced, at any depth; raises MissingValueSignal likewise."""
        value = self.deref(value)
        if type(value) is dict:
            return {key: self.whole(entry) for key, entry in value.items()}
        if type(value) is list:
            return [self.whole(entry) for entry in value]
        return value

    def deref(self, value: Any) -> Any:
        """The value itself; raises MissingValueSignal if it is a reference that was not loaded yet."""
        if type(value) is not dict or not is_ref(value, self.owner):  # the type first: this is asked very often
            return value
        try:
            return self.values[value["id"]]
        except KeyError:
            raise MissingValueSignal(value) from None
