"""What an expression sees at one place of an instance (formats.md, "Scope"; WH-8)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from reactory.definition.program import ForEachConfig
from reactory.kernel import paths
from reactory.kernel.context import Context
from reactory.kernel.state import Frame

if TYPE_CHECKING:
    from reactory.kernel.machine import Machine


class Values(Mapping[str, Any]):
    """A dict whose values may be kept out of line; they are fetched when they are looked at."""

    __slots__ = ("_context", "_values")

    def __init__(self, values: Mapping[str, Any], context: Context) -> None:
        self._values = values
        self._context = context

    def __getitem__(self, key: str) -> Any:
        return self._context.deref(self._values[key])

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)


class Variables(Values):
    """``variables``: items and indexes of the loops around count too, where no variable has their name (YF-10)."""

    __slots__ = ("_scope",)

    def __init__(self, values: Mapping[str, Any], context: Context, scope: KernelScope) -> None:
        super().__init__(values, context)
        self._scope = scope

    def __getitem__(self, key: str) -> Any:
        if key in self._values:
            return super().__getitem__(key)
        found, value = self._scope.loop_variable(key)
        if not found:
            raise KeyError(key)
        return value


class StepView(Mapping[str, Any]):
    """``steps.<id>``: ``outputs``, ``success``, ``status``; any other name is looked up in the outputs."""

    __slots__ = ("_context", "_output", "_status")

    def __init__(self, output: Any, status: str, context: Context) -> None:
        self._output = output
        self._status = status
        self._context = context

    def _outputs(self) -> Any:
        output = self._context.deref(self._output)
        return Values(output, self._context) if type(output) is dict else output

    def __getitem__(self, key: str) -> Any:
        if key == "outputs":
            return self._outputs()
        if key == "success":
            return self._status == "COMPLETED"
        if key == "status":
            return self._status
        output = self._outputs()
        if isinstance(output, Mapping):
            return output[key]
        raise KeyError(key)

    def __iter__(self) -> Iterator[str]:
        return iter(("outputs", "success", "status"))

    def __len__(self) -> int:
        return 3


class StepsView(Mapping[str, Any]):
    """``steps``: the finished steps in scope, the innermost frame first."""

    __slots__ = ("_context", "_frames")

    def __init__(self, frames: list[Frame], context: Context) -> None:
        self._frames = frames
        self._context = context

    def __getitem__(self, key: str) -> StepView:
        for frame in self._frames:
            status = frame.stat.get(key)
            if status is not None:
                return StepView(frame.outs.get(key), status, self._context)
        raise KeyError(key)

    def __iter__(self) -> Iterator[str]:
        seen: set[str] = set()
        for frame in self._frames:
            for key in frame.stat:
                if key not in seen:
                    seen.add(key)
                    yield key

    def __len__(self) -> int:
        return sum(1 for _ in self)


class KernelScope:
    """The names visible from inside one block."""

    __slots__ = ("_block", "_machine")

    def __init__(self, machine: Machine, block_key: str) -> None:
        self._machine = machine
        self._block = block_key

    def lookup(self, root: str) -> Any:
        machine = self._machine
        match root:
            case "steps":
                return StepsView(machine.frames_of(self._block), machine.context)
            case "input" | "inputs":
                return machine.given_input()
            case "variables":
                return Variables(machine.state.variables, machine.context, self)
            case "workflow":
                return machine.workflow_info()
            case "env":
                return machine.context.env
        if self._block or machine.context.fragment is not None:
            found, value = self.loop_variable(root)
            if found:
                return value
        return machine.context.deref(machine.state.variables[root])

    def loop_variable(self, name: str) -> tuple[bool, Any]:
        """The item or index of the nearest enclosing for_each that calls it so."""
        machine, key = self._machine, self._block
        while key:
            holder = paths.container(key)
            config, live = machine.node(holder).config, machine.state.live[holder]
            if live.undoing is not None and paths.is_undo(key):
                if name in live.undoing.names:
                    return True, machine.context.deref(live.undoing.names[name])
            elif isinstance(config, ForEachConfig):
                index = int(paths.selector(key))
                if name == config.item_variable:
                    return True, machine.context.deref(live.items)[index]
                if name == config.index_variable:
                    return True, live.offset + index
            key = live.block
        if machine.context.fragment is not None and name in (names := machine.loop_names("")):
            return True, names[name]
        return False, None
