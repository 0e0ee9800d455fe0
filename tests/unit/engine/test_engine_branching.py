"""condition and switch: one branch runs, the others do not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.unit.engine.conftest import Engine


@pytest.mark.parametrize(("go", "ran", "branch"), [(True, "choose/yes", "then"), (False, "choose/no", "else")])
def test_a_condition_runs_one_branch(engine: Engine, go: bool, ran: str, branch: str) -> None:
    """YF-4: thenSteps where the condition holds, else elseSteps; the output names the branch."""
    done = engine.run(
        engine.node(
            "choose", "condition", condition="input.go", thenSteps=[engine.do("yes")], elseSteps=[engine.do("no")]
        ),
        engine.do("after"),
        data={"go": go},
        inputs={"go": {"type": "boolean"}},
        outputs={"branch": "steps.choose.branch"},
    )
    assert engine.calls == [ran, "after"]
    assert engine.outputs(done) == {"branch": branch}


def test_a_condition_without_the_branch_that_is_needed_is_through(engine: Engine) -> None:
    """YF-4: where the branch that is taken was not written, nothing runs and the next step follows."""
    done = engine.run(
        engine.node("choose", "condition", condition="1 > 2", thenSteps=[engine.do("yes")]),
        engine.do("after"),
        outputs={"branch": "steps.choose.branch"},
    )
    assert engine.calls == ["after"]
    assert engine.outputs(done) == {"branch": "else"}


def test_steps_of_a_branch_are_seen_after_it(engine: Engine) -> None:
    """WH-8: what ran in a branch is in scope behind it."""
    done = engine.run(
        engine.node("choose", "condition", condition="true", thenSteps=[engine.do("yes", value=9)]),
        outputs={"yes": "steps.yes.value"},
    )
    assert engine.outputs(done) == {"yes": 9}


def switch(engine: Engine, value: Any, **more: Any) -> str:
    cases = [
        {"when": "a", "steps": [engine.do("in_a")]},
        {"when": 1, "steps": [engine.do("in_1")]},
        {"when": True, "steps": [engine.do("in_true")]},
        {"when": "${input.other}", "steps": [engine.do("in_other")]},
        {"when": "empty", "steps": []},
    ]
    return engine.run(
        engine.node("pick", "switch", value="value", cases=cases, **more),
        engine.do("after"),
        data={"other": "z"},
        variables={"value": value},
        inputs={"other": {"type": "string"}},
        outputs={"case": "steps.pick.case"},
    )


@pytest.mark.parametrize(
    ("value", "ran"),
    [
        ("a", ["pick/in_a"]),
        (1, ["pick/in_1"]),
        (1.0, ["pick/in_1"]),
        (True, ["pick/in_true"]),
        ("z", ["pick/in_other"]),
    ],
)
def test_a_switch_runs_the_case_that_matches(engine: Engine, value: Any, ran: list[str]) -> None:
    """YF-4: the case that equals the value runs, as JSON compares: 1 is 1.0 and is not true; a case may be computed."""
    done = switch(engine, value)
    assert engine.calls == [*ran, "after"]
    assert engine.outputs(done) == {"case": value}


def test_an_empty_case_runs_nothing(engine: Engine) -> None:
    """YF-4: a case without steps is a case all the same: the default does not run."""
    done = switch(engine, "empty", default=[engine.do("otherwise")])
    assert engine.calls == ["after"]
    assert engine.outputs(done) == {"case": "empty"}


def test_a_switch_without_a_match_runs_its_default(engine: Engine) -> None:
    """YF-4: default runs where nothing matches."""
    switch(engine, "none", default=[engine.do("otherwise")])
    assert engine.calls == ["pick/otherwise", "after"]


def test_a_switch_without_match_and_default_runs_nothing(engine: Engine) -> None:
    """YF-4: no match and no default: nothing runs, and the next step follows."""
    done = switch(engine, "none")
    assert engine.calls == ["after"]
    assert engine.outputs(done) == {"case": None}


def test_branches_nest(engine: Engine) -> None:
    """YF-4: a branch holds whatever a document holds."""
    inner = engine.node("inner", "switch", value="2", cases=[{"when": 2, "steps": [engine.do("deep")]}])
    done = engine.run(engine.node("outer", "condition", condition="true", thenSteps=[inner, engine.do("beside")]))
    assert engine.calls == ["outer/inner/deep", "outer/beside"]
    assert engine.status(done) == "COMPLETED"
