"""The step type ``file_operation``."""

from __future__ import annotations

import base64
import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from reactory.exceptions import InvalidStepError
from reactory.settings import Settings
from reactory.steps.builtin.files import Folder

Document = dict[str, Any]


@pytest.fixture
def root(engine: Any, tmp_path: Path) -> Path:
    folder = tmp_path / "files"
    folder.mkdir()
    engine.settings = Settings(aws="memory", files_root=str(folder))
    return folder


def run(engine: Any, *configs: Document) -> Any:
    """One step per config; the outputs of the last one."""
    steps = [engine.node(f"s{number}", "file_operation", **config) for number, config in enumerate(configs)]
    instance = engine.run(*steps, outputs={"last": f"steps.s{len(steps) - 1}.outputs"})
    return engine.outputs(instance)["last"]


def refused(engine: Any, **config: Any) -> str:
    instance = engine.run(engine.node("s", "file_operation", **config))
    assert engine.trail(instance, "s") == ["FAILED"], "not tried again"
    return str(engine.reason(instance)["message"])


def test_without_a_folder_it_is_refused(engine: Any) -> None:
    """YF-4: no file is touched unless a setting says where; the error names it."""
    said = refused(engine, operation="exists", path="a")
    assert "REACTORY_FILES_ROOT" in said
    assert "StepNotAllowedError" in said


def test_files_are_written_read_moved_and_deleted(engine: Any, root: Path) -> None:
    """YF-4: every operation gives content, path, exists."""
    write = {"operation": "write", "path": "in/a.txt", "content": "grüße ${1 + 1}"}
    assert run(engine, write, {"operation": "read", "path": "in/a.txt"}) == {
        "content": "grüße 2",
        "path": "in/a.txt",
        "exists": True,
    }
    assert (root / "in" / "a.txt").read_text() == "grüße 2"


def test_copies_moves_and_lists(engine: Any, root: Path) -> None:
    """YF-4: a listing is sorted, folders have a slash behind; nothing half written is left beside."""
    listed = run(
        engine,
        {"operation": "mkdir", "path": "z/deep"},
        {"operation": "write", "path": "b", "content": "1"},
        {"operation": "copy", "path": "b", "destination": "z/c"},
        {"operation": "move", "path": "b", "destination": "a"},
        {"operation": "delete", "path": "nothing"},
        {"operation": "list", "path": ""},
    )
    assert listed["content"] == ["a", "z/"]
    assert sorted(path.name for path in (root / "z").iterdir()) == ["c", "deep"]


def test_bytes_go_as_base64(engine: Any, root: Path) -> None:
    """YF-4: encoding base64 carries what is no text."""
    content = base64.b64encode(b"\xff\x00").decode()
    write = {"operation": "write", "path": "x", "content": content, "encoding": "base64"}
    assert run(engine, write, {"operation": "read", "path": "x", "encoding": "base64"})["content"] == content
    assert (root / "x").read_bytes() == b"\xff\x00"


def test_what_is_there_is_not_overwritten_unless_asked_for(engine: Any, root: Path) -> None:
    """YF-4: overwrite is false by default, and then the old content stays."""
    (root / "a").write_text("old")
    assert "set overwrite" in refused(engine, operation="write", path="a", content="new")
    assert (root / "a").read_text() == "old"


def test_a_repeated_attempt_finds_what_it_wrote(engine: Any, root: Path) -> None:
    """WH-19: the same content at the same place is no conflict: it may be from an attempt whose result was lost."""
    (root / "a").write_text("same")
    assert run(engine, {"operation": "write", "path": "a", "content": "same"})["exists"]


@pytest.mark.parametrize(
    "config",
    [
        {"operation": "write", "path": "to", "content": "old"},
        {"operation": "copy", "path": "from", "destination": "to"},
        {"operation": "move", "path": "from", "destination": "to"},
        {"operation": "move", "path": "from", "destination": "to", "overwrite": True},
        {"operation": "delete", "path": "from"},
        {"operation": "mkdir", "path": "deep/er"},
    ],
)
def test_a_process_that_dies_at_any_time_leaves_nothing_undone(engine: Any, root: Path, config: Document) -> None:
    """WH-19: whether the file was touched before the process died or not, the next attempt ends with the same."""
    died, writes = True, 0
    while died:
        shutil.rmtree(root)
        root.mkdir()
        (root / "from").write_text("old")
        instance = engine.begin(engine.node("s", "file_operation", **config), outputs={"made": "steps.s.outputs"})
        died = engine.crash(writes)
        engine.recover()
        assert engine.outputs(instance)["made"]["exists"] == (config["operation"] != "delete")
        writes += 1
    assert writes > 3
    assert not any(path.name.startswith(".") for path in root.iterdir())


def test_a_move_that_was_cut_off_is_finished(tmp_path: Path) -> None:
    """WH-19: a process may die when the file has both names; the next attempt takes the old one away."""
    folder = Folder(tmp_path)
    (tmp_path / "from").write_text("old")
    os.link(tmp_path / "from", tmp_path / "to")
    folder.move("from", "to", overwrite=False)
    assert folder.list("") == ["to"]
    with pytest.raises(InvalidStepError, match="set overwrite"):
        folder.move("to", "to", overwrite=False)
    assert folder.read("to") == b"old"


def test_a_move_does_not_replace_another_file(tmp_path: Path) -> None:
    """YF-4: unless overwrite is asked for."""
    folder = Folder(tmp_path)
    folder.write("from", b"new", overwrite=False)
    folder.write("to", b"old", overwrite=False)
    with pytest.raises(InvalidStepError, match="'to' exists already: set overwrite"):
        folder.move("from", "to", overwrite=False)
    assert (folder.read("from"), folder.read("to")) == (b"new", b"old")
    folder.move("from", "to", overwrite=True)
    assert (folder.list(""), folder.read("to")) == (["to"], b"new")


@pytest.mark.parametrize("operation", ["read", "copy"])
def test_only_files_are_read(engine: Any, root: Path, operation: str) -> None:
    """YF-3: a pipe that nobody writes to does not hold a worker for ever."""
    os.mkfifo(root / "pipe")
    assert "pipe or a device" in refused(engine, operation=operation, path="pipe", destination="b")


def test_a_link_that_comes_later_is_not_followed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """YF-3: somebody puts a link in the place of a folder after the path was looked at."""
    (tmp_path / "root" / "in").mkdir(parents=True)
    (tmp_path / "a").write_text("hidden")
    folder = Folder(tmp_path / "root")
    looked_at = folder.inside

    def then_swapped(path: str, **more: bool) -> tuple[str, ...]:
        parts = looked_at(path, **more)
        (tmp_path / "root" / "in").rmdir()
        (tmp_path / "root" / "in").symlink_to(tmp_path)
        return parts

    monkeypatch.setattr(folder, "inside", then_swapped)
    with pytest.raises(InvalidStepError, match="'in/a'"):
        folder.read("in/a")
    (tmp_path / "root" / "in").unlink()
    (tmp_path / "root" / "in").mkdir()
    with pytest.raises(InvalidStepError, match="'in/b'"):
        folder.write("in/b", b"x", overwrite=True)
    assert not (tmp_path / "b").exists()


def test_overwriting_replaces(engine: Any, root: Path) -> None:
    """YF-4: overwrite: true."""
    (root / "a").write_text("old")
    run(engine, {"operation": "write", "path": "a", "content": "new", "overwrite": True})
    assert (root / "a").read_text() == "new"


@pytest.mark.parametrize(
    "path", ["../secret", "in/../../secret", "/etc/passwd", "link/secret", "link", "in/link/secret"]
)
@pytest.mark.parametrize("operation", ["read", "write", "delete", "copy"])
def test_nothing_leads_out_of_the_folder(engine: Any, root: Path, path: str, operation: str) -> None:
    """YF-3: neither `..`, nor an absolute path, nor a link, for reading or for writing."""
    secret = root.parent / "secret"
    secret.write_text("hidden")
    (root / "in").mkdir()
    (root / "link").symlink_to(root.parent)
    (root / "in" / "link").symlink_to(root.parent)
    said = refused(engine, operation=operation, path=path, content="x", destination="copied", overwrite=True)
    assert "leads out of the folder" in said
    assert secret.read_text() == "hidden"
    assert not (root / "copied").exists()


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ({"operation": "read", "path": "none"}, "does not exist"),
        ({"operation": "read", "path": "folder"}, "is a folder where a file is needed"),
        ({"operation": "read", "path": "bytes"}, "no UTF-8"),
        ({"operation": "write", "path": "folder", "content": "x", "overwrite": True}, "is a folder"),
        ({"operation": "write", "path": "a", "content": "?", "encoding": "base64"}, "is no base64"),
        ({"operation": "delete", "path": "folder"}, "not empty"),
        ({"operation": "delete", "path": "."}, "is the folder for files itself"),
        ({"operation": "move", "path": "none", "destination": "b"}, "does not exist"),
        ({"operation": "read", "path": "big"}, "more than 10000000 bytes"),
        ({"operation": "copy", "path": "big", "destination": "b"}, "more than 10000000 bytes"),
        ({"operation": "move", "path": "folder", "destination": "folder/inner/new"}, "Invalid argument"),
        ({"operation": "mkdir", "path": "bytes/in"}, "is a folder where a file is needed"),
    ],
)
def test_what_cannot_be_done_says_why(engine: Any, root: Path, config: Document, said: str) -> None:
    """EH-1: the error names the path, and another attempt is not made."""
    (root / "folder" / "inner").mkdir(parents=True)
    (root / "bytes").write_bytes(b"\xff")
    with (root / "big").open("wb") as file:
        file.truncate(10_000_001)
    assert said in refused(engine, **config)
