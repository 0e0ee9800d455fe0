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
from reactory.host.wakeups import send_wakeups
from reactory.settings import Settings

LEAST = 60
WAVE = 20
SECONDS = 120.0


def test_two_stacks_share_the_work_and_never_an_instance(
    mongo_uri: str, empty_database: Database[dict[str, Any]], tmp_path: Path
) -> None:
    """WH-2, WR-12: both stacks want every instance, both advance some, never at once, and no step runs twice."""
    name, effects = empty_database.name, tmp_path / "effects"
    ids: list[str] = []
    with (
        proof_stack(mongo_uri, name, effects, name="one") as one,
        proof_stack(mongo_uri, name, effects, name="two") as two,
        Watch(empty_database) as watch,
    ):
        engine = Engine(Settings(mongodb_uri=mongo_uri, database=name, aws="memory"), one.queue)

        def start_more() -> None:
            """The first stack gets the hints, and the second gets the same ones: they race for each instance."""
            new = engine.start(proof.WORKFLOW, [{"n": n, "work": 5} for n in range(len(ids), len(ids) + WAVE)])
            send_wakeups(two.queue, [(instance_id, 2, 0, "default") for instance_id in new])
            ids.extend(new)

        def shared() -> bool:
            """Enough is done, by both; one that was slow to start gets its chance with the next wave."""
            for stack in (one, two):
                stack.invoke("host-sweeper", {})
            if engine.statuses()["COMPLETED"] < len(ids):
                return False
            if len(ids) >= LEAST and {effect.stack for effect in read(effects)} == {"one", "two"}:
                return True
            start_more()
            return False

        wait_until(shared, SECONDS, "the work of both stacks", every=0.02)
        ledger = watch.ledger()
    found = engine.instances(ids)
    assert [engine.outputs(found[one_id]) for one_id in ids] == [proof.expected(n) for n in range(len(ids))]
    assert ledger.violations == []
    assert {tenure.instance for tenure in ledger.tenures} == set(ids)
    happened = read(effects)
    assert [*begun_twice(happened), *begun_out_of_order(happened)] == []
    assert len(happened) == 2 * proof.EXECUTIONS * len(ids)
