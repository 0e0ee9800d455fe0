"""Changes of files are seen, once per burst."""

from __future__ import annotations

from pathlib import Path

from reactory.local.watcher import Changes


def test_a_burst_is_told_once_when_it_is_over(tmp_path: Path) -> None:
    """Files that change one after the other are one change, told when nothing changes any more."""
    (tmp_path / "a.yaml").write_text("1")
    changes = Changes([tmp_path])
    assert changes.look() == []
    (tmp_path / "a.yaml").write_text("two")
    assert changes.look() == []
    (tmp_path / "steps.py").write_text("x = 1")
    assert changes.look() == []
    assert changes.look() == [tmp_path / "a.yaml", tmp_path / "steps.py"]
    assert changes.look() == []


def test_deleted_files_count(tmp_path: Path) -> None:
    """A file that is gone has changed."""
    (tmp_path / "a.yaml").write_text("1")
    changes = Changes([tmp_path])
    (tmp_path / "a.yaml").unlink()
    changes.look()
    assert changes.look() == [tmp_path / "a.yaml"]


def test_other_files_do_not_count(tmp_path: Path) -> None:
    """Only definitions and code are watched; hidden folders and bytecode are not."""
    changes = Changes([tmp_path])
    for name in ("notes.txt", ".git/config.yaml", "__pycache__/steps.py"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("x")
    changes.look()
    assert changes.look() == []
