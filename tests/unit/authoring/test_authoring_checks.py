"""What is wrong with a workflow is told when it is built, with the line that wrote it."""

from __future__ import annotations

import inspect
import subprocess
import sys
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal, TypedDict

import msgspec
import pydantic
import pytest

from reactory import step
from reactory.authoring import Flow, Input, Output, Workflow, workflow
from reactory.exceptions import InvalidDefinitionError


class Line(TypedDict):
    sku: str
    price: float


class Quote(TypedDict):
    id: str
    total: float


@dataclass
class Order:
    orderId: str  # noqa: N815 - the name of the input
    lines: list[Line] = field(default_factory=list)
    express: bool = False


@step("acme.get_quote")
def get_quote(lines: list[Line], currency: str = "EUR", name: str = "") -> Quote:
    return {"id": currency + name, "total": sum(line["price"] for line in lines)}


@step("acme.open")
def open_ended(**anything: Any) -> None:
    """Takes all."""


def line_of(function: Any, text: str) -> int:
    """The line of this file on which a function says that."""
    lines, first = inspect.getsourcelines(function)
    return first + next(number for number, line in enumerate(lines) if text in line)


def problems(write: Any) -> list[tuple[str, str, int | None]]:
    """Code, message and line of all errors of a workflow."""
    with pytest.raises(InvalidDefinitionError) as caught:
        workflow("acme.Wrong", version="1.0.0")(write)
    return [(p.code, p.message, p.line) for p in caught.value.problems if p.severity == "error"]


def test_arguments_are_checked_against_the_signature() -> None:
    """YF-1: an argument that is missing or misspelt is found before anything runs, with file and line."""

    def wrong(flow: Flow) -> None:
        flow.log("fine")
        flow.task(get_quote, linse=[])
        flow.task(open_ended, whatever=1)

    line = line_of(wrong, "linse")
    assert problems(wrong) == [
        ("UNKNOWN_FIELD", f"acme.get_quote has no argument 'linse'; did you mean lines? (test_authoring_checks.py:{line})", line),
        ("MISSING_FIELD", f"acme.get_quote needs the argument 'lines' (test_authoring_checks.py:{line})", line),
    ]  # fmt: skip


def test_an_argument_of_the_function_may_have_the_name_of_an_option() -> None:
    """YF-1: the function's own argument is meant, and the field of the step goes into ``options``."""

    @workflow("acme.Clear", version="1.0.0")
    def clear(flow: Flow) -> None:
        flow.task(get_quote, lines=[], name="Ann", options={"name": "Quote"}, timeout=5)
        flow.task("acme.get_quote", inputs={"lines": [], "name": "Ann"}, name="Quote", timeout=5)

    first, second = clear.document["steps"]
    assert first | {"id": ""} == second | {"id": ""}
    assert (first["name"], first["timeout"], first["inputs"]) == ("Quote", 5, {"lines": [], "name": "Ann"})


def test_fields_of_results_and_of_inputs_are_checked_where_their_types_are_known() -> None:
    """YF-1: a reference to a field that the step does not return, or the input does not have, is told."""

    def wrong(flow: Flow, input: Order) -> None:  # noqa: A002 - the word of the language
        quote = flow.task(get_quote, lines=input.lines)
        flow.log(quote.totl)
        flow.log(input.orderID)  # type: ignore[attr-defined]
        with flow.for_each(input.lines) as line:
            flow.log(line.prize)

    told = [(message.partition(" (")[0], line) for _code, message, line in problems(wrong)]
    assert told == [
        ("Quote has no field 'totl'; did you mean total?", line_of(wrong, "totl")),
        (
            "input.orderID cannot be resolved: the input 'orderID' is not declared under inputs; did you mean orderId?",
            line_of(wrong, "orderID"),
        ),
        ("Line has no field 'prize'; did you mean price?", line_of(wrong, "prize")),
    ]


def test_everything_that_validation_finds_is_told_with_the_line_of_its_step() -> None:
    """YF-1: documents from Python pass the same validation as any other, and all of their problems are told at once."""

    def wrong(flow: Flow) -> None:
        flow.log("a", id="same")
        with flow.condition("1 >"):
            flow.log("b", id="same")
        with flow.parallel() as p:
            flow.log("lost")
        with p.branch("x"):
            flow.delay("5 minutes")
        flow.task("acme.x", inputs={"x": object()}, id="odd")

    found = {(code, line) for code, _message, line in problems(wrong)}
    assert found == {
        ("INVALID_EXPRESSION", line_of(wrong, "1 >")),
        ("DUPLICATE_STEP_ID", line_of(wrong, '"b"')),
        ("DUPLICATE_STEP_ID", line_of(wrong, '"a"')),
        ("INVALID_FIELD", line_of(wrong, "lost")),
        ("INVALID_FIELD", line_of(wrong, "5 minutes")),
        ("INVALID_FIELD", line_of(wrong, "object()")),
    } - ({("DUPLICATE_STEP_ID", line_of(wrong, '"a"'))} - found)


def test_the_error_itself_lists_the_problems() -> None:
    """YF-1: whoever sees only the traceback sees all problems and where they are."""
    with pytest.raises(InvalidDefinitionError) as caught:

        @workflow("acme.Wrong", version="one")
        def wrong(flow: Flow) -> None:
            flow.log("a", id="1")
            flow.step("telephone", id="t")

    lines = str(caught.value).splitlines()
    assert lines[0] == "acme.Wrong@one has 3 problems:"
    assert all("test_authoring_checks.py:" in line for line in lines[1:])
    assert [line.rpartition("[")[2] for line in lines[1:]] == [
        "INVALID_VERSION_FORMAT]",
        "INVALID_FIELD]",
        "UNKNOWN_STEP_TYPE]",
    ]


class Bounds(msgspec.Struct):
    kind: Literal["a", "b"]
    count: Annotated[int, msgspec.Meta(ge=1, lt=10)]
    email: Annotated[str, msgspec.Meta(pattern="@", max_length=100, description="Where to")]
    note: str | None = None
    more: dict[str, int] | None = None


def test_a_record_type_declares_the_inputs() -> None:
    """YF-2, YF-1: types, constraints, defaults and what is required come from the annotation of the parameter."""

    @workflow("acme.Typed", version="1.0.0")
    def typed(flow: Flow, order: Bounds) -> dict[str, Any]:
        flow.log(order.kind + order.email, level="debug")
        return {"count": order.count, "double": order.count * 2, "known": order.count > 1}

    assert typed.document["inputs"] == {
        "kind": {"type": "string", "required": True, "validation": {"enum": ["a", "b"]}},
        "count": {"type": "integer", "required": True, "validation": {"minimum": 1, "maximum": 9}},
        "email": {
            "type": "string",
            "description": "Where to",
            "required": True,
            "validation": {"pattern": "@", "maxLength": 100},
        },
        "note": {"type": "string"},
        "more": {"type": "object"},
    }
    assert {name: output["type"] for name, output in typed.document["outputs"].items()} == {
        "count": "integer",
        "double": "integer",
        "known": "boolean",
    }


class Sent(pydantic.BaseModel):
    tags: list[str] = pydantic.Field(default_factory=lambda: ["new"])


class Packed(msgspec.Struct):
    tags: list[str] = []


@pytest.mark.parametrize(("kind", "default"), [(Order, []), (Sent, ["new"]), (Packed, [])])
def test_defaults_that_are_made_anew_are_defaults(kind: Any, default: list[str]) -> None:
    """YF-2: a field with a default_factory is optional, and has its default when the workflow starts without it."""

    def write(flow: Flow, order: Any) -> None:
        flow.log(f"{order}")

    write.__annotations__["order"] = kind
    made = workflow("acme.Made", version="1.0.0")(write)
    name = "lines" if kind is Order else "tags"
    assert made.document["inputs"][name] == {"type": "array", "default": default}


def test_parameters_are_inputs_one_by_one() -> None:
    """YF-2, YF-1: a function may name its inputs itself; a default makes one optional, and so does None."""

    @workflow("acme.Single", version="1.0.0", inputs={"extra": Input("object", description="More")})
    def single(flow: Flow, user: str, lines: list[Line], days: int = 3, note: str | None = None) -> dict[str, Any]:
        flow.log(f"{user} {lines} {days} {note}")
        return {"n": Output(days, "number", "How many")}

    assert single.document["inputs"] == {
        "user": {"type": "string", "required": True},
        "lines": {"type": "array", "required": True},
        "days": {"type": "integer", "default": 3},
        "note": {"type": "string"},
        "extra": {"type": "object", "description": "More"},
    }
    assert single.document["outputs"] == {"n": {"type": "number", "source": "input.days", "description": "How many"}}


def test_an_input_without_a_type_is_told() -> None:
    """YF-1: inputs have one type each, so a parameter needs an annotation that gives one."""

    def untyped(flow: Flow, user, other: int | str) -> None:  # type: ignore[no-untyped-def]  # noqa: ANN001
        flow.log(f"{user}{other}")

    assert [message.partition(":")[0] for _code, message, _line in problems(untyped)][:2] == [
        "the input 'user' has no type",
        "the input 'other' has no type",
    ]


def test_the_whole_input_may_stay_undeclared() -> None:
    """YF-2: a parameter without a type, called input, is the whole input, and any field of it may be used."""

    @workflow("acme.Free", version="1.0.0")
    def free(flow: Flow, input: Any) -> None:  # noqa: A002 - the word of the language
        flow.log(input.anything)

    assert "inputs" not in free.document


def test_the_return_annotation_gives_the_types_of_the_outputs() -> None:
    """YF-1: a typed result describes the outputs of the workflow."""

    @workflow("acme.Returns", version="1.0.0")
    def returns(flow: Flow) -> Quote:
        made = flow.task("acme.any")
        return {"id": made.id, "total": made.sum}

    assert {name: output["type"] for name, output in returns.document["outputs"].items()} == {
        "id": "string",
        "total": "number",
    }


def test_handlers_of_a_workflow_are_known() -> None:
    """YF-1: whoever runs a workflow written in Python gets the functions that it was built with."""

    @workflow("acme.Handlers", version="1.0.0")
    def made(flow: Flow) -> None:
        flow.task(get_quote, lines=[])
        flow.task("acme.other")

    assert list(made.handlers) == ["acme.get_quote"]
    assert isinstance(made, Workflow)


def test_a_function_that_is_no_step_is_refused() -> None:
    """YF-1: the remedy is told."""
    with pytest.raises(TypeError, match="mark it with @step"):
        workflow("acme.Wrong", version="1.0.0")(lambda flow: flow.task(len))


def test_importing_it_needs_no_models() -> None:
    """IN-2: neither ``import reactory`` nor the names for authors bring pydantic or YAML into the process."""
    code = "import sys, reactory, reactory.authoring; assert not {'pydantic', 'yaml'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True, env={"PYTHONPATH": ":".join(sys.path)})
