"""Modules: manifests, the files they name, the Python steps they bring, and what is said when one is broken."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from reactory.steps.fault import ModuleFault
from reactory.steps.modules import Modules, load_module, load_modules

MANIFEST = "nameSpace: acme\nname: {name}\nversion: 1.0.0\n{more}"
STEPS = 'from reactory import step\n\n@step("{name}")\ndef run():\n    return "{name}"\n'


@pytest.fixture(autouse=True)
def _no_traces() -> Iterator[None]:
    """Python modules that a test imports are forgotten after it."""
    before = set(sys.modules)
    path = list(sys.path)
    yield
    for name in set(sys.modules) - before:
        if not name.startswith(("reactory.", "yaml", "_yaml")):
            del sys.modules[name]
    sys.path[:] = path


def write(folder: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    return folder


def module(folder: Path, more: str = "", files: dict[str, str] | None = None) -> Path:
    return write(folder, {"module.yaml": MANIFEST.format(name=folder.name, more=more), **(files or {})})


def codes(found: Sequence[ModuleFault]) -> list[str]:
    return [fault.code for fault in found]


def call(modules: Modules, name: str) -> object:
    found = modules.registry.get(name)
    assert found is not None
    return found.function()


def test_a_module_contributes_documents_schedules_and_steps(tmp_path: Path) -> None:
    """IN-2: the manifest's globs and import paths are followed, and everything else in it is kept."""
    folder = module(
        tmp_path / "shop",
        "workflows: ['flows/*.yaml']\nschedules: ['*-schedule.yaml']\nsteps: [steps]\nautoStart: [acme.A]\nconnectors: [{name: s}]\n",
        {
            "flows/b.yaml": "b",
            "flows/a.yaml": "a",
            "daily-schedule.yaml": "s",
            "steps.py": STEPS.format(name="acme.run"),
        },
    )
    loaded = load_module(folder)
    assert loaded.faults == ()
    assert [(file.path.name, file.text) for file in loaded.workflows] == [("a.yaml", "a"), ("b.yaml", "b")]
    assert [file.path.name for file in loaded.schedules] == ["daily-schedule.yaml"]
    assert [step.name for step in loaded.steps] == ["acme.run"]
    assert loaded.manifest is not None
    assert (loaded.manifest.id, loaded.manifest.version) == ("acme.shop", "1.0.0")
    assert (loaded.manifest.auto_start, loaded.manifest.connectors) == (("acme.A",), ({"name": "s"},))


def test_broad_globs_leave_out_what_is_no_workflow(tmp_path: Path) -> None:
    """``*.yaml`` takes neither the manifest nor the schedules, and a file that two globs match counts once."""
    folder = module(
        tmp_path / "shop",
        "workflows: ['*.yaml', 'a.*']\nschedules: ['*-schedule.yaml']\n",
        {"a.yaml": "a", "x-schedule.yaml": "s"},
    )
    assert [file.path.name for file in load_module(folder).workflows] == ["a.yaml"]


def test_a_schedule_is_known_by_its_name(tmp_path: Path) -> None:
    """SC-1: ``*-schedule.yaml`` is a schedule also where only a glob of workflows finds it."""
    folder = module(
        tmp_path / "shop", "workflows: ['*.y*ml']\n", {"a.yaml": "a", "x-schedule.yaml": "s", "y-schedule.yml": "s"}
    )
    loaded = load_module(folder)
    assert [file.path.name for file in loaded.workflows] == ["a.yaml"]
    assert [file.path.name for file in loaded.schedules] == ["x-schedule.yaml", "y-schedule.yml"]


def test_two_modules_may_use_the_same_file_names(tmp_path: Path) -> None:
    """Each module's Python files live under a package of their own, with relative imports inside it."""
    for name in ("one", "two"):
        steps = (
            f'from reactory import step\nfrom .data import NAME\n\n@step("acme.{name}")\ndef run():\n    return NAME\n'
        )
        module(tmp_path / name, "steps: [steps]\n", {"steps.py": steps, "data.py": f"NAME = {name!r}\n"})
    modules = load_modules([tmp_path])
    assert modules.faults == ()
    assert (call(modules, "acme.one"), call(modules, "acme.two")) == ("one", "two")


def test_steps_may_be_packages_and_the_folder_may_have_an_init(tmp_path: Path) -> None:
    """An import path may name a package or a submodule, and the folder's own ``__init__.py`` runs before."""
    folder = module(
        tmp_path / "shop",
        "steps: [steps, steps.more]\n",
        {
            "__init__.py": "PREFIX = 'p'\n",
            "steps/__init__.py": "from .. import PREFIX\n" + STEPS.format(name="acme.a"),
            "steps/more.py": STEPS.format(name="acme.b"),
        },
    )
    assert [step.name for step in load_module(folder).steps] == ["acme.a", "acme.b"]


def test_a_python_package_is_loaded_by_its_name(tmp_path: Path) -> None:
    """A module can be an importable package: its files then keep their own names."""
    sys.path.insert(0, str(tmp_path))
    write(tmp_path / "acme_pkg", {"__init__.py": ""})
    module(
        tmp_path / "acme_pkg" / "shop", "steps: [steps]\n", {"__init__.py": "", "steps.py": STEPS.format(name="acme.p")}
    )
    loaded = load_module("acme_pkg.shop")
    assert loaded.faults == ()
    assert loaded.steps[0].function.__module__ == "acme_pkg.shop.steps"


def test_absolute_import_paths_are_allowed(tmp_path: Path) -> None:
    """A step may come from an installed package instead of the module's folder."""
    sys.path.insert(0, str(tmp_path / "lib"))
    write(tmp_path / "lib", {"acme_lib/__init__.py": "", "acme_lib/steps.py": STEPS.format(name="acme.lib")})
    loaded = load_module(module(tmp_path / "shop", "steps: [acme_lib.steps]\n"))
    assert [step.name for step in loaded.steps] == ["acme.lib"]


def test_a_folder_of_modules_stands_for_its_children(tmp_path: Path) -> None:
    """A folder without a manifest is all of its children that have one, each once however often it is named."""
    module(tmp_path / "b")
    module(tmp_path / "a")
    write(tmp_path, {"notes/readme.txt": ""})
    modules = load_modules([tmp_path, tmp_path / "a"])
    assert [found.name for found in modules.modules] == ["a", "b"]
    assert modules.faults == ()


def test_a_broken_module_does_not_stop_the_others(tmp_path: Path) -> None:
    """IN-2: missing, unreadable and failing modules are reported, every other one is there."""
    module(
        tmp_path / "good",
        "workflows: [a.yaml]\nsteps: [steps]\n",
        {"a.yaml": "a", "steps.py": STEPS.format(name="acme.good")},
    )
    module(tmp_path / "raises", "steps: [steps]\n", {"steps.py": "1 / 0\n"})
    write(tmp_path / "unreadable", {"module.yaml": "name: [\n"})
    modules = load_modules([tmp_path / "nowhere", tmp_path])
    assert sorted(codes(modules.faults)) == ["INVALID_MANIFEST", "MODULE_NOT_FOUND", "STEPS_NOT_IMPORTED"]
    assert call(modules, "acme.good") == "acme.good"
    assert [file.text for file in modules.workflows] == ["a"]


def test_a_path_without_a_module_is_explained(tmp_path: Path) -> None:
    """A folder without a manifest, a missing folder and a missing package each say what was expected."""
    faults = load_modules([tmp_path, tmp_path / "nowhere", "no_such.package"]).faults
    assert codes(faults) == ["MODULE_NOT_FOUND"] * 3
    assert "has no module.yaml" in faults[0].message
    assert "neither a folder nor a package" in faults[1].message
    assert faults[2].module == "no_such.package"


def test_all_problems_of_a_manifest_are_reported_at_once(tmp_path: Path) -> None:
    """Missing, unknown and wrong fields are reported together, each with its line and the remedy."""
    folder = write(tmp_path / "shop", {"module.yaml": "nameSpace: acme\nversion: 1.0\nworkflow: [a]\nsteps: steps\n"})
    loaded = load_module(folder)
    assert loaded.manifest is None
    said = {fault.line: fault for fault in loaded.faults}
    assert "did you mean 'workflows'?" in said[3].message
    assert said[3].code == "UNKNOWN_FIELD"
    assert "'version' is wrong" in said[2].message
    assert "'steps' is wrong" in said[4].message
    assert any("'name' is missing" in fault.message for fault in loaded.faults)
    assert str(said[3]) == f"{folder / 'module.yaml'}:3: {said[3].message} [UNKNOWN_FIELD, module shop]"


@pytest.mark.parametrize("text", ["", "- a\n", "just text\n"])
def test_a_manifest_that_is_no_mapping_is_explained(tmp_path: Path, text: str) -> None:
    """A manifest is a mapping; anything else says how to begin."""
    (fault,) = load_module(write(tmp_path / "shop", {"module.yaml": text})).faults
    assert (fault.code, "nameSpace, name and version" in fault.message) == ("INVALID_MANIFEST", True)


def test_a_key_given_twice_is_reported(tmp_path: Path) -> None:
    """A key that is given twice would silently win over the first one: it is a fault."""
    (fault,) = load_module(module(tmp_path / "shop", "steps: []\nsteps: []\n")).faults
    assert (fault.code, fault.line) == ("INVALID_MANIFEST", 5)


def test_a_glob_that_matches_nothing_is_reported(tmp_path: Path) -> None:
    """A glob without a match is a mistake in most cases: it is reported with its line, and the rest is loaded."""
    folder = module(tmp_path / "shop", "workflows:\n  - a.yaml\n  - flows/*.yaml\n", {"a.yaml": "a"})
    loaded = load_module(folder)
    assert [(fault.code, fault.line) for fault in loaded.faults] == [("NO_MATCH", 6)]
    assert len(loaded.workflows) == 1


@pytest.mark.parametrize("pattern", ["../other/*.yaml", "/etc/*.yaml"])
def test_a_glob_cannot_leave_the_module(tmp_path: Path, pattern: str) -> None:
    """What is outside of the folder is not deployed with it, so a glob that leads there is refused."""
    loaded = load_module(module(tmp_path / "shop", f"workflows: ['{pattern}']\n"))
    assert [(fault.code, "keep its files inside" in fault.message) for fault in loaded.faults] == [("NO_MATCH", True)]


def test_a_document_that_is_not_utf_8_is_reported(tmp_path: Path) -> None:
    """A file in another encoding is reported and skipped."""
    folder = module(tmp_path / "shop", "workflows: ['*.yaml']\n", {"a.yaml": "a"})
    (folder / "b.yaml").write_bytes(b"name: caf\xe9\n")
    loaded = load_module(folder)
    assert [(fault.code, Path(fault.file).name) for fault in loaded.faults] == [("UNREADABLE_FILE", "b.yaml")]
    assert [file.text for file in loaded.workflows] == ["a"]


@pytest.mark.parametrize(
    ("source", "line", "said"),
    [
        ("x = 1\nraise RuntimeError('no')\n", 2, "RuntimeError: no"),
        ("def broken(:\n", 1, "SyntaxError"),
        ("import no_such_library\n", 1, "install the package that provides 'no_such_library'"),
        ("\nimport data\n", 2, "write 'from .data import …'"),
        ("raise SystemExit(3)\n", 1, "SystemExit: 3"),
        ("from .data import THINGS\n", 1, "ImportError"),
    ],
)
def test_code_that_cannot_be_imported_is_reported_with_its_line(
    tmp_path: Path, source: str, line: int, said: str
) -> None:
    """An import error names the module's own file and line, and the remedy where it is known."""
    (fault,) = load_module(module(tmp_path / "shop", "steps: [steps]\n", {"steps.py": source, "data.py": ""})).faults
    assert (fault.code, Path(fault.file).name, fault.line) == ("STEPS_NOT_IMPORTED", "steps.py", line)
    assert said in fault.message


def test_an_import_path_that_leads_nowhere_is_reported(tmp_path: Path) -> None:
    """A file that does not exist is reported at its line of the manifest."""
    (fault,) = load_module(module(tmp_path / "shop", "steps:\n  - stesp\n")).faults
    assert (fault.code, fault.line) == ("STEPS_NOT_IMPORTED", 5)
    assert "there is no stesp.py" in fault.message


def test_a_file_without_steps_is_reported(tmp_path: Path) -> None:
    """A file that marks no function was probably meant to."""
    (fault,) = load_module(module(tmp_path / "shop", "steps: [steps]\n", {"steps.py": "x = 1\n"})).faults
    assert (fault.code, fault.line) == ("NO_STEPS", 4)


def test_one_failing_file_leaves_the_others(tmp_path: Path) -> None:
    """A module's other steps and documents are there although one of its files fails."""
    files = {"bad.py": "1 / 0\n", "good.py": STEPS.format(name="acme.good"), "a.yaml": "a"}
    loaded = load_module(module(tmp_path / "shop", "workflows: [a.yaml]\nsteps: [bad, good]\n", files))
    assert codes(loaded.faults) == ["STEPS_NOT_IMPORTED"]
    assert ([step.name for step in loaded.steps], len(loaded.workflows)) == (["acme.good"], 1)


def test_a_step_name_belongs_to_the_first_module(tmp_path: Path) -> None:
    """Where two modules register the same name, the first keeps it and the second is told which file to change."""
    for name in ("a", "b"):
        module(tmp_path / name, "steps: [steps]\n", {"steps.py": STEPS.format(name="acme.run")})
    modules = load_modules([tmp_path])
    (fault,) = modules.faults
    assert (fault.code, fault.module, fault.line) == ("DUPLICATE_STEP", "b", 3)
    assert fault.file == str(tmp_path / "b" / "steps.py")
    found = modules.registry.get("acme.run")
    assert found is not None
    assert found.origin == (str(tmp_path / "a" / "steps.py"), 3)


def test_two_modules_of_the_same_name_are_reported(tmp_path: Path) -> None:
    """Two folders that claim to be the same module are reported, naming the other one."""
    for name in ("a", "b"):
        write(tmp_path / name, {"module.yaml": MANIFEST.format(name="Shop", more="")})
    (fault,) = load_modules([tmp_path]).faults
    assert (fault.code, str(tmp_path / "a") in fault.message) == ("DUPLICATE_MODULE", True)


FLOWS = """\
from reactory import step
from reactory.authoring import Flow, workflow
from .shared_steps import pay

@step("acme.greet")
def greet(name: str) -> str:
    return f"hello {name}"

@workflow("acme.Hello", version="1.0.0")
def hello(flow: Flow, name: str):
    flow.task(pay)
    return {"text": flow.task(greet, name=name)}

again = hello
"""
PAY = 'from reactory import step\n\n@step("acme.pay")\ndef pay() -> None: ...\n'


def test_a_python_file_contributes_workflows_with_their_steps(tmp_path: Path) -> None:
    """IN-2: what @workflow made in a file that a glob names is a document like any other, and its steps are known."""
    files = {"flows/hello.py": FLOWS, "flows/shared_steps.py": PAY, "one.yaml": "a"}
    folder = module(tmp_path / "shop", "workflows: ['*.yaml', 'flows/hello.py']\n", files)
    modules = load_modules([folder])
    assert modules.faults == ()
    assert [file.path.name for file in modules.workflows] == ["one.yaml", "hello.py"]
    assert "name: Hello\n" in modules.workflows[1].text
    assert modules.registry.names() == {"acme.greet", "acme.pay"}
    assert call(modules, "acme.pay") is None


def test_a_python_file_without_workflows_or_with_wrong_ones_is_told(tmp_path: Path) -> None:
    """IN-2, YF-1: each problem of a workflow that cannot be built is a fault with its line; nothing else is lost."""
    wrong = FLOWS.replace("name=name", "nane=name").replace("1.0.0", "1")
    files = {"a.py": FLOWS, "b.py": wrong, "c.py": "import nothing_there\n", "shared_steps.py": PAY}
    modules = load_modules([module(tmp_path / "shop", "workflows: ['*.py']\n", files)])
    assert [(Path(fault.file).name, fault.code, fault.line) for fault in modules.faults] == [
        ("b.py", "WORKFLOW_NOT_BUILT", 9),
        ("b.py", "WORKFLOW_NOT_BUILT", 12),
        ("b.py", "WORKFLOW_NOT_BUILT", 12),
        ("c.py", "STEPS_NOT_IMPORTED", 1),
        ("shared_steps.py", "NO_WORKFLOWS", None),
    ]
    assert "did you mean name?" in modules.faults[1].message
    assert [file.path.name for file in modules.workflows] == ["a.py"]
