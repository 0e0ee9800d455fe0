"""Two local stacks, each with its own queues and workers, on one database."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pymongo.database import Database

from benchmarks import proof
from benchmarks.effects import read
from benchmarks.engine import Engine
from benchmarks.judgement import begun_out_of_order, begun_twice
from benchmarks.ownership import Watch
from benchmarks.proof import proof_stack, wait_until
from reactory.settings import Settings

INSTANCES = 60
SECONDS = 60.0


def test_two_stacks_share_the_work_and_never_an_instance(
    mongo_uri: str, empty_database: Database[dict[str, Any]], tmp_path: Path
) -> None:
    """WH-2, WR-12: both stacks advance instances of the other, no instance at once, and no step runs twice."""
    name, effects = empty_database.name, tmp_path / "effects"
    with (
        proof_stack(mongo_uri, name, effects, name="one") as one,
        proof_stack(mongo_uri, name, effects, name="two") as two,
        Watch(empty_database) as watch,
    ):
        engine = Engine(Settings(mongodb_uri=mongo_uri, database=name, aws="memory"), one.queue)
        # the hints of all go to the first stack; the second finds instances by its sweeps, so both want the same ones
        ids = engine.start(proof.WORKFLOW, [{"n": n, "work": 5} for n in range(INSTANCES)])

        def finished() -> bool:
            for stack in (one, two):
                stack.invoke("host-sweeper", {})
            return engine.statuses()["COMPLETED"] == INSTANCES

        wait_until(finished, SECONDS, "the end of all instances", every=0.05)
        ledger = watch.ledger()
    found = engine.instances(ids)
    assert [engine.outputs(found[instance_id]) for instance_id in ids] == [proof.expected(n) for n in range(INSTANCES)]
    assert ledger.violations == []
    assert {tenure.instance for tenure in ledger.tenures} == set(ids)
    happened = read(effects)
    assert [*begun_twice(happened), *begun_out_of_order(happened)] == []
    assert len(happened) == 2 * proof.EXECUTIONS * INSTANCES
    assert {effect.stack for effect in happened} == {"one", "two"}
