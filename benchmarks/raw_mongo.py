"""The limit: fenced one-fact updates as a pass makes them, sent by a client that does nothing else."""

from __future__ import annotations

import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from statistics import median
from typing import Any

from benchmarks.context import Bench
from benchmarks.report import Figure, Result
from benchmarks.worker_process import WorkerProcess
from reactory.adapters.mongo.client import connect

ROUNDS = 5
"""Facts per document, as a five-step instance has them."""

LANES = 2
"""Updates under way at once per process, as in the engine."""

_FACT = '{"k":"ok","path":"three","attempt":1,"started":1760000000000,"at":1760000000001,"output":{"n":1234}}'
_OWNER = "01JA0000000000000000000000"
_CONCERN = {"w": "majority", "j": True}


def run(bench: Bench) -> Result:
    documents, repeats = (40, 1) if bench.quick else (1000, 5)
    sizes = (1, 10, 50)
    rates: dict[int, list[float]] = {size: [] for size in sizes}
    with ExitStack() as stack:
        workers = [stack.enter_context(WorkerProcess({})) for _ in range(bench.workers)]
        for repeat in range(repeats):
            for size in sizes:
                count = documents if size > 1 else documents // 5
                rates[size].append(_measure(bench, workers, f"r{repeat}s{size}", count, size))
    figures = [
        Figure(
            f"updates in commands of {size}",
            median(rates[size]),
            "updates/s",
            "",
            f"median of {repeats}; {bench.workers} processes with {LANES} connections",
        )
        for size in sizes
    ]
    return Result("raw", figures, {"rates": {str(size): one for size, one in rates.items()}})


def _measure(bench: Bench, workers: Sequence[WorkerProcess], name: str, documents: int, size: int) -> float:
    ids = [f"{name}-{number:06d}" for number in range(documents)]
    connect(bench.uri)[bench.database("raw")]["instances"].insert_many([_document(one) for one in ids])
    count = len(workers)
    futures = [
        worker.submit(push_all, bench.uri, bench.database("raw"), ids[k::count], size)
        for k, worker in enumerate(workers)
    ]
    spans = [future.result() for future in futures]
    return documents * ROUNDS / (max(end for _, end in spans) - min(begin for begin, _ in spans))


def push_all(uri: str, name: str, ids: Sequence[str], size: int) -> tuple[float, float]:
    """In a worker's process: push a fact to every document, ``ROUNDS`` times; when that began and ended."""
    database = connect(uri)[name]
    database.command("ping")
    commands = [_commands(ids[lane::LANES], size) for lane in range(LANES)]

    def send(lane: Sequence[dict[str, Any]]) -> None:
        for command in lane:
            reply = database.command(command)
            if reply["n"] != len(command["updates"]) or reply.get("writeErrors"):
                raise AssertionError(f"an update did not happen: {reply}")

    with ThreadPoolExecutor(LANES) as threads:
        began = time.monotonic()
        list(threads.map(send, commands))
        return began, time.monotonic()


def _commands(ids: Sequence[str], size: int) -> list[dict[str, Any]]:
    """For each group of ``size`` documents its rounds, one after the other."""
    return [
        {
            "update": "instances",
            "updates": [_update(one, turn) for one in ids[begin : begin + size]],
            "ordered": False,
            "writeConcern": _CONCERN,
        }
        for begin in range(0, len(ids), size)
        for turn in range(ROUNDS)
    ]


def _update(instance_id: str, turn: int) -> dict[str, Any]:
    return {
        "q": {
            "_id": instance_id,
            "epoch": 1,
            "lease.owner": _OWNER,
            "lease.until": {"$exists": True},
            "inbox": [],
            "journalCount": turn,
        },
        "u": {"$push": {"journal": {"$each": [_FACT]}}, "$inc": {"journalCount": 1}},
    }


def _document(instance_id: str) -> dict[str, Any]:
    """As large as an instance that was just claimed."""
    return {
        "_id": instance_id,
        "tenant": "default",
        "workflowId": "bench.Five",
        "version": "1.0.0",
        "fingerprint": "f" * 64,
        "status": "PENDING",
        "priority": 2,
        "input": '{"n":1234}',
        "journal": [],
        "journalCount": 0,
        "inbox": [],
        "epoch": 1,
        "lease": {"owner": _OWNER, "until": 1_760_000_000_000},
    }
