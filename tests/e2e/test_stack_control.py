"""Operators over HTTP while a step runs: what they ask is honoured before the next step."""

from __future__ import annotations

from pathlib import Path

from tests.e2e.api import Api, holders, succeeded, until


def held(api: Api, folder: Path) -> str:
    """An instance whose second step runs and waits for the file ``gate``."""
    instance_id = api.start("plant.Hold", {"folder": str(folder)})
    until(lambda: holders(folder), bool)
    return instance_id


def control(api: Api, method: str, path: str, status: str) -> None:
    response = api.http.request(method, path, json={"reason": "because"})
    assert (response.status_code, response.json()["status"]) == (200, status), response.text


def test_a_pause_is_honoured_before_the_next_step(api: Api, tmp_path: Path) -> None:
    """WH-17, WR-9: the running step ends and counts, the next one begins only after the resume, and then at once."""
    instance_id = held(api, tmp_path)
    path = f"/workflow/instance/{instance_id}"
    control(api, "POST", f"{path}/pause", "PAUSED")
    assert api.see(instance_id)["status"] == "PAUSED"
    (tmp_path / "gate").touch()
    until(lambda: succeeded(api.history(instance_id)), lambda done: "hold" in done)
    assert succeeded(api.history(instance_id)) == ["before", "hold"]
    assert api.see(instance_id)["status"] == "PAUSED"
    control(api, "POST", f"{path}/resume", "RUNNING")
    seen = api.finished(instance_id)
    assert (seen["status"], seen["outputs"]["after"]) == ("COMPLETED", "Hello again")
    assert holders(tmp_path) == [seen["outputs"]["pid"]]
    assert succeeded(api.history(instance_id)) == ["before", "hold", "after"]


def test_a_cancel_ends_the_instance_while_its_step_runs(api: Api, tmp_path: Path) -> None:
    """WH-17, LC-13: cancelled at once, with reason and end; no further step begins."""
    instance_id = held(api, tmp_path)
    path = f"/workflow/instance/{instance_id}"
    control(api, "DELETE", path, "CANCELLED")
    seen = api.see(instance_id)
    assert (seen["status"], seen["reason"]["message"]) == ("CANCELLED", "because")
    assert seen["completedAt"] is not None
    (tmp_path / "gate").touch()
    until(lambda: api.get("/workflow/instances", status="CANCELLED", search=instance_id)["total"], lambda n: n == 1)
    assert "after" not in succeeded(api.history(instance_id))
    for action in ("pause", "resume", "retry"):
        refused = api.post(f"{path}/{action}")
        assert (refused.status_code, refused.json()["code"]) == (409, "illegal_transition")
    assert api.see(instance_id)["status"] == "CANCELLED"


def test_a_failed_instance_is_taken_up_where_it_failed(api: Api, tmp_path: Path) -> None:
    """WR-9, LC-14: after the repair a retry runs the failed step again and keeps the finished one."""
    fixed = tmp_path / "fixed"
    instance_id = api.start("plant.Refuse", {"fixed": str(fixed)})
    failed = api.finished(instance_id)
    assert (failed["status"], failed["reason"]["stepId"]) == ("FAILED", "refuse")
    assert "create it, then retry" in failed["reason"]["message"]
    fixed.touch()
    control(api, "POST", f"/workflow/instance/{instance_id}/retry", "RUNNING")
    assert api.finished(instance_id)["status"] == "COMPLETED"
    assert succeeded(api.history(instance_id)) == ["before", "refuse"]


def test_one_token_starts_one_instance(api: Api) -> None:
    """WR-13: the second request with the token is answered with the first one's instance; another body is refused."""
    headers = {"idempotency-key": "one-token"}
    first, second, other = (
        api.post("/workflow/start/plant.Greet", {"name": name}, headers=headers) for name in ("Ada", "Ada", "Bob")
    )
    assert first.json()["instanceId"] == second.json()["instanceId"]
    assert (first.status_code, second.status_code) == (201, 201)
    assert second.headers["idempotency-replayed"] == "true"
    assert (other.status_code, other.json()["code"]) == (409, "idempotency_conflict")
    assert api.get("/workflow/instances", search=first.json()["instanceId"])["total"] == 1
