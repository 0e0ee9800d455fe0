"""Schedules whose stored document cannot be read any more: seen, stopped, replaced and deleted all the same (SC-4, SC-14)."""

from __future__ import annotations

import json
from typing import Any

import pytest
from msgspec.structs import replace

from reactory.adapters.local_keys import LocalKeys
from reactory.adapters.sealing.schedules import SealedSchedules
from reactory.adapters.sealing.sealer import Sealer
from tests.unit.scheduler.lab import MINUTE, SchedulerLab, at, document
from tests.unit.scheduler.test_scheduler_api import ask

KEY, OTHER = b"1" * 32, b"2" * 32
REFUSED = json.dumps(document(colour="red"))
BROKEN = ['{"id": "s", "na', "[1]", '"id: s"', "null", "[" * 100_000, REFUSED]
SEALED = "sealed"
ALL = [*BROKEN, SEALED]


def spoil(lab: SchedulerLab, text: str) -> None:
    lab.schedules.replace(replace(lab.stored(), document=text), lab.stored().revision)


def with_key(lab: SchedulerLab, key: bytes) -> SealedSchedules:
    store = SealedSchedules(lab.schedules, Sealer(LocalKeys([key]), lab.clock))
    lab.scheduler = lab.make_scheduler(schedules=store)
    return store


@pytest.fixture(params=ALL, ids=["cut", "list", "text", "null", "deep", "refused", "sealed"])
def broken(request: pytest.FixtureRequest, lab: SchedulerLab) -> str:
    """``s`` fires every other minute and its document cannot be read; ``t`` beside it can. The text that is stored of ``s``."""
    lab.add("t", cron="0 0 * * *")
    if request.param == SEALED:
        with_key(lab, KEY)
        lab.add(cron="*/2 * * * *")
        with_key(lab, OTHER)
    else:
        lab.add(cron="*/2 * * * *")
        spoil(lab, request.param)
    return lab.stored().document


def test_it_is_shown_with_what_is_known(lab: SchedulerLab, broken: str) -> None:
    """SC-14: in the list and by itself, with the error and how to repair it, never with what cannot be read."""
    listed = ask(lab, "GET ")
    assert listed.status == 200
    first, second = listed.json["schedules"]
    assert (first["id"], first["workflowId"], first["enabled"], first["source"]) == ("s", "lab.Flow", True, "api")
    assert (first["nextRun"], second["error"], second["nextRun"]) == (None, None, "2026-01-02T00:00:00.000Z")
    assert first["error"]["code"] == ("sealed_unreadable" if broken.startswith("sealed:") else "invalid_schedule")
    assert "send the whole document with PUT, or delete" in first["error"]["message"]
    one = ask(lab, "GET /{id}", "/s")
    assert (one.status, one.json["error"]) == (200, first["error"])
    assert one.json["document"] == (json.loads(broken) if broken == REFUSED else None)
    assert broken == REFUSED or broken[:20] not in listed.text + one.text or len(broken) < 5


def test_a_whole_document_takes_its_place(lab: SchedulerLab, broken: str) -> None:
    """SC-14: PUT with all that a document needs; a part of one is refused, which changes nothing."""
    assert broken
    before = lab.stored()
    partial = ask(lab, "PUT /{id}", "/s", {"maxConcurrent": 2})
    assert (partial.status, partial.json["code"], lab.stored()) == (400, "invalid_schedule", before)
    assert "send the whole document" in partial.json["message"]
    assert "workflow" in [problem["path"] for problem in partial.json["problems"]]
    assert ask(lab, "PUT /{id}", "/s", document("other")).status == 400
    whole = {name: value for name, value in document(cron="*/4 * * * *").items() if name != "id"}
    mended = ask(lab, "PUT /{id}", "/s", whole)
    assert (mended.status, mended.json["error"], mended.json["document"]["id"]) == (200, None, "s")
    lab.pass_time(4 * MINUTE)
    assert lab.logged_slots() == [at("12:04")]


def test_it_can_be_stopped_and_deleted(lab: SchedulerLab, broken: str) -> None:
    """SC-4: what is stored as its document stays as it is; it cannot be started, which is told."""
    refused = ask(lab, "POST /{id}/start", "/s/start")
    assert (refused.status, refused.json["code"]) == (409, "conflict")
    assert "send the whole document" in refused.json["message"]
    for _ in range(2):
        stopped = ask(lab, "POST /{id}/stop", "/s/stop")
        assert (stopped.status, stopped.json["enabled"]) == (200, False)
    assert (lab.stored().document, lab.stored().due_at) == (broken, None)
    lab.pass_time(3 * MINUTE)
    assert lab.logged_slots() == []
    assert ask(lab, "DELETE /{id}", "/s").json == {"id": "s", "deleted": True}


def test_one_that_was_stopped_stays_so_when_its_key_is_back(lab: SchedulerLab) -> None:
    """SC-4: whatever its document says, until somebody starts it; changes of something else start nothing."""
    with_key(lab, KEY)
    lab.add()
    with_key(lab, OTHER)
    ask(lab, "POST /{id}/stop", "/s/stop")
    with_key(lab, KEY)
    found = ask(lab, "GET /{id}", "/s").json
    assert (found["error"], found["enabled"], found["document"]["schedule"]["enabled"]) == (None, False, False)
    assert ask(lab, "PUT /{id}", "/s", {"maxConcurrent": 2}).json["enabled"] is False
    assert ask(lab, "POST /{id}/start", "/s/start").json["enabled"] is True
    lab.pass_time(MINUTE)
    assert lab.logged_slots() == [at("12:01")]


def test_a_stop_of_what_cannot_be_read_counts_at_once(lab: SchedulerLab) -> None:
    """SC-4: slots that are claimed already included."""
    lab.add()
    lab.tick()
    spoil(lab, "{")
    ask(lab, "POST /{id}/stop", "/s/stop")
    lab.pass_time(2 * MINUTE)
    assert lab.logged_slots() == []
    assert [one.reason for one in lab.log()] == ["the schedule is stopped"]


def test_a_stop_of_what_cannot_be_opened_counts_at_once(lab: SchedulerLab) -> None:
    """SC-4: nor does the slot come again and again until the key is back."""
    with_key(lab, KEY)
    lab.add()
    lab.tick()
    with_key(lab, OTHER)
    ask(lab, "POST /{id}/stop", "/s/stop")
    lab.pass_time(2 * MINUTE)
    assert lab.states() == ["skipped"]


def test_a_start_that_fails_ends_where_the_schedule_cannot_be_read(lab: SchedulerLab) -> None:
    """SC-8: how often it is to be tried is not known any more: the slot has failed, and is told as that."""
    lab.add(workflow={"id": "lab.Later"})
    lab.pass_time(MINUTE)
    assert lab.states()[:1] == ["starting"]
    spoil(lab, "{")
    lab.pass_time(2 * MINUTE)
    first: Any = lab.log()[0]
    assert (first.status, first.attention_at) == ("failed", None)
    assert "the schedule cannot be read" in first.reason
    assert "not_found" in first.reason
