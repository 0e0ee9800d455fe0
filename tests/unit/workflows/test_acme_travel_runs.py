"""The travel example run on a clock of its own: days of waiting, and everything that may go wrong."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from reactory.testing import Run, WorkflowTester

FOLDER = Path(__file__).parents[3] / "workflows" / "acme-travel"
ADA = {"name": "Ada", "email": "ada@example.com", "passport": "AB123456"}
GRACE = {"name": "Grace", "email": "grace@example.com", "passport": "CD987654"}


def begin(tester: WorkflowTester, **more: Any) -> Run:
    """A trip for one that nobody has to approve, unless ``more`` says else."""
    data = {"tripId": "trip-1", "destination": "Porto", "nights": 3, "travellers": [ADA], "manager": "zoe"}
    return tester.load(FOLDER).start("acme-travel.BookTrip", data | more)


def pay(tester: WorkflowTester, run: Run, amount: int | None = None) -> None:
    paid = run.variables["total"] if amount is None else amount
    tester.publish("trip-paid", "trip-1", {"paymentId": "p-1", "amount": paid})


def performed(tester: WorkflowTester) -> list[str]:
    """The ids of the Python steps in the order in which they ran."""
    return [call.path.rpartition("/")[2] for call in tester.calls]


def test_a_trip_is_booked_and_paid(reactory: WorkflowTester) -> None:
    """WH-5: paid in time, looked for until the tickets are there, papers for each traveller, and at last the reminder."""
    began = reactory.now
    run = begin(reactory, travellers=[ADA, GRACE])
    assert performed(reactory) == ["quote", "flight", "hotel", "car"]
    pay(reactory, run)
    run.run_to_completion()
    assert (run.outputs["status"], run.outputs["total"], run.outputs["looks"]) == ("booked", 92_500, 3)
    assert [name.partition("_")[0] for name in run.outputs["bookings"]] == ["flight", "hotel", "car"]
    assert len(set(run.outputs["papers"])) == 2
    assert [child.status for child in run.children] == ["COMPLETED", "COMPLETED"]
    assert performed(reactory)[-1] == "reminder"
    assert reactory.now - began == 7 * 86_400_000
    assert run.view["compensated"] is False


def test_the_reminder_holds_nothing_up(reactory: WorkflowTester) -> None:
    """WH-5: what follows a schedule goes on at once; the papers are there long before the reminder."""
    run = begin(reactory)
    pay(reactory, run)
    reactory.skip("90m")
    assert (run.status, run.steps["papers"], run.steps["remind"]) == ("RUNNING", "COMPLETED", "SLEEPING")


def test_the_tickets_are_looked_for_every_half_hour(reactory: WorkflowTester) -> None:
    """WH-5, WH-7: the first time at once, then once per interval."""
    run = begin(reactory)
    pay(reactory, run)
    for minutes, looks in ((29, 1), (1, 2), (29, 2), (1, 3)):
        reactory.skip(minutes * 60)
        assert performed(reactory).count("look") == looks


def test_a_dear_trip_is_approved(reactory: WorkflowTester) -> None:
    """YF-7: nothing is booked before the manager has answered."""
    run = begin(reactory, nights=20)
    (task,) = reactory.tasks
    assert (task.assignee, task.message) == ("zoe", "1 to Porto for 298000 cents?")
    assert performed(reactory) == ["quote"]
    reactory.complete_task("approval", "approve", user="zoe")
    pay(reactory, run)
    assert run.run_to_completion().outputs["status"] == "booked"


def test_a_dear_trip_is_rejected_by_the_travel_desk(reactory: WorkflowTester) -> None:
    """WH-7: after a day the question is the travel desk's; a rejection ends the instance, and nothing was booked."""
    run = begin(reactory, nights=20)
    reactory.skip("1d")
    (task,) = reactory.tasks
    assert task.assignee == "travel-desk"
    reactory.complete_task("approval", "reject", {"reason": "too dear"}, user="tom")
    assert (run.outputs["status"], run.outputs["bookings"]) == ("rejected", [])
    assert performed(reactory) == ["quote"]


def test_nobody_approves(reactory: WorkflowTester) -> None:
    """WH-12: after a week without an answer the instance has failed; a retry asks anew."""
    run = begin(reactory, nights=20)
    reactory.skip("7d")
    assert run.reason is not None
    assert (run.status, run.reason["stepId"]) == ("FAILED", "approval")
    assert reactory.tasks == []
    run.retry()
    reactory.complete_task("approval", "approve")
    assert run.steps["book/flight"] == "COMPLETED"


@pytest.mark.parametrize(
    ("destination", "undone"),
    [
        ("Atlantis", ["hotel", "cancel_hotel", "cancel_flight"]),
        ("Venice", ["car", "cancel_car", "cancel_hotel", "cancel_flight"]),
    ],
)
def test_what_cannot_be_had_undoes_the_rest(reactory: WorkflowTester, destination: str, undone: list[str]) -> None:
    """WH-15, WH-16: the failed step first, then the bookings in reverse order; the instance ends COMPLETED, compensated."""
    run = begin(reactory, destination=destination)
    assert performed(reactory)[-len(undone) - 1 :] == [*undone, "tell_cancelled"]
    assert run.outputs["status"] == "cancelled"
    assert run.view["compensated"] is True
    cancelled = [call.inputs["reference"].partition("_")[0] for call in reactory.calls if "cancel_" in call.path]
    assert cancelled == ["", *reversed(["flight", "hotel"][: len(undone) - 2])]


def test_a_trip_that_is_not_paid_is_given_back(reactory: WorkflowTester) -> None:
    """WH-12, WH-15: the payment's time-out undoes the bookings; a late payment changes nothing."""
    run = begin(reactory)
    reactory.skip("2d")
    assert performed(reactory)[-4:] == ["cancel_car", "cancel_hotel", "cancel_flight", "tell_cancelled"]
    pay(reactory, run)
    assert run.outputs["status"] == "cancelled"


def test_too_little_money_is_sent_back(reactory: WorkflowTester) -> None:
    """WH-15: what undoes the failed step runs first."""
    run = begin(reactory)
    pay(reactory, run, amount=1)
    assert performed(reactory)[-5:] == ["refund", "cancel_car", "cancel_hotel", "cancel_flight", "tell_cancelled"]
    assert run.outputs["bookings"] == []


def test_a_payment_for_another_trip_is_not_taken(reactory: WorkflowTester) -> None:
    """WH-9: the key has to be that of the trip; one that came before the wait began is taken too."""
    run = begin(reactory, nights=20)
    reactory.publish("trip-paid", "trip-2", {"paymentId": "p-2", "amount": 1})
    pay(reactory, run)
    reactory.complete_task("approval", "approve")
    assert run.run_to_completion().outputs["status"] == "booked"


def test_a_cancellation_that_fails_waits_for_an_operator(reactory: WorkflowTester) -> None:
    """WH-14: when its attempts are used up the instance is PAUSED; resume goes on where it stopped."""
    reactory.fail_step("cancel_hotel", "the hotel does not answer", times=3)
    run = begin(reactory, destination="Venice")
    reactory.skip("1m")
    assert run.reason is not None
    assert (run.status, run.reason["code"], run.reason["stepId"]) == ("PAUSED", "compensation_failed", "cancel_hotel")
    run.resume()
    assert run.run_to_completion().outputs["status"] == "cancelled"
    assert performed(reactory)[-4:] == ["cancel_hotel", "cancel_hotel", "cancel_flight", "tell_cancelled"]


def test_a_wrong_passport_fails_the_child_and_the_trip(reactory: WorkflowTester) -> None:
    """WH-14, LC-14: a retry of the trip takes the failed child up; the other traveller's papers are kept."""
    run = begin(reactory, travellers=[ADA, GRACE | {"passport": "?"}])
    pay(reactory, run)
    reactory.skip("7d")
    assert run.reason is not None
    assert run.status == "FAILED"
    assert "Grace cannot enter Porto" in run.reason["message"]
    reactory.replace_step("acme-travel.check_passport", lambda traveller, destination: None)
    run.retry()
    assert run.run_to_completion().outputs["status"] == "booked"
    assert performed(reactory).count("issue") == 2
    assert performed(reactory).count("reminder") == 1


def test_a_trip_survives_crashes(reactory: WorkflowTester) -> None:
    """WH-1, WH-15: wherever a worker dies, everything is given back in order, each under one key."""
    for writes in range(1, 12):
        reactory.crash_after(writes)
        run = begin(reactory, destination="Venice", tripId=f"trip-{writes}")
        assert run.run_to_completion().outputs["status"] == "cancelled"
        undone = [path for path, status in run.steps.items() if "undo" in path and status == "COMPLETED"]
        assert len(undone) == 3
