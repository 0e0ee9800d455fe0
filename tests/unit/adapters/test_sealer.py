"""Envelope encryption of payloads: what can be opened by whom, and what an error says (WH-25)."""

from __future__ import annotations

import pytest

from reactory.adapters.local_keys import LocalKeys
from reactory.adapters.memory.clock import ManualClock
from reactory.adapters.memory.records import MemoryRecords
from reactory.adapters.sealing import sealer as sealing
from reactory.adapters.sealing.records import SealedRecords
from reactory.adapters.sealing.sealer import PREFIX, Sealer
from reactory.exceptions import SealedUnreadableError
from reactory.ports.keys import KeyService

OLD, NEW = bytes(32), bytes(range(32))
TEXT = '{"card":"4111"}'


class CountingKeys:
    """Counts what is asked of the real keys."""

    def __init__(self, inner: KeyService) -> None:
        self.inner = inner
        self.made = 0
        self.unwrapped = 0

    def new_key(self) -> tuple[bytes, bytes]:
        self.made += 1
        return self.inner.new_key()

    def unwrap(self, wrapped: bytes) -> bytes:
        self.unwrapped += 1
        return self.inner.unwrap(wrapped)


def sealer(*masters: bytes) -> Sealer:
    return Sealer(LocalKeys(masters or (OLD,)), ManualClock())


def test_what_is_sealed_is_opened_by_another_process() -> None:
    """WH-25: the text carries its wrapped key; the same text looks different each time."""
    one = sealer()
    first, second = one.seal(TEXT, "fact"), one.seal(TEXT, "fact")
    assert first != second
    assert "4111" not in first
    assert sealer().open(first, "fact") == TEXT
    assert sealer().open_bytes(one.seal_bytes(b"\x00:\xff", "blob"), "blob") == b"\x00:\xff"


def test_what_is_not_sealed_is_left_as_it_is() -> None:
    """WH-25: encryption can be switched on where data are already."""
    assert sealer().open(TEXT, "fact") == TEXT
    assert sealer().open_bytes(b"{}", "blob") == b"{}"
    inner = MemoryRecords()
    inner.put("default", "todo", "k", TEXT)
    records = SealedRecords(inner, sealer())
    assert records.get("default", "todo", "k") == TEXT
    records.put("default", "todo", "k", TEXT)
    assert str(inner.get("default", "todo", "k")).startswith(PREFIX)
    assert records.get("default", "todo", "k") == TEXT


def test_a_missing_master_key_is_named() -> None:
    """WH-25: with another key the error tells the setting to mend, and shows no key."""
    sealed = sealer(OLD).seal(TEXT, "fact")
    with pytest.raises(SealedUnreadableError, match="REACTORY_ENCRYPTION_KEY") as raised:
        sealer(NEW).open(sealed, "fact")
    assert NEW.hex() not in raised.value.message


def test_a_new_master_key_goes_before_the_old_one() -> None:
    """WH-25: after a rotation old texts stay readable, and new ones need the new key alone."""
    old = sealer(OLD).seal(TEXT, "fact")
    rotated = sealer(NEW, OLD)
    assert rotated.open(old, "fact") == TEXT
    assert sealer(NEW).open(rotated.seal(TEXT, "fact"), "fact") == TEXT


def test_a_text_belongs_to_its_kind_of_place() -> None:
    """WH-25: who can write to the database cannot pass one kind of payload off as another."""
    one = sealer()
    with pytest.raises(SealedUnreadableError, match="state"):
        one.open(one.seal(TEXT, "input"), "state")


@pytest.mark.parametrize("cut", [len(PREFIX), len(PREFIX) + 20, -4])
def test_a_changed_text_is_refused(cut: int) -> None:
    """WH-25: a text that was changed or cut off is an error that says so, never another payload."""
    sealed = sealer().seal(TEXT, "fact")
    for changed in (sealed[:cut], sealed[:cut] + "?" + sealed[cut:]):
        with pytest.raises(SealedUnreadableError):
            sealer().open(changed, "fact")


def test_data_keys_are_renewed_by_the_hour_and_after_many_uses(monkeypatch: pytest.MonkeyPatch) -> None:
    """WH-25: a data key is used for an hour, and not more often than its nonces are safe."""
    monkeypatch.setattr(sealing, "RENEW_USES", 3)
    clock, keys = ManualClock(), CountingKeys(LocalKeys([OLD]))
    one = Sealer(keys, clock)
    sealed = [one.seal(TEXT, "fact") for _ in range(3)]
    assert keys.made == 1
    sealed.append(one.seal(TEXT, "fact"))
    assert keys.made == 2
    clock.advance(3_600_000)
    sealed.append(one.seal(TEXT, "fact"))
    assert keys.made == 3
    assert [one.open(text, "fact") for text in sealed] == [TEXT] * 5


def test_data_keys_are_unwrapped_once_and_forgotten_in_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """WH-25: a call to the keeper per data key and not per text; memory is bounded."""
    monkeypatch.setattr(sealing, "KNOWN_KEYS", 2)
    sealed = [sealer().seal(TEXT, "fact") for _ in range(3)]
    keys = CountingKeys(LocalKeys([OLD]))
    one = Sealer(keys, ManualClock())
    for text in (sealed[0], sealed[0], sealed[1], sealed[2]):
        one.open(text, "fact")
    assert keys.unwrapped == 3
    one.open(sealed[0], "fact")
    assert keys.unwrapped == 4
