"""Retry policies by name, and what configuration says about the retries of a workflow."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from reactory.exceptions import ConflictError, InvalidDefinitionError
from reactory.settings import read_settings

if TYPE_CHECKING:
    from tests.unit.engine.conftest import Engine

BANK = '{"BANK": {"maxAttempts": 3, "initialDelay": 7000, "backoffStrategy": "fixed", "jitter": false}}'


def configure(engine: Engine, **environ: str) -> None:
    engine.settings = read_settings({f"REACTORY_{name.upper()}": value for name, value in environ.items()}).model_copy(
        update={"aws": "memory"}
    )


def attempts(engine: Engine, step: dict[str, Any], **metadata: Any) -> list[int]:
    """When a step that never succeeds was tried, in ms."""
    engine.errors["a"] = [ValueError("no")] * 30
    engine.until_idle(engine.run(engine.do("a") | step, metadata=metadata))
    return engine.times


@pytest.mark.parametrize(
    ("policy", "times"),
    [
        ("CONSERVATIVE", [0, 5000]),
        ({"policy": "NETWORK", "jitter": False}, [0, 500, 1750, 4875, 12_687]),
        ({"policy": "NETWORK", "jitter": False, "maxAttempts": 2, "initialDelay": 9}, [0, 9]),
        ({"policy": "DEFAULT", "jitter": False}, [0, 1000, 3000]),
        ("MINE", [0, 20, 40, 60]),
        ({"policy": "MINE", "maxAttempts": 2}, [0, 20]),
        ("BANK", [0, 7000, 14_000]),
        ({"policy": "BANK", "maxAttempts": 2}, [0, 7000]),
    ],
)
@pytest.mark.parametrize("place", ["step", "workflow"])
def test_a_policy_is_named(engine: Engine, policy: Any, times: list[int], place: str) -> None:
    """EH-10: one of the three that always are, of the document's own, or of the configuration's; with changes or without."""
    configure(engine, retry_policies=BANK)
    own = {"MINE": {"maxAttempts": 4, "initialDelay": 20, "backoffStrategy": "fixed", "jitter": False}}
    step = {"retryPolicy": policy} if place == "step" else {}
    metadata = {"retryPolicies": own} | ({} if place == "step" else {"retryPolicy": policy})
    assert attempts(engine, step, **metadata) == times


@pytest.mark.parametrize("policy", ["BNAK", {"policy": "BNAK"}])
@pytest.mark.parametrize("place", ["step", "workflow"])
def test_a_name_that_nobody_knows_is_refused(engine: Engine, policy: Any, place: str) -> None:
    """EH-10: when the document is registered or validated, with a code of its own, its place, and what was perhaps meant."""
    configure(engine, retry_policies=BANK)
    step = {"retryPolicy": policy} if place == "step" else {}
    document = engine.document(engine.do("a") | step, metadata={} if place == "step" else {"retryPolicy": policy})
    with pytest.raises(InvalidDefinitionError) as caught:
        engine.register(document)
    (problem,) = caught.value.problems
    assert problem.code == "UNKNOWN_POLICY"
    assert problem.path.startswith("steps[0].retryPolicy" if place == "step" else "metadata.retryPolicy")
    assert "BANK" in problem.message


@pytest.mark.parametrize(
    ("override", "step", "metadata", "times"),
    [
        ({"maxRetries": 0}, {}, {}, [0]),
        ({"maxRetries": 1}, {}, {}, [0, 5000]),
        ({"maxRetries": 2}, {}, {"retryPolicy": {"maxAttempts": 9, "initialDelay": 0}}, [0, 0, 0]),
        ({"policy": "BANK"}, {}, {"retryPolicy": {"maxAttempts": 9}}, [0, 7000, 14_000]),
        ({"policy": "BANK", "maxRetries": 1}, {}, {}, [0, 7000]),
        ({"policy": "BANK", "maxRetries": 0}, {"retryPolicy": {"maxAttempts": 2, "initialDelay": 0}}, {}, [0, 0]),
    ],
)
def test_configuration_overrides_a_workflow(
    engine: Engine, override: dict[str, Any], step: dict[str, Any], metadata: dict[str, Any], times: list[int]
) -> None:
    """EH-10: maxRetries and policy of the configuration count for all steps that declare no policy of their own."""
    import json

    configure(engine, retry_policies=BANK, workflow_overrides=json.dumps({"test.Flow": override}))
    assert attempts(engine, step, **metadata) == times


def test_another_workflow_is_not_concerned(engine: Engine) -> None:
    """EH-10: an override is for the workflow that it names."""
    configure(engine, workflow_overrides='{"test.Other": {"maxRetries": 0}}')
    assert attempts(engine, {}) == [0, 5000]


def test_an_instance_keeps_the_rules_that_it_was_started_under(engine: Engine) -> None:
    """EH-10, WH-1: a later change of the configuration changes nothing for what runs already, whoever runs it."""
    configure(engine, retry_policies=BANK, workflow_overrides='{"test.Flow": {"policy": "BANK"}}')
    engine.errors["a"] = [ValueError("no")] * 9
    run = engine.run(engine.do("a"))
    configure(engine)
    engine.new_worker()
    engine.until_idle(run)
    assert engine.times == [0, 7000, 14_000]


def test_a_policy_that_is_gone_stops_new_starts(engine: Engine) -> None:
    """EH-10: a document that names a policy which is no longer configured is not started with another."""
    configure(engine, retry_policies=BANK)
    reference = engine.register(engine.document(engine.do("a", retryPolicy="BANK")))
    configure(engine)
    with pytest.raises(ConflictError, match="BANK"):
        engine.start(reference)


def test_a_migration_needs_the_policies_that_it_leads_to(engine: Engine) -> None:
    """EH-10, WH-20: an instance has the policies that it was started with, and moves to no version that needs others."""
    configure(engine, retry_policies=BANK)
    run = engine.run(engine.node("w", "wait_event", eventName="e"), engine.do("a"))
    newer = [engine.node("w", "wait_event", eventName="e"), engine.do("a", retryPolicy="BANK")]
    engine.register(engine.document(*newer, version="2.0.0"))
    with pytest.raises(ConflictError, match="retry policy BANK"):
        engine.runner.control.control(run, "migrate", version="2.0.0")


def test_a_part_of_a_distributed_loop_has_the_rules_of_its_instance(engine: Engine) -> None:
    """EH-10: also a part that begins after the configuration was changed."""
    configure(engine, retry_policies=BANK)
    body = engine.do("a", label="a", retryPolicy="BANK")
    reference = engine.register(
        engine.document(
            engine.node("nap", "delay", duration=1000),
            engine.node("each", "for_each", items=[1], distributed={"batchSize": 1}, steps=[body]),
        )
    )
    run = engine.start(reference)
    engine.work()
    configure(engine)  # the policy is gone
    engine.errors["a"] = [ValueError("no")]
    engine.advance(1000)
    (part,) = engine.children(run)
    assert engine.instance(part).rules == engine.instance(run).rules
    engine.until_idle(part)
    engine.work()
    assert engine.status(run) == "COMPLETED"
    assert engine.times == [1000, 8000]
