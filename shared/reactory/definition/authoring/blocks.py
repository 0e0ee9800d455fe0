"""Steps that hold steps: each is a context manager, and what is written under its ``with`` goes into it."""

from __future__ import annotations

from types import TracebackType
from typing import Any, Generic, Self, TypeVar

from reactory.definition.authoring.builder import Builder, Step
from reactory.definition.authoring.expression import Expression, StepReference
from reactory.definition.authoring.typeview import TypeView
from reactory.definition.authoring.value import document_value

Given = TypeVar("Given")


class Body(Generic[Given]):
    """One list of steps: ``with`` opens it and gives ``value``."""

    def __init__(self, builder: Builder, steps: list[Step] | str, value: Given) -> None:
        self._builder = builder
        self._steps = steps
        self._value = value

    def __enter__(self) -> Given:
        self._builder.open(self._steps)
        return self._value

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._builder.close()


class Block(StepReference):
    """A step with steps inside; as a value it is the step's outputs, like any other step."""

    __slots__ = ("_builder", "_step")

    def __init__(self, builder: Builder, step: Step, view: TypeView) -> None:
        super().__init__(step["id"], view)
        self._builder = builder
        self._step = step

    @property
    def _config(self) -> dict[str, Any]:
        config: dict[str, Any] = self._step["config"]
        return config

    def _enter(self, key: str) -> None:
        self._builder.open(self._config.setdefault(key, []))

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._builder.close()


class StepsBlock(Block):
    """``while``, ``recur``, ``schedule``: one list of steps."""

    __slots__ = ()

    def __enter__(self) -> Self:
        self._enter("steps")
        return self


class ConditionBlock(Block):
    """``with flow.condition(…) as large:`` and, if need be, ``with large.otherwise():`` after it."""

    __slots__ = ()

    def __enter__(self) -> Self:
        self._enter("thenSteps")
        return self

    def otherwise(self) -> Body[None]:
        """What is done when the condition does not hold."""
        return Body(self._builder, self._config.setdefault("elseSteps", []), None)


class SwitchBlock(Block):
    """``with flow.switch(…) as country:`` with ``with country.case("FR"):`` and ``with country.otherwise():`` in it."""

    __slots__ = ()

    def __enter__(self) -> Self:
        self._builder.open("a step of a switch belongs to a case: write it under `with ….case(value):`")
        return self

    def case(self, when: Any) -> Body[None]:
        """What is done for this value."""
        steps: list[Step] = []
        self._config.setdefault("cases", []).append({"when": document_value(when), "steps": steps})
        return Body(self._builder, steps, None)

    def otherwise(self) -> Body[None]:
        """What is done when no case fits."""
        return Body(self._builder, self._config.setdefault("default", []), None)


class ParallelBlock(Block):
    """``with flow.parallel() as both:`` with ``with both.branch("left"):`` in it."""

    __slots__ = ()

    def __enter__(self) -> Self:
        self._builder.open("a step of a parallel belongs to a branch: write it under `with ….branch(name):`")
        return self

    def branch(self, name: str) -> Body[None]:
        """Steps that run beside the other branches; their result is ``….outputs.<name>``."""
        steps: list[Step] = []
        self._config.setdefault("branches", []).append({"name": name, "steps": steps})
        return Body(self._builder, steps, None)


class ForEachBlock(Block):
    """``with flow.for_each(input.lines) as line:`` gives the item; ``loop.index`` its number, from 0."""

    __slots__ = ("_item", "index")

    index: Expression

    def __init__(self, builder: Builder, step: Step, view: TypeView, *, item: Expression, index: Expression) -> None:
        super().__init__(builder, step, view)
        self._item = item
        self.index = index

    def __enter__(self) -> Any:
        self._enter("steps")
        self._builder.loops += 1
        return self._item

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._builder.loops -= 1
        super().__exit__(kind, error, trace)


class SagaBlock(Block):
    """``with flow.saga() as booking:``, and ``with booking.compensation():`` for what is done when all is undone."""

    __slots__ = ()

    def __enter__(self) -> Self:
        self._enter("steps")
        return self

    def compensation(self) -> Body[None]:
        """Steps that run last of all when the saga is compensated."""
        return Body(self._builder, self._config.setdefault("compensate", []), None)
