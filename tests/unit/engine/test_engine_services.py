"""The step type ``service_invoke``, and the services that modules bring."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path
from typing import Any

import pytest

from reactory import service
from reactory.exceptions import InvalidDefinitionError
from reactory.steps.modules import Modules, load_modules
from reactory.steps.service import Service, ServiceRegistry

PRICES = """
from reactory import service
from reactory.exceptions import InvalidDefinitionError

@service("acme.Prices@1.0.0")
class Prices:
    def __init__(self):
        self.calls = 0

    def quote(self, sku, quantity=1):
        self.calls += 1
        return {"sku": sku, "total": quantity * 5, "calls": self.calls}

    async def later(self, sku):
        return [sku]

    @staticmethod
    def fixed():
        return 1

    @property
    def secret(self):
        return "hunter2"

    def _hidden(self):
        return "hunter2"

    def odd(self):
        return object()

@service("acme.Prices@1.10.0")
class Newer(Prices):
    def quote(self, sku):
        return "newer"

class Unmarked(Prices):
    pass
"""


def module(folder: Path, services: str, code: str = PRICES) -> Path:
    folder.mkdir()
    (folder / "module.yaml").write_text(f"nameSpace: acme\nname: {folder.name}\nversion: 1.0.0\nservices: {services}\n")
    (folder / "prices.py").write_text(code)
    return folder


def load(engine: Any, folder: Path) -> Modules:
    modules = load_modules([folder])
    engine.named_services = modules.services
    return modules


def call(engine: Any, **config: Any) -> Any:
    step = engine.node("call", "service_invoke", **config)
    return engine.outputs(engine.run(step, data={"n": 3}, outputs={"got": "steps.call.outputs"}))["got"]


@pytest.mark.parametrize("services", ["[prices]", "[prices.Prices, 'prices:Newer']"])
def test_a_method_of_a_service_is_called_by_name(engine: Any, tmp_path: Path, services: str) -> None:
    """IN-2: the class, or all marked ones of a file; arguments are bound by name and keep their type."""
    modules = load(engine, module(tmp_path / "shop", services))
    assert modules.faults == ()
    assert modules.services.references() == ["acme.Prices@1.0.0", "acme.Prices@1.10.0"]
    got = call(engine, service="acme.Prices@1.0.0", method="quote", params={"sku": "A", "quantity": "${input.n}"})
    assert got == {"result": {"sku": "A", "total": 15, "calls": 1}}


@pytest.mark.parametrize(
    ("method", "params", "result"), [("later", {"sku": "A"}, ["A"]), ("fixed", {}, 1), ("quote", {"sku": "A"}, "newer")]
)
def test_the_highest_version_and_methods_of_every_kind(
    engine: Any, tmp_path: Path, method: str, params: dict[str, Any], result: Any
) -> None:
    """IN-2: without a version the highest one by number; async and static methods too."""
    load(engine, module(tmp_path / "shop", "[prices]"))
    assert call(engine, service="acme.Prices", method=method, params=params) == {"result": result}


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ({"service": "acme.Price@1.0.0", "method": "quote"}, "did you mean acme.Prices@1.0.0"),
        ({"service": "acme.Prices@2.0.0", "method": "quote"}, "acme.Prices@1.10.0"),
        ({"service": "acme.Prices@1.0.0", "method": "qoute"}, "did you mean quote?"),
        ({"service": "acme.Prices@1.0.0", "method": "_hidden"}, "known here: fixed, later, odd, quote"),
        ({"service": "acme.Prices@1.0.0", "method": "__init__"}, "has no method"),
        ({"service": "acme.Prices@1.0.0", "method": "secret"}, "has no method"),
        ({"service": "acme.Prices@1.0.0", "method": "quote", "params": {"sku": 1, "n": 2}}, "unexpected argument 'n'"),
        ({"service": "acme.Prices@1.0.0", "method": "quote"}, "missing argument 'sku'"),
        ({"service": "acme.Prices@1.0.0", "method": "odd"}, "Unserializable"),
    ],
)
def test_what_cannot_be_called_fails_for_good(engine: Any, tmp_path: Path, config: dict[str, Any], said: str) -> None:
    """IN-2: the error lists what there is; only public methods can be called; nothing is tried again."""
    load(engine, module(tmp_path / "shop", "[prices]"))
    instance = engine.run(engine.node("call", "service_invoke", **config))
    message = engine.reason(instance)["message"]
    assert said in message
    assert "hunter2" not in message
    assert engine.trail(instance, "call") == ["FAILED"]


def test_an_async_method_ends_when_its_time_is_over(engine: Any) -> None:
    """YF-6: it is cancelled then, so that it can clean up and holds no thread."""
    cancelled = threading.Event()

    class Waiting:
        async def forever(self) -> None:
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                cancelled.set()
                raise

    engine.named_services = ServiceRegistry([Service(Waiting, "acme.Waiting@1.0.0")])
    step = engine.node("call", "service_invoke", service="acme.Waiting", method="forever")
    instance = engine.run(step | {"timeout": 50, "retryPolicy": {"maxAttempts": 1}})
    assert cancelled.wait(30)
    assert engine.see(instance)["steps"][0]["error"]["category"] == "timeout"


def test_an_object_can_be_a_service() -> None:
    """IN-2: an object that was made already is marked as a class is."""

    class Counter:
        def __init__(self, start: int) -> None:
            self.start = start

        def next(self) -> int:
            return self.start + 1

    found = Service(service("acme.Counter@1.0.0")(Counter(4)), "acme.Counter@1.0.0")
    assert found.method("next").function() == 5


@pytest.mark.parametrize("reference", ["Prices@1.0.0", "acme.Prices", "acme.Prices@1"])
def test_a_service_has_a_full_name(reference: str) -> None:
    """IN-2: name space, name and version; the error says what is missing."""
    with pytest.raises(ValueError, match="Prices"):
        service(reference)


@pytest.mark.parametrize(
    ("services", "code", "fault"),
    [
        ("[nothing]", PRICES, "SERVICE_NOT_IMPORTED"),
        ("[prices.Nothing]", PRICES, "SERVICE_NOT_IMPORTED"),
        ("[prices]", "raise RuntimeError('broken')", "SERVICE_NOT_IMPORTED"),
        ("[prices.Unmarked]", PRICES, "NO_SERVICE"),
        ("[prices]", PRICES.replace("def __init__(self)", "def __init__(self, rate)"), "NO_SERVICE"),
        ("[{name: prices}]", PRICES, "INVALID_MANIFEST"),
    ],
)
def test_a_broken_service_stops_no_other_module(tmp_path: Path, services: str, code: str, fault: str) -> None:
    """IN-2: what is wrong is a fault of its module, and the services of the others are there."""
    broken = module(tmp_path / "broken", services, code)
    fine = module(tmp_path / "fine", "[prices]")
    modules = load_modules([broken, fine])
    assert {found.code for found in modules.faults} == {fault}
    assert all(found.module == "broken" for found in modules.faults)
    assert "acme.Prices@1.0.0" in modules.services.references()


def test_a_service_belongs_to_one_module(tmp_path: Path) -> None:
    """IN-2: the first of two of the same name and version keeps it; the fault names both."""
    modules = load_modules([module(tmp_path / "one", "[prices]"), module(tmp_path / "two", "[prices]")])
    assert [found.code for found in modules.faults] == ["DUPLICATE_SERVICE", "DUPLICATE_SERVICE"]


def test_names_of_the_engine_are_reserved(tmp_path: Path) -> None:
    """IN-2: a module cannot take the place of a step of the engine's own."""
    code = 'from reactory import step\n\n@step("reactory.validation")\ndef run():\n    return 1\n'
    folder = module(tmp_path / "shop", "[]", code)
    (folder / "module.yaml").write_text("nameSpace: acme\nname: shop\nversion: 1.0.0\nsteps: [prices]\n")
    modules = load_modules([folder])
    (fault,) = modules.faults
    assert "are reserved" in fault.message
    assert modules.registry.get("reactory.validation") is None


def test_a_step_of_the_engine_is_no_handler(engine: Any) -> None:
    """IN-2: what a document may call is what modules registered."""
    with pytest.raises(InvalidDefinitionError, match="no Python step is registered as"):
        engine.begin(engine.node("a", "task", handler="reactory.validation"))
