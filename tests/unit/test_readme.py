"""The README is true: its example module loads and validates, the commands and files that it names exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from reactory.definition.document import load_document
from reactory.definition.validate import validate
from reactory.steps.modules import load_modules

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()
FILES = re.findall(r"```\w+\n# (hello/\S+)\n(.*?)```", README, re.DOTALL)


def test_the_first_workflow_of_the_readme_loads_and_validates(tmp_path: Path) -> None:
    """IN-2, YF-1: a reader who copies the three files has a module without a fault and a document without a problem."""
    for name, text in FILES:
        target = tmp_path / name
        target.parent.mkdir(exist_ok=True)
        target.write_text(text)
    modules = load_modules([tmp_path / "hello"])
    assert modules.faults == ()
    assert modules.registry.names() == {"hello.greet"}
    assert [validate(load_document(f.text), handlers=modules.registry.names()) for f in modules.workflows] == [[]]


@pytest.mark.parametrize("target", sorted(set(re.findall(r"`?make ([a-z]+)", README))))
def test_every_make_target_of_the_readme_exists(target: str) -> None:
    """Whoever follows the README finds each command."""
    assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text(), re.MULTILINE)


@pytest.mark.parametrize(
    "path", sorted({*re.findall(r"\]\((?!http)([^)#]+)\)", README), *re.findall(r"workflows/[\w./-]+\.json", README)})
)
def test_every_file_of_the_readme_exists(path: str) -> None:
    """Whoever follows a link or an @file finds it."""
    assert (ROOT / path).exists()
