"""Modules are found, or their absence is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from reactory.exceptions import StartupError
from reactory.local.modules import find_modules


def module(folder: Path) -> Path:
    folder.mkdir(parents=True)
    (folder / "module.yaml").write_text("nameSpace: a\nname: B\nversion: 1.0.0\n")
    return folder


def test_a_module_or_a_folder_of_modules(tmp_path: Path) -> None:
    """A folder with a manifest, and a folder whose folders have one, are both taken, each once."""
    first = module(tmp_path / "first")
    module(tmp_path / "several" / "second")
    given = [first, tmp_path / "several", first]
    assert find_modules(given) == [first, tmp_path / "several"]


def test_without_any_the_usual_folder_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """``workflows`` in the current folder is the default; without it there are no modules, which is fine."""
    monkeypatch.chdir(tmp_path)
    assert find_modules([]) == []
    module(tmp_path / "workflows" / "acme")
    assert find_modules([]) == [tmp_path / "workflows"]


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    """IN-2: a folder that does not exist stops the start and is named."""
    with pytest.raises(StartupError, match="nowhere"):
        find_modules([tmp_path / "nowhere"])


def test_a_folder_without_manifest_is_named(tmp_path: Path) -> None:
    """IN-2: a folder without any module.yaml stops the start and is named."""
    with pytest.raises(StartupError, match=r"module\.yaml"):
        find_modules([tmp_path])
