"""Values with ${…} holes."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import pytest

from reactory.definition.template import compile_template
from reactory.exceptions import ExpressionError


class Names:
    def __init__(self, values: Mapping[str, Any]) -> None:
        self.values = values

    def lookup(self, root: str) -> Any:
        return self.values[root]


DATA = {
    "input": {
        "id": 7,
        "half": 0.5,
        "whole": 3.0,
        "big": 1e300,
        "yes": True,
        "nil": None,
        "name": "Bób",
        "list": [1, {"a": "ü"}],
    }
}


def render(value: Any) -> Any:
    return compile_template(value).render(Names(DATA))


@pytest.mark.parametrize(
    ("template", "value"),
    [
        ("${input.id}", 7),
        ("${input.whole}", 3.0),
        ("${input.list}", [1, {"a": "ü"}]),
        ("${ input.nil }", None),
        ("id ${input.id}", "id 7"),
        ("${input.id}${input.id}", "77"),
        (" ${input.id}", " 7"),
        ("${input.half} ${input.whole} ${input.big}", "0.5 3 1e300"),
        ("${input.yes} ${input.nil} ${!input.yes}", "true null false"),
        ("${input.name}: ${input.list}", 'Bób: [1,{"a":"ü"}]'),
        ("${ {'a': input.id} }", {"a": 7}),
        ('${ "}" }', "}"),
        ("${ '${' + \"}'\" }x", "${}'x"),
        ("a } b { c $ d", "a } b { c $ d"),
        ("$${input.id}", "${input.id}"),
        ("$${a} ${input.id} $${b}", "${a} 7 ${b}"),
        ("cost: $ ${input.id}", "cost: $ 7"),
        ("${input.zz || 'none'}", "none"),
        ("", ""),
        (
            {"a": ["${input.id}", {"b": "n ${input.name}", "c": None}], "${input.id}": 1},
            {"a": [7, {"b": "n Bób", "c": None}], "${input.id}": 1},
        ),
        (12, 12),
        (None, None),
        (MappingProxyType({"a": ("${input.id}",)}), {"a": [7]}),
    ],
)
def test_holes_are_filled(template: Any, value: Any) -> None:
    """A single hole keeps the value's type, several parts are text, at any depth; keys are no templates."""
    result = render(template)
    assert result == value
    assert type(result) is type(value)


def test_a_template_knows_its_references() -> None:
    """The references of all holes, each once, and whether there is any hole."""
    template = compile_template({"a": "${input.id} ${item.x || 1}", "b": ["${input.id}"], "c": "$${no.hole}"})
    assert template.references == (("input", "id"), ("item", "x"))
    assert template.required == (("input", "id"),)
    assert template.roots == {"input", "item"}
    assert not template.constant
    assert compile_template({"c": "$${no.hole}"}).constant


def test_what_has_no_hole_is_shared() -> None:
    """Constant parts are not copied, what has holes is new with each rendering."""
    constant = {"deep": [1, 2]}
    template = compile_template({"a": constant, "b": "${input.id}"})
    one, other = template.render(Names(DATA)), template.render(Names(DATA))
    assert one["a"] is constant
    assert one == other
    assert one is not other


@pytest.mark.parametrize(
    ("template", "part"),
    [
        ("${", "is not closed"),
        ("a ${input.id", "is not closed"),
        ("${}", "empty"),
        ("${input.id}} ${", "is not closed"),
        ({"x": [{"y": "${1 +}"}]}, "x[0].y: "),
        ("${'a}", "not closed"),
        ("${" + " " * 5000 + "1}", "4096"),
    ],
)
def test_errors_of_a_template_name_the_place(template: Any, part: str) -> None:
    """YF-1: a hole that cannot be compiled is an error with its place in the value."""
    with pytest.raises(ExpressionError) as caught:
        compile_template(template)
    assert part in caught.value.message


def test_an_unresolved_reference_in_a_template_is_an_error() -> None:
    """formats.md: an unresolved reference in a template is an error that names it."""
    with pytest.raises(ExpressionError, match=r"input\.zz: 'input' has no 'zz'"):
        render({"a": "x ${input.zz}"})
