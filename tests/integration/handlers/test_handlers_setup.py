"""What a deployment brings is in place when its setup has run: indexes, workflows and schedules, of the packaged files."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pymongo.database import Database

from tests.integration.handlers.canonical import canonical
from tests.integration.handlers.conftest import MODULES, Configure, _memory, _process
from tests.integration.handlers.deployment import Deployment

COMPLETE = canonical("deployment/complete")
FULFIL = "acme-orders.Fulfil"
QUOTE = "acme-orders.standard-quote"


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """A copy of the example modules, to change them."""
    return Path(shutil.copytree(MODULES[0], tmp_path / "workflows"))


@pytest.fixture
def deployed(configure: Configure, files: Path) -> Iterator[Deployment]:
    """Functions that were deployed with these modules, on a database that has nothing of them."""
    paths = json.dumps([str(files)])
    with _process(), _memory(lambda more: configure({**more, "REACTORY_MODULES": paths})) as made:
        made.cold_start()
        yield made


def set_up(deployment: Deployment) -> dict[str, Any]:
    deployment.cold_start()
    result: dict[str, Any] = deployment.invoke("scheduler-setup", COMPLETE)
    return result


def change(file: Path, old: str, new: str) -> None:
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new))


def registered(deployment: Deployment) -> set[str]:
    return {one["id"] for one in deployment.request("GET", "/workflow/workflows").body["workflows"]}


def scheduled(deployment: Deployment) -> list[str]:
    return [one["id"] for one in deployment.request("GET", "/workflow/schedules").body["schedules"]]


def test_a_first_deployment_needs_nothing_else(deployed: Deployment, clean_database: Database[dict[str, Any]]) -> None:
    """IN-2, SC-5: on an empty database one call makes indexes, workflows and schedules; what it brought can be started."""
    for name in clean_database.list_collection_names():
        clean_database.drop_collection(name)
    done = set_up(deployed)
    assert done["faults"] == []
    assert f"{FULFIL}@1.0.0" in done["workflows"]
    assert done["schedules"] == {"created": [QUOTE], "updated": [], "deleted": [], "unchanged": []}
    assert registered(deployed) == set(done["workflows"])
    assert scheduled(deployed) == [QUOTE]
    assert {"tenant_status", "wake_at"} <= set(clean_database["instances"].index_information())
    started = deployed.answer(canonical("api/start"))
    assert deployed.run(started.body["instanceId"])["status"] == "COMPLETED"


def test_the_same_deployment_again_changes_nothing(deployed: Deployment) -> None:
    """SC-5: an event that comes twice leaves everything as it is, an operator's switch included."""
    first = set_up(deployed)
    assert deployed.request("POST", f"/workflow/schedules/{QUOTE}/start").status == 200
    again = set_up(deployed)
    assert again["schedules"] == {"created": [], "updated": [], "deleted": [], "unchanged": [QUOTE]}
    assert again["workflows"] == first["workflows"]
    assert deployed.request("GET", f"/workflow/schedules/{QUOTE}").body["enabled"] is True


def test_a_new_deployment_takes_over_what_has_changed(deployed: Deployment, files: Path) -> None:
    """IN-2, SC-5: a new version stands beside the old one, a schedule's new file replaces it, a removed one deletes it."""
    set_up(deployed)
    change(files / "acme-orders" / "fulfil.yaml", "version: 1.0.0", "version: 1.1.0")
    change(files / "acme-orders" / "standard-quote-schedule.yaml", "30 6 * * MON-FRI", "45 6 * * MON-FRI")
    done = set_up(deployed)
    assert done["schedules"]["updated"] == [QUOTE]
    assert {f"{FULFIL}@1.0.0", f"{FULFIL}@1.1.0"} <= registered(deployed)
    (files / "acme-orders" / "standard-quote-schedule.yaml").unlink()
    assert set_up(deployed)["schedules"]["deleted"] == [QUOTE]
    assert scheduled(deployed) == []


def test_what_is_wrong_is_told_and_stops_nothing_else(
    deployed: Deployment, files: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """WR-3, IN-2: another content under a version that instances may run on is refused; the rest is taken over."""
    set_up(deployed)
    change(files / "acme-orders" / "fulfil.yaml", "author: Acme Orders Team", "author: Others")
    change(files / "acme-orders" / "quote-shipping.yaml", "version: 1.0.0", "version: 2.0.0")
    done = set_up(deployed)
    (fault,) = done["faults"]
    assert "fulfil.yaml" in fault
    assert "DEFINITION_CONFLICT" in fault
    assert "a module cannot be used as it is" in caplog.text
    assert "acme-orders.QuoteShipping@2.0.0" in registered(deployed)
    assert deployed.answer(canonical("api/start")).status == 201
