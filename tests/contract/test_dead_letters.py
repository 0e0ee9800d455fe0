"""DeadLetters: kept once, listed, sent again once."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from reactory.exceptions import InvalidCursorError
from reactory.ports.dead_letters import DeadLetter, DeadLetters

DIED = 1_760_000_000_000


def letter(letter_id: str = "m1", **fields: Any) -> DeadLetter:
    values: dict[str, Any] = {"queue": "triggers", "body": '{"id": "acme.Order"', "died_at": DIED}
    return DeadLetter(id=letter_id, **(values | fields))


def listed(letters: DeadLetters, **wanted: Any) -> list[str]:
    asked: dict[str, Any] = {"tenant": "default", "queue": None, "state": None, "limit": 100, "after": None} | wanted
    return [one.id for one in letters.list(**asked)]


def test_a_dead_letter_reads_back_as_it_was(dead_letters: DeadLetters) -> None:
    """WR-11: the text as it was sent, whatever it is, and all that the queue knows about it."""
    whole = letter(tenant="acme", sent_at=DIED - 5, receives=5, attributes={"SenderId": "$x", "a.b": "c"}, body="$\x00")
    plain = letter("m2")
    dead_letters.add([whole, plain])
    dead_letters.add([])
    assert [dead_letters.get("m1"), dead_letters.get("m2"), dead_letters.get("m3")] == [whole, plain, None]


def test_a_message_that_comes_twice_is_kept_once(dead_letters: DeadLetters) -> None:
    """WR-11: the queue delivers at least once; the first stays as it is, the new ones of the batch are kept."""
    dead_letters.add([letter()])
    dead_letters.add([letter(body="other", died_at=DIED + 9), letter("m2")])
    assert dead_letters.get("m1") == letter()
    assert listed(dead_letters) == ["m1", "m2"]


def test_a_dead_letter_is_sent_again_once(dead_letters: DeadLetters) -> None:
    """WR-11: who has done it, when and why is noted; of two who try one is told that it is done already."""
    dead_letters.add([letter()])
    assert dead_letters.redriven("m1", "$fixed", "ann", DIED + 5)
    assert not dead_letters.redriven("m1", "again", "bob", DIED + 6)
    assert not dead_letters.redriven("m2", "fixed", "ann", DIED + 5)
    noted = letter(state="redriven", reason="$fixed", by="ann", redriven_at=DIED + 5)
    assert dead_letters.get("m1") == noted


def test_what_was_sent_again_may_die_again(dead_letters: DeadLetters) -> None:
    """WR-11: then it is dead as if it had never been sent; a late copy of the first death changes nothing."""
    dead_letters.add([letter()])
    dead_letters.redriven("m1", "fixed", "ann", DIED + 5)
    noted = dead_letters.get("m1")
    dead_letters.add([letter(died_at=DIED + 5)])
    assert dead_letters.get("m1") == noted
    dead_letters.add([letter(died_at=DIED + 6)])
    assert dead_letters.get("m1") == letter(died_at=DIED + 6)
    assert dead_letters.count("default") == 1


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({}, ["c", "a", "b", "d"]),
        ({"state": "dead"}, ["c", "b", "d"]),
        ({"state": "redriven"}, ["a"]),
        ({"queue": "triggers"}, ["a", "d"]),
        ({"queue": "triggers", "state": "dead"}, ["d"]),
        ({"queue": "wakeups-low"}, []),
        ({"tenant": "acme"}, ["x"]),
        ({"limit": 2}, ["c", "a"]),
    ],
)
def test_dead_letters_are_listed_the_latest_first(
    dead_letters: DeadLetters, filters: dict[str, Any], expected: list[str]
) -> None:
    """WR-11, WH-24: those of one tenant, by queue and by whether they were sent again."""
    dead_letters.add(
        [
            letter("d", died_at=DIED - 1),
            letter("b", queue="events"),
            letter("a"),
            letter("c", died_at=DIED + 1, queue="events"),
            letter("x", tenant="acme"),
        ]
    )
    dead_letters.redriven("a", "", "", DIED + 9)
    assert listed(dead_letters, **filters) == expected
    found = dead_letters.list("default", "events", "dead", 1)
    assert found == [letter("c", died_at=DIED + 1, queue="events", body="")]  # a page of bodies would be too much


@pytest.mark.parametrize("queue", [None, "triggers"])
@pytest.mark.parametrize("state", [None, "dead"])
def test_a_list_comes_in_pages(dead_letters: DeadLetters, queue: str | None, state: Any) -> None:
    """WR-11: page by page each once, also when the last one of a page was sent again since; not when it is gone."""
    dead_letters.add([letter(f"m{number}", died_at=DIED - number // 3) for number in range(7)])
    seen: list[str] = []
    after = None
    for _ in range(4):
        seen += listed(dead_letters, queue=queue, state=state, limit=2, after=after)
        after = seen[-1]
        dead_letters.redriven(after, "", "", DIED)
    assert seen == [f"m{number}" for number in range(7)]
    assert listed(dead_letters, after=after) == []
    assert dead_letters.delete("m3")
    with pytest.raises(InvalidCursorError):
        listed(dead_letters, after="m3")


def test_the_dead_are_counted_and_deleted(dead_letters: DeadLetters) -> None:
    """WR-10: the number of those that somebody has to look at, per tenant."""
    dead_letters.add([letter(), letter("m2"), letter("m3"), replace(letter("x"), tenant="acme")])
    dead_letters.redriven("m2", "", "", DIED)
    assert (dead_letters.count("default"), dead_letters.count("acme"), dead_letters.count("none")) == (2, 1, 0)
    assert [dead_letters.delete("m3"), dead_letters.delete("m3")] == [True, False]
    assert dead_letters.count("default") == 1
