"""``autoStart`` of a module: its workflows are started once per version of the module."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from reactory.exceptions import StoreUnavailableError
from reactory.ports.store import Instance, InstanceQuery
from reactory.runner.modules import register_loaded, register_modules
from reactory.steps.modules import load_modules
from tests.unit.runner.lab import Lab

FLOW = "nameSpace: {ns}\nname: Watch\nversion: 1.0.0\ninputs: {{days: {{type: integer, default: 1}}}}\nsteps:\n  - {{id: a, type: log, config: {{message: hello}}}}\n"


def module(folder: Path, name: str, auto_start: str, version: str = "1.0.0") -> Path:
    """A module with the workflow ``<name>.Watch`` and this autoStart."""
    path = folder / name
    path.mkdir(exist_ok=True)
    text = f"nameSpace: {name}\nname: Module\nversion: {version}\nworkflows: ['*-flow.yaml']\nautoStart: {auto_start}\n"
    (path / "module.yaml").write_text(text, encoding="utf-8")
    (path / "watch-flow.yaml").write_text(FLOW.format(ns=name), encoding="utf-8")
    return path


def instances(lab: Lab) -> list[Instance]:
    return lab.instances.list(InstanceQuery(sort="createdAt")).instances


def test_a_workflow_is_started_once(lab: Lab, tmp_path: Path) -> None:
    """WR-14: the first registration starts it; every further one, of any process, finds what was started."""
    path = module(tmp_path, "acme", "[acme.Watch]")
    first = register_modules(lab.runner.services, [path])
    assert first.faults == ()
    lab.work()
    for _ in range(3):
        again = register_modules(lab.make_runner().services, [path])
        assert (again.faults, again.started) == ((), ())
    (instance,) = instances(lab)
    assert first.started == (instance.id,)
    assert instance.status == "COMPLETED"


def test_the_instance_says_who_has_started_it(lab: Lab, tmp_path: Path) -> None:
    """IM-8, WR-14: mode autostart, the module's version as the trigger, the module as the caller."""
    register_modules(lab.runner.services, [module(tmp_path, "acme", "[acme.Watch]")])
    (instance,) = instances(lab)
    assert (instance.mode, instance.trigger_id, instance.caller) == ("autostart", "acme.Module@1.0.0", "acme.Module")


def test_a_new_version_of_the_module_starts_it_again(lab: Lab, tmp_path: Path) -> None:
    """WR-14: a deployment of another version of the module is another one."""
    for version in ("1.0.0", "1.1.0", "1.1.0"):
        register_modules(lab.runner.services, [module(tmp_path, "acme", "[acme.Watch]", version)])
    assert len(instances(lab)) == 2


def test_an_entry_may_have_an_input(lab: Lab, tmp_path: Path) -> None:
    """WR-14: {workflow, input} starts with that input; another input under the same version is told, not taken."""
    entry = "[{{workflow: acme.Watch@1.0.0, input: {{days: {days}}}}}]"
    path = module(tmp_path, "acme", entry.format(days=3))
    register_modules(lab.runner.services, [path])
    (instance,) = instances(lab)
    assert lab.runner.query.get(instance.id)["input"] == {"days": 3}
    (fault,) = register_modules(lab.runner.services, [module(tmp_path, "acme", entry.format(days=4))]).faults
    assert fault.code == "NOT_STARTED"


def test_what_cannot_be_started_stops_no_other(lab: Lab, tmp_path: Path) -> None:
    """WR-14, IN-2: an unknown workflow is told with its module's file; other modules' workflows are started."""
    paths = [module(tmp_path, "acme", "[acme.Nothing, other.Watch]"), module(tmp_path, "other", "[other.Watch]")]
    report = register_modules(lab.runner.services, paths)
    (fault,) = report.faults
    assert "acme.Nothing" in str(fault)
    assert str(fault).startswith(str(paths[0] / "module.yaml"))
    assert sorted(str(one.caller) for one in instances(lab)) == ["acme.Module", "other.Module"]


def test_a_registration_without_starts(lab: Lab, tmp_path: Path) -> None:
    """WR-14: who only wants the definitions says so."""
    loaded = load_modules([module(tmp_path, "acme", "[acme.Watch]")])
    assert register_loaded(lab.runner.services, loaded, auto_start=False).started == ()
    assert instances(lab) == []


def test_a_store_that_is_away_is_no_fault_of_the_module(
    lab: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """WR-14: the registration fails as a whole, so that it is tried again."""

    def away(_: Sequence[Instance]) -> list[Instance | None]:
        raise StoreUnavailableError("away")

    monkeypatch.setattr(lab.instances, "create", away)
    with pytest.raises(StoreUnavailableError):
        register_modules(lab.runner.services, [module(tmp_path, "acme", "[acme.Watch]")])


@pytest.mark.parametrize(
    "wrong", ["[3]", "acme.Watch", "[{workflow: acme.Watch, inputs: {}}]", "[{input: {}}]", "['']"]
)
def test_a_wrong_entry_is_told(tmp_path: Path, wrong: str) -> None:
    """IN-2: what is no entry of autoStart is a fault of the manifest, with how to write it."""
    (fault,) = load_modules([module(tmp_path, "acme", wrong)]).faults
    assert (fault.code, "autoStart" in fault.message) == ("INVALID_MANIFEST", True)
