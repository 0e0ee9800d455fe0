"""What goes into the layer and the functions' package, without installing anything."""

from __future__ import annotations

import json
import os
import re
import sys
import tomllib
from pathlib import Path

import pytest

from infra.bundling import dependencies
from infra.bundling.bytecode import compile_folder
from infra.bundling.functions import build_functions, module_paths
from infra.bundling.layer import library_sources
from infra.bundling.package import build_once, digest, sources
from infra.options import ROOT, Options, read_context, read_options
from infra.sizes import FUNCTION, Size, over_budget
from reactory import topology


def write(folder: Path, *names: str) -> None:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"# {name}\n")


def pins(lock: str) -> dict[str, str]:
    """Package → version of a lock file."""
    lines = (ROOT / "requirements" / lock).read_text().splitlines()
    return dict(line.partition(";")[0].strip().split("==") for line in lines)


def test_digest_is_of_names_and_contents(tmp_path: Path) -> None:
    """DP-1: the digest of equal files is equal wherever they lie and whenever they were written, and any change changes it."""
    one, two = tmp_path / "one", tmp_path / "two"
    for folder in (one, two):
        write(folder, "a.py", "b/c.py")
    os.utime(two / "a.py", (0, 0))
    first = digest(one, sources(one), "word")
    assert first == digest(two, sources(two), "word")
    assert first != digest(two, sources(two), "other word")
    (two / "a.py").rename(two / "d.py")
    assert first != digest(two, sources(two), "word")


def test_sources_leave_out_what_tools_left(tmp_path: Path) -> None:
    """DP-1: bytecode, caches and hidden files are no sources."""
    write(tmp_path, "a.py", "data.yaml", "__pycache__/a.py", ".hidden", ".cache/x.py", "a.pyc")
    assert [path.name for path in sources(tmp_path)] == ["a.py", "data.yaml"]


def test_package_is_built_once_for_its_inputs(tmp_path: Path) -> None:
    """DP-1: a second call with the same key builds nothing, another key builds anew and clears the old one away."""
    calls: list[Path] = []

    def build(folder: Path) -> None:
        calls.append(folder)
        write(folder, "file.py")

    first = build_once(tmp_path, "layer", "a" * 64, build)
    assert build_once(tmp_path, "layer", "a" * 64, build) == first
    assert len(calls) == 1
    second = build_once(tmp_path, "layer", "b" * 64, build)
    assert (second.path / "file.py").is_file()
    assert not first.path.exists()


def test_package_that_failed_to_build_is_not_there(tmp_path: Path) -> None:
    """DP-1: a build that ends half-way leaves nothing that a later one could take for a package."""

    def build(folder: Path) -> None:
        write(folder, "half.py")
        raise ValueError("no wheel")

    with pytest.raises(ValueError, match="no wheel"):
        build_once(tmp_path, "layer", "a" * 64, build)
    assert list((tmp_path / "infra" / "build").iterdir()) == []


def test_layer_has_no_part_that_runs_on_a_laptop_only() -> None:
    """DP-1: the layer has the library but for the local stack and the command line."""
    parts = {path.relative_to(ROOT / "shared" / "reactory").parts[0] for path in library_sources(ROOT)}
    assert {"topology.py", "settings.py", "kernel"} <= parts
    assert not parts & {"local", "cli", "testing"}


def test_layer_lock_is_what_was_tested() -> None:
    """DP-1: the layer's packages have the versions of the development lock, and none of the library's is missing."""
    layer, development = pins("layer.txt"), pins("dev.txt")
    assert {name: development[name] for name in layer} == layer
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert {re.split(r"[^\w-]", one)[0] for one in project["dependencies"]} <= set(layer)


def test_trim_takes_away_what_never_runs(tmp_path: Path) -> None:
    """DP-1: type stubs, C sources, tests, scripts and foreign build trees go; code and the metadata of packages stay."""
    kept = ["package/__init__.py", "package/data.json", "package-1.dist-info/METADATA", "package/_native.so"]
    gone = [
        "package/__init__.pyi",
        "package/_native.c",
        "package/py.typed",
        "package/tests/test_it.py",
        "package-1.dist-info/RECORD",
        "bin/script",
        "bazel-project/setup.py",
        "pydantic/v1/main.py",
    ]
    write(tmp_path, *kept, *gone)
    dependencies.trim(tmp_path, "")
    assert sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file()) == sorted(kept)


def test_trim_keeps_the_extensions_that_the_library_names(tmp_path: Path) -> None:
    """DP-1, YF-3: of CEL's extension libraries those stay that the library imports."""
    write(tmp_path, "cel_expr_python/ext/ext_math.cpython-313.so", "cel_expr_python/ext/ext_strings.cpython-313.so")
    dependencies.trim(tmp_path, "from cel_expr_python.ext import ext_math\n")
    assert [path.name for path in (tmp_path / "cel_expr_python" / "ext").iterdir()] == ["ext_math.cpython-313.so"]


def test_bytecode_is_never_checked_and_always_the_same(tmp_path: Path) -> None:
    """DP-1: bytecode is marked as unchecked and hash-based, holds no path of the machine, and is equal in two builds."""
    compiled = []
    for name in ("one", "two"):
        folder = tmp_path / name
        write(folder, "package/module.py")
        compile_folder(folder, sys.executable)
        (found,) = folder.rglob("*.pyc")
        compiled.append(found.read_bytes())
    assert int.from_bytes(compiled[0][4:8], "little") == 0b01
    assert str(tmp_path).encode() not in compiled[0]
    assert compiled[0] == compiled[1]


def test_functions_package_has_the_users_modules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """DP-1, IN-2: folders with a module.yaml are packaged beside the functions, where REACTORY_MODULES says."""
    monkeypatch.setattr("infra.bundling.functions.interpreter", lambda: None)
    write(
        tmp_path, "functions/runner/api.py", "mine/acme/module.yaml", "mine/acme/steps.py", "mine/acme/tests/test_x.py"
    )
    write(tmp_path, "mine/notes/README.md")
    package = build_functions(tmp_path, "mine")
    found = {str(path.relative_to(package.path)) for path in package.path.rglob("*") if path.is_file()}
    assert found == {"functions/runner/api.py", "mine/acme/module.yaml", "mine/acme/steps.py"}
    assert module_paths(tmp_path, "mine") == ["/var/task/mine/acme"]


@pytest.mark.parametrize("spec", [pytest.param(spec, id=spec.name) for spec in topology.FUNCTIONS])
def test_handler_is_in_the_package(spec: topology.FunctionSpec) -> None:
    """DP-1: the declared handler is a module below functions/, which is what the package holds."""
    module, _, name = spec.handler.rpartition(".")
    path = ROOT / (module.replace(".", "/") + ".py")
    assert path.is_file()
    assert re.search(rf"^def {name}\(|^{name}\b", path.read_text(), re.MULTILINE)


def test_stage_sets_two_stacks_apart() -> None:
    """DP-1: without a stage resources have the names of the topology, with one they are those of that stage."""
    plain, test = Options(), Options(stage="test")
    names = (topology.BUS, topology.COUNTERS_TABLE, "triggers")
    assert [plain.physical(name) for name in names] == ["reactory", "reactory-counters", "reactory-triggers"]
    assert [test.physical(name) for name in names] == [
        "reactory-test",
        "reactory-test-counters",
        "reactory-test-triggers",
    ]


def test_options_are_read_from_context_as_from_the_command_line() -> None:
    """DP-1: cdk.json gives the defaults, and text from the command line means the same as JSON."""
    assert read_options(read_context().get) == Options()
    given = {"reactory:stage": "test", "reactory:bundle": "false", "reactory:logRetentionDays": "7"}
    assert read_options(given.get) == Options(stage="test", bundle=False, log_retention_days=7)


KEY = "arn:aws:kms:eu-central-1:123456789012:key/1234"


def test_settings_of_a_deployment_become_variables() -> None:
    """DP-1: as a map or as text, checked as the functions will check them."""
    text = '{"log_level": "DEBUG", "rate_limits": {"general": {"limit": 600, "per": 60}}}'
    given = {"reactory:settings": text, "reactory:kmsKey": KEY}
    options = read_options(given.get)
    assert options.kms_key == KEY
    assert options.settings["REACTORY_LOG_LEVEL"] == "DEBUG"
    assert json.loads(options.settings["REACTORY_RATE_LIMITS"]) == {"general": {"limit": 600, "per": 60}}
    assert read_options({"reactory:settings": json.loads(text)}.get).settings == options.settings


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"reactory:settings": {"log_levle": "DEBUG"}}, "no setting; there are .*log_level"),
        ({"reactory:settings": {"bucket": "mine"}}, "set by the stack itself"),
        ({"reactory:settings": {"encryption_key": "x"}}, "is a secret"),
        ({"reactory:settings": {"lease_ms": 3}}, "REACTORY_LEASE_MS"),
        ({"reactory:settings": "[]"}, "must be a map"),
        ({"reactory:kmsKey": "alias/mine"}, "ARN"),
    ],
)
def test_what_cannot_be_deployed_is_refused(given: dict[str, object], message: str) -> None:
    """DP-1: before anything is deployed, with what to do about it."""
    with pytest.raises(ValueError, match=message):
        read_options(given.get)


def test_sizes_over_the_budget_are_named() -> None:
    """DP-1: a function's package has a budget of 50 MB, and with the layer Lambda's limit of 250 MB."""
    small, large = Size(1, 1000, 500), Size(1, FUNCTION + 1, 500)
    assert over_budget(small, small) == []
    assert len(over_budget(small, large)) == 1
    assert len(over_budget(Size(1, 250_000_000, 1), large)) == 2
