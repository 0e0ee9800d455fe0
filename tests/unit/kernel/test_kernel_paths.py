"""Paths of executions and keys of blocks: each is found from the other."""

from __future__ import annotations

import pytest

from reactory.kernel import paths


@pytest.mark.parametrize(
    ("key", "prefix", "container", "selector"),
    [
        ("fraud:then", "fraud/", "fraud", "then"),
        ("lines[3]", "lines[3]/", "lines", "3"),
        ("a[2]/b[13]", "a[2]/b[13]/", "a[2]/b", "13"),
        ("a[2]/b:case0", "a[2]/b/", "a[2]/b", "case0"),
        ("p:1", "p/", "p", "1"),
        ("p/q:1", "p/q/", "p/q", "1"),
    ],
)
def test_a_block_key_names_its_container(key: str, prefix: str, container: str, selector: str) -> None:
    """WH-5: the paths inside of a block, the node that holds it, and which of its blocks it is."""
    assert (paths.prefix(key), paths.container(key), paths.selector(key)) == (prefix, container, selector)


def test_the_root_has_no_prefix() -> None:
    """WH-5: steps at the top are named by their ids."""
    assert paths.prefix("") == ""


@pytest.mark.parametrize("path", ["pay", "lines[3]/pay", "a[1]/b/pay"])
def test_a_path_ends_with_its_step(path: str) -> None:
    """WH-5: the last part of a path is the id of the step."""
    assert paths.step_id(path) == "pay"
