"""The registry of Python steps."""

from __future__ import annotations

from types import ModuleType

import pytest

from reactory import step
from reactory.exceptions import ConflictError
from reactory.steps.registry import StepRegistry, marked_steps


@step("acme.one")
def one() -> int:
    return 1


@step("acme.two")
def two() -> int:
    return 2


def test_steps_are_found_by_name() -> None:
    """A registered step is found by its name, another name finds nothing."""
    registry = StepRegistry()
    found = registry.add(one)
    registry.add(two)
    assert registry.get("acme.one") is found
    assert found.function is one
    assert registry.get("acme.three") is None
    assert registry.names() == {"acme.one", "acme.two"}
    assert ("acme.two" in registry, len(registry)) == (True, 2)


def test_the_same_step_twice_is_no_conflict() -> None:
    """A step that two files re-export is one step."""
    registry = StepRegistry()
    assert registry.add(one) is registry.add(one)


def test_another_step_of_the_same_name_is_refused() -> None:
    """Two functions cannot share a name: the message names both places, and the first stays."""

    @step("acme.one")
    def other() -> int:
        return 3

    registry = StepRegistry()
    registry.add(one)
    with pytest.raises(ConflictError, match=r"Two steps are called 'acme\.one'.*test_step_registry\.py:\d+ and .*:\d+"):
        registry.add(other)
    found = registry.get("acme.one")
    assert found is not None
    assert found.function is one


def test_only_marked_functions_can_be_added() -> None:
    """A function without ``@step`` is refused with the remedy."""
    with pytest.raises(TypeError, match="mark it with @step"):
        StepRegistry().add(len)


def test_a_python_module_s_steps_are_collected_once() -> None:
    """All marked functions of a Python module are found, aliases once, other names ignored."""
    module = ModuleType("m")
    vars(module).update(two=two, one=one, uno=one, number=7, plain=len)
    assert [found.name for found in marked_steps(module)] == ["acme.two", "acme.one"]
