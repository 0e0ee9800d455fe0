"""The data folder is ours, and used by one stack at a time."""

from __future__ import annotations

from pathlib import Path

import pytest

from reactory.exceptions import StartupError
from reactory.local.data_folder import MARKER, DataFolder


def test_a_new_folder_is_marked(tmp_path: Path) -> None:
    """A folder that does not exist is made, and marked as ours."""
    folder = DataFolder(tmp_path / "deep" / "data")
    folder.take(fresh=False)
    folder.release()
    assert (tmp_path / "deep" / "data" / MARKER).is_file()


def test_fresh_empties_what_is_ours(tmp_path: Path) -> None:
    """--fresh forgets the state, the marker stays."""
    folder = DataFolder(tmp_path)
    folder.take(fresh=False)
    folder.database.mkdir()
    (folder.database / "WiredTiger").write_text("x")
    folder.log.write_text("x")
    folder.release()
    folder.take(fresh=True)
    folder.release()
    assert [entry.name for entry in tmp_path.iterdir()] == [MARKER]


def test_without_fresh_everything_stays(tmp_path: Path) -> None:
    """State survives a restart."""
    folder = DataFolder(tmp_path)
    folder.take(fresh=False)
    folder.log.write_text("x")
    folder.release()
    folder.take(fresh=False)
    folder.release()
    assert folder.log.read_text() == "x"


@pytest.mark.parametrize("fresh", [True, False])
def test_a_folder_with_other_files_is_refused(tmp_path: Path, fresh: bool) -> None:
    """Nothing is deleted from, or written to, a folder that no local stack made."""
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(StartupError, match="--data"):
        DataFolder(tmp_path).take(fresh=fresh)
    assert [entry.name for entry in tmp_path.iterdir()] == ["thesis.txt"]


def test_fresh_does_not_follow_links(tmp_path: Path) -> None:
    """A link in the folder is removed, what it points to is not."""
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "kept.txt").write_text("x")
    folder = DataFolder(tmp_path / "data")
    folder.take(fresh=False)
    (folder.path / "link").symlink_to(outside)
    folder.release()
    folder.take(fresh=True)
    folder.release()
    assert (outside / "kept.txt").exists()
    assert not (folder.path / "link").is_symlink()


def test_a_folder_in_use_is_refused(tmp_path: Path) -> None:
    """A second stack on the same folder is refused, with --fresh too, and told which process holds it."""
    first = DataFolder(tmp_path)
    first.take(fresh=False)
    first.log.write_text("x")
    with pytest.raises(StartupError, match=r"in use by another local stack \(process \d+\)"):
        DataFolder(tmp_path).take(fresh=True)
    assert first.log.exists()
    first.release()


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    """A file in the place of the folder is named."""
    path = tmp_path / "data"
    path.write_text("x")
    with pytest.raises(StartupError, match="is a file"):
        DataFolder(path).take(fresh=False)
