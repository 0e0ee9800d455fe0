"""The schedules of modules: what is read, and what is said about the files that are left out (SC-1)."""

from __future__ import annotations

from pathlib import Path

from reactory.scheduler.modules import load_schedules
from reactory.steps.modules import load_modules

MANIFEST = "nameSpace: acme\nname: {name}\nversion: 1.0.0\nschedules: ['*-schedule.y*ml']\n"
GOOD = "id: {id}\nname: A\nworkflow: {{id: acme.A}}\nschedule: {{interval: 5m}}\n"


def module(folder: Path, files: dict[str, str]) -> None:
    folder.mkdir()
    for name, text in {"module.yaml": MANIFEST.format(name=folder.name), **files}.items():
        (folder / name).write_text(text, encoding="utf-8")


def test_a_bad_file_stops_no_other(tmp_path: Path) -> None:
    """SC-1: each problem of a file that is left out is told with file and line; all other schedules are there."""
    bad = "id: bad\nname: B\nworkflow: {id: acme.A}\nschedule:\n  cron: 0 99 * * *\nlimit: 1\n"
    module(
        tmp_path / "one",
        {
            "a-schedule.yaml": GOOD.format(id="a"),
            "b-schedule.yaml": bad,
            "c-schedule.yaml": "id: c\n  cron: * * * * *\n",
            "d-schedule.yml": GOOD.format(id="d"),
        },
    )
    loaded = load_schedules(load_modules([tmp_path]))
    assert [(found.schedule.id, found.module, found.file.name) for found in loaded.schedules] == [
        ("a", "one", "a-schedule.yaml"),
        ("d", "one", "d-schedule.yml"),
    ]
    told = [(fault.code, Path(fault.file).name, fault.line) for fault in loaded.faults]
    assert told == [
        ("INVALID_FIELD", "b-schedule.yaml", 5),
        ("UNKNOWN_FIELD", "b-schedule.yaml", 6),
        ("INVALID_DOCUMENT", "c-schedule.yaml", 2),
    ]
    assert "schedule.cron: the hour: 99 is out of range" in str(loaded.faults[0])


def test_two_schedules_of_one_id(tmp_path: Path) -> None:
    """SC-1: of two schedules with the same id the first stays, and the other is told."""
    module(tmp_path / "one", {"a-schedule.yaml": GOOD.format(id="a")})
    module(tmp_path / "two", {"b-schedule.yaml": GOOD.format(id="a")})
    loaded = load_schedules(load_modules([tmp_path]))
    assert [found.module for found in loaded.schedules] == ["one"]
    (fault,) = loaded.faults
    assert (fault.code, fault.module) == ("DUPLICATE_SCHEDULE", "two")
    assert "one/a-schedule.yaml: give one of them another id" in fault.message
