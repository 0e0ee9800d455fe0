"""Schedules that modules bring along (SC-1, SC-5)."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml
from msgspec.structs import replace

from reactory.ports.schedules import StoredSchedule
from reactory.scheduler.answers import ReloadAnswer
from reactory.steps.modules import load_modules
from tests.unit.scheduler.lab import MINUTE, SchedulerLab, at, document


class Folder:
    """A module on disk, with its schedules as one file each."""

    def __init__(self, path: Path, lab: SchedulerLab, name: str = "reports") -> None:
        self.path = path / name
        self.path.mkdir()
        self._lab = lab
        self.name(name)

    def name(self, name: str) -> None:
        """Write the manifest, with this as the module's name."""
        manifest = {"nameSpace": "lab", "name": name, "version": "1.0.0", "schedules": ["**/*-schedule.yaml"]}
        (self.path / "module.yaml").write_text(yaml.safe_dump(manifest))

    def move(self, name: str, target: Path) -> None:
        target.parent.mkdir(exist_ok=True)
        (self.path / f"{name}-schedule.yaml").rename(target)

    def write(self, name: str = "s", text: str | None = None, **fields: Any) -> None:
        content = yaml.safe_dump(document(name, **fields)) if text is None else text
        (self.path / f"{name}-schedule.yaml").write_text(content)

    def remove(self, name: str) -> None:
        (self.path / f"{name}-schedule.yaml").unlink()

    def reload(self) -> ReloadAnswer:
        self._lab.modules = load_modules([self.path.parent])
        return self._lab.scheduler.reload()


@pytest.fixture
def folder(tmp_path: Path, lab: SchedulerLab) -> Folder:
    return Folder(tmp_path, lab)


def test_schedules_of_a_module_fire(folder: Folder, lab: SchedulerLab) -> None:
    """SC-1: what stands in the files is stored, with where it is from, and fires."""
    folder.write("a")
    folder.write("b", cron="*/2 * * * *")
    assert folder.reload().created == ["a", "b"]
    assert (lab.stored("a").source, lab.stored("a").file) == ("module:lab.reports", "a-schedule.yaml")
    lab.pass_time(2 * MINUTE)
    assert (lab.logged_slots("a"), lab.logged_slots("b")) == ([at("12:01"), at("12:02")], [at("12:02")])


def test_a_file_that_is_written_anew_without_a_change_is_not_touched(folder: Folder, lab: SchedulerLab) -> None:
    """SC-5: the same content, however it is written, leaves everything as it is, an operator's stop included."""
    folder.write("s", properties={"a": 1, "b": 2})
    folder.reload()
    lab.pass_time(2 * MINUTE)
    lab.scheduler.desk.stop("s")
    before = lab.stored()
    folder.write(text="# a comment\n" + yaml.safe_dump(document(properties={"b": 2, "a": 1}), default_flow_style=True))
    assert folder.reload() == ReloadAnswer(created=[], updated=[], deleted=[], unchanged=["s"], skipped=[])
    assert lab.stored() == before


def test_a_changed_file_takes_effect(folder: Folder, lab: SchedulerLab) -> None:
    """SC-5: the new slots fire without a deployment, and the numbers go on."""
    folder.write()
    folder.reload()
    lab.pass_time(MINUTE)
    lab.scheduler.desk.stop("s")
    folder.write(cron="*/5 * * * *")
    assert folder.reload().updated == ["s"]
    lab.pass_time(5 * MINUTE)
    assert lab.logged_slots() == [at("12:01"), at("12:05")]
    assert lab.stored().run_count == 2
    assert folder.reload().unchanged == ["s"]


def test_a_schedule_that_is_gone_from_its_module_is_deleted(folder: Folder, lab: SchedulerLab, tmp_path: Path) -> None:
    """SC-5: only of that module: not those of the API, nor those of another module."""
    other = Folder(tmp_path, lab, "bills")
    other.write("theirs")
    lab.add("api")
    folder.write("a")
    folder.write("b")
    folder.reload()
    folder.remove("a")
    assert folder.reload().deleted == ["a"]
    assert [lab.schedules.get("default", name) is not None for name in ("a", "b", "api", "theirs")] == [
        False,
        True,
        True,
        True,
    ]


def test_a_bad_file_is_reported_and_skipped(folder: Folder, lab: SchedulerLab) -> None:
    """SC-1: every problem with its file and line; the others load, and the schedule that the file had goes on."""
    folder.write("a")
    folder.write("b")
    folder.reload()
    folder.write("a", text="id: a\nname: A\nschedule:\n  cron: 61 * * * *\n")
    folder.write("c")
    reloaded = folder.reload()
    assert (reloaded.created, reloaded.unchanged, reloaded.deleted) == (["c"], ["b"], [])
    assert {(Path(one.file).name, one.line) for one in reloaded.skipped} == {
        ("a-schedule.yaml", 1),
        ("a-schedule.yaml", 4),
    }
    lab.pass_time(MINUTE)
    assert lab.logged_slots("a") == [at("12:01")]


def test_an_id_belongs_to_one_place(folder: Folder, lab: SchedulerLab, tmp_path: Path) -> None:
    """SC-1, SC-14: what was made through the API, by another module or another file keeps its id; the file is told."""
    lab.add("api", cron="0 0 * * *")
    other = Folder(tmp_path, lab, "bills")
    other.write("theirs")
    folder.reload()
    folder.write("api")
    folder.write("theirs")
    folder.write("one", text=yaml.safe_dump(document("twice")))
    folder.write("two", text=yaml.safe_dump(document("twice")))
    reloaded = folder.reload()
    assert [one.code for one in reloaded.skipped] == ["DUPLICATE_SCHEDULE"] * 3
    assert any("made through the API" in one.message for one in reloaded.skipped)
    assert lab.stored("api").source == "api"
    assert lab.stored("theirs").source == "module:lab.bills"
    assert lab.stored("twice").file == "one-schedule.yaml"


def test_a_module_that_cannot_be_read_deletes_nothing(folder: Folder, lab: SchedulerLab) -> None:
    """SC-5: a broken manifest is no empty module."""
    folder.write()
    folder.reload()
    (folder.path / "module.yaml").write_text("nameSpace: [")
    assert folder.reload().deleted == []
    assert lab.stored().enabled


def used(folder: Folder, lab: SchedulerLab, name: str = "s", **fields: Any) -> StoredSchedule:
    """A schedule of the folder that has run, was changed by an operator, and was stopped; as it is stored."""
    folder.write(name, **fields)
    folder.reload()
    lab.pass_time(MINUTE)
    lab.scheduler.desk.update(name, {"maxConcurrent": 3})
    lab.scheduler.desk.stop(name)
    assert lab.stored(name).run_count == 1
    return lab.stored(name)


def moved(stored: StoredSchedule, source: str, file: str) -> StoredSchedule:
    return replace(stored, source=source, file=file, revision=stored.revision + 1)


UNCHANGED = ReloadAnswer(created=[], updated=[], deleted=[], unchanged=["s"], skipped=[])


def test_a_file_that_is_moved_keeps_its_schedule(folder: Folder, lab: SchedulerLab) -> None:
    """SC-5: the id is what counts: numbers and an operator's changes stay, and a mistake in the new file deletes nothing."""
    before = used(folder, lab)
    folder.move("s", folder.path / "daily" / "reports-schedule.yaml")
    assert folder.reload() == UNCHANGED
    assert lab.stored() == moved(before, "module:lab.reports", "daily/reports-schedule.yaml")
    assert folder.reload() == UNCHANGED
    (folder.path / "daily" / "reports-schedule.yaml").write_text("id: [")
    assert (folder.reload().deleted, lab.stored().run_count) == ([], 1)


def test_a_file_that_is_moved_and_wrong_keeps_its_schedule(folder: Folder, lab: SchedulerLab) -> None:
    """SC-1, SC-5: as far as its id can be told."""
    before = used(folder, lab)
    folder.remove("s")
    folder.write("other", text=yaml.safe_dump(document("s", cron="61 * * * *")))
    assert folder.reload().deleted == []
    assert lab.stored() == before


def test_a_module_that_is_renamed_keeps_its_schedules(folder: Folder, lab: SchedulerLab) -> None:
    """SC-5: under its new name; also that of a file that is wrong at the moment, which is taken over when it is mended."""
    before = used(folder, lab)
    folder.write("t")
    folder.reload()
    text = (folder.path / "t-schedule.yaml").read_text()
    folder.write("t", text="id: [")
    folder.name("accounts")
    renamed = folder.reload()
    assert (renamed.unchanged, renamed.deleted, [one.code for one in renamed.skipped]) == (
        ["s"],
        [],
        ["INVALID_DOCUMENT"],
    )
    assert lab.stored() == moved(before, "module:lab.accounts", "s-schedule.yaml")
    assert lab.stored("t").source == "module:lab.reports"
    folder.write("t", text=text)
    assert folder.reload().unchanged == ["s", "t"]
    assert lab.stored("t").source == "module:lab.accounts"


def test_a_schedule_that_goes_to_another_module_keeps_running(
    folder: Folder, lab: SchedulerLab, tmp_path: Path
) -> None:
    """SC-5: whichever of the two is registered first."""
    before = used(folder, lab)
    first, last = Folder(tmp_path, lab, "accounts"), Folder(tmp_path, lab, "sales")
    folder.move("s", first.path / "s-schedule.yaml")
    assert first.reload().unchanged == ["s"]
    assert lab.stored() == moved(before, "module:lab.accounts", "s-schedule.yaml")
    first.move("s", last.path / "s-schedule.yaml")
    assert first.reload().unchanged == ["s"]
    assert lab.stored().source == "module:lab.sales"


def test_a_schedule_stays_with_its_module_as_long_as_a_file_of_it_is_there(
    folder: Folder, lab: SchedulerLab, tmp_path: Path
) -> None:
    """SC-1, SC-5: a file that is wrong at the moment, or one that another module has too, gives nothing away."""
    before = used(folder, lab)
    first = Folder(tmp_path, lab, "accounts")
    first.write("s")
    assert [one.code for one in first.reload().skipped] == ["DUPLICATE_SCHEDULE"] * 2
    folder.write("s", text="id: [")
    assert {one.code for one in first.reload().skipped} == {"DUPLICATE_SCHEDULE", "INVALID_DOCUMENT"}
    assert lab.stored() == before


def test_the_schedules_of_a_module_that_is_gone_are_deleted(folder: Folder, lab: SchedulerLab, tmp_path: Path) -> None:
    """SC-5: they fire no more; but not while a manifest cannot be read, which may be that module's."""
    other = Folder(tmp_path, lab, "bills")
    lab.add("api")
    used(folder, lab)
    shutil.rmtree(folder.path)
    (other.path / "module.yaml").write_text("nameSpace: [")
    assert (other.reload().deleted, lab.stored().enabled) == ([], False)
    other.name("bills")
    assert other.reload().deleted == ["s"]
    other.write("theirs")
    other.reload()
    lab.modules = load_modules([])
    assert lab.scheduler.reload().deleted == ["theirs"]
    assert lab.stored("api").enabled


def test_a_file_replaces_what_cannot_be_read(folder: Folder, lab: SchedulerLab) -> None:
    """SC-5, SC-14: also when it has not changed; a schedule that was stopped stays so."""
    folder.write("a")
    folder.write("b", cron="*/2 * * * *")
    folder.reload()
    lab.scheduler.desk.stop("a")
    for name in ("a", "b"):
        lab.schedules.replace(replace(lab.stored(name), document="{"), lab.stored(name).revision)
    assert folder.reload().updated == ["a", "b"]
    assert folder.reload().unchanged == ["a", "b"]
    lab.pass_time(2 * MINUTE)
    assert (lab.logged_slots("a"), lab.logged_slots("b")) == ([], [at("12:02")])
