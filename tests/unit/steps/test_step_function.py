"""How ``@step`` declares a function, and how a workflow's inputs are fitted to it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest

from reactory import StepContext, step
from reactory.exceptions import InvalidStepError
from reactory.steps.decorator import MARK
from reactory.steps.function import StepFunction

if TYPE_CHECKING:
    from nowhere import Missing  # type: ignore[import-not-found]  # an annotation that cannot be evaluated, on purpose


def context() -> StepContext:
    return StepContext(instance_id="i1", workflow_id="acme.Pay", version="1.0.0", path="charge", step_id="charge")


def declared(function: Callable[..., Any]) -> StepFunction:
    found = getattr(function, MARK)
    assert isinstance(found, StepFunction)
    return found


def refusal(function: StepFunction, inputs: dict[str, Any]) -> str:
    with pytest.raises(InvalidStepError) as caught:
        function.arguments(inputs, context())
    return caught.value.message


def test_a_bare_decorator_takes_the_function_s_name() -> None:
    """``@step`` names the step after its function and describes it by the first line of the docstring."""

    @step
    def reserve(sku: str) -> str:
        """Set articles aside.

        More about it.
        """
        return sku

    assert reserve("KB-201") == "KB-201"
    assert (declared(reserve).name, declared(reserve).description) == ("reserve", "Set articles aside.")


def test_a_name_and_a_description_can_be_given() -> None:
    """``@step("acme.charge")`` names the step; a given description wins over the docstring."""

    @step("acme.charge", description="Charge a card")
    async def charge() -> None:
        """Something else."""

    assert (declared(charge).name, declared(charge).description) == ("acme.charge", "Charge a card")
    assert declared(charge).is_async


@pytest.mark.parametrize("name", ["", "two words", "1st", "acme/charge", "<lambda>"])
def test_a_name_that_no_document_could_use_is_refused(name: str) -> None:
    """A step's name is made of letters, digits, '_', '-' and '.'."""
    with pytest.raises(ValueError, match="cannot name a step"):
        StepFunction(lambda: None, name)


def test_generators_are_refused() -> None:
    """A function that yields is refused where it is declared, because a step returns its result."""

    def lines() -> Iterator[int]:
        yield 1

    with pytest.raises(TypeError, match="use return, not yield"):
        step("acme.lines")(lines)


def test_positional_only_parameters_are_refused() -> None:
    """The engine passes arguments by name, so a positional-only parameter is refused where it is declared."""

    def charge(amount: int, /) -> int:
        return amount

    with pytest.raises(TypeError, match="remove the '/' after 'amount'"):
        step(charge)


def test_two_contexts_are_refused() -> None:
    """Only one parameter can be the context."""

    def charge(one: StepContext, two: StepContext) -> None: ...

    with pytest.raises(TypeError, match="only one parameter"):
        step(charge)


def test_inputs_become_keyword_arguments() -> None:
    """The step gets the inputs that the workflow passes; a default stands in for one that it does not pass."""

    @step
    def charge(amount: int, currency: str = "EUR") -> tuple[int, str]:
        return amount, currency

    assert charge(**declared(charge).arguments({"amount": 5}, context())) == (5, "EUR")


def test_the_annotated_parameter_gets_the_context() -> None:
    """A parameter annotated StepContext, whatever its name and position, gets the context."""

    @step
    def charge(whatever: StepContext, amount: int) -> tuple[str, int]:
        return whatever.idempotency_key, amount

    assert charge(**declared(charge).arguments({"amount": 5}, context())) == ("i1/charge", 5)


def test_an_optional_context_is_found() -> None:
    """``StepContext | None = None`` makes the function easy to call in tests, and still gets the context."""

    @step
    def charge(ctx: StepContext | None = None) -> bool:
        return ctx is not None

    assert charge(**declared(charge).arguments({}, context()))


def test_the_context_is_found_beside_annotations_that_cannot_be_evaluated() -> None:
    """Where another annotation is only there for type checkers, the context is recognised by its text."""

    @step
    def charge(order: Missing, ctx: StepContext) -> tuple[Any, int]:
        return order, ctx.attempt

    assert charge(**declared(charge).arguments({"order": 1}, context())) == (1, 1)


def test_open_keywords_take_the_rest() -> None:
    """``**kwargs`` takes the inputs that have no parameter."""

    @step
    def audit(who: str, **rest: Any) -> tuple[str, dict[str, Any]]:
        return who, rest

    assert audit(**declared(audit).arguments({"who": "a", "what": 1}, context())) == ("a", {"what": 1})


def test_arguments_are_the_step_s_own() -> None:
    """A step may change the lists and maps that it was given: neither the state nor the next attempt sees it."""

    @step
    def sort(order: dict[str, Any]) -> None:
        order["lines"].append("gift")

    inputs = {"order": {"lines": ["book"]}}
    sort(**declared(sort).arguments(inputs, context()))
    assert inputs == {"order": {"lines": ["book"]}}


def test_a_missing_argument_is_named() -> None:
    """A missing argument fails the step for good, before its body, saying what is passed and what is accepted."""

    @step("acme.charge")
    def charge(amount: int, token: str, currency: str = "EUR") -> None: ...

    message = refusal(declared(charge), {"amount": 1})
    assert message.startswith("Step acme.charge: missing argument 'token'.")
    assert "The workflow passes: amount; the step accepts: amount, token, currency='EUR'." in message


def test_an_unexpected_argument_is_named() -> None:
    """An argument that the step does not know fails it for good, with all other misfits."""

    @step("acme.charge")
    def charge(amount: int) -> None: ...

    message = refusal(declared(charge), {"amuont": 1})
    assert "missing argument 'amount', unexpected argument 'amuont'" in message


def test_a_step_without_parameters_says_so() -> None:
    """The message is readable for a step that accepts nothing."""

    @step("acme.ping")
    def ping() -> None: ...

    assert "the step accepts: no arguments" in refusal(declared(ping), {"x": 1})


def test_an_input_cannot_pose_as_the_context() -> None:
    """An input with the name of the context's parameter is refused, also where all others are taken."""

    @step("acme.charge")
    def charge(ctx: StepContext, **rest: Any) -> None: ...

    assert "'ctx' is the StepContext, which the engine provides" in refusal(declared(charge), {"ctx": 1})


def test_a_context_without_annotation_is_explained() -> None:
    """Who forgot to annotate the context is told how to get it."""

    @step("acme.charge")
    def charge(ctx) -> None: ...  # type: ignore[no-untyped-def]  # noqa: ANN001 - the mistake under test

    assert "annotate the parameter: ctx: StepContext" in refusal(declared(charge), {})
