"""The documentation is true: every example validates and runs, and nothing that a user meets is missing from it."""

from __future__ import annotations

import re
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from operator import attrgetter
from pathlib import Path
from typing import Any, get_args

import pytest

import reactory.exceptions
from reactory.definition import codes
from reactory.definition.document import load_document
from reactory.definition.language.functions import FUNCTIONS, METHODS
from reactory.definition.steptypes import RUNNABLE
from reactory.definition.validate import validate
from reactory.settings import Settings, variable
from reactory.steps.fault import FaultCode
from reactory.steps.modules import Modules, load_modules
from reactory.topology import FUNCTIONS as DEPLOYED
from tests.unit.engine.conftest import Engine
from tests.unit.engine.example import Example

ROOT = Path(__file__).parents[2]
WORKFLOWS = (ROOT / "docs" / "workflows.md").read_text()
OPERATING = (ROOT / "docs" / "operating.md").read_text()
BLOCKS = re.findall(r"```yaml\n(.*?)```", WORKFLOWS, re.DOTALL)
FILES = dict(re.findall(r"```\w+\n# (module\.yaml|steps\.py|services\.py)\n(.*?)```", WORKFLOWS, re.DOTALL))
EXAMPLES = {load_document(text).data["name"]: text for text in BLOCKS if not text.startswith("# module.yaml")}
ERRORS: set[type[reactory.exceptions.ReactoryError]] = {
    getattr(reactory.exceptions, name) for name in reactory.exceptions.__all__
}


@pytest.fixture
def modules(tmp_path: Path) -> Modules:
    """The module of docs/workflows.md, as a reader would write it."""
    folder = tmp_path / "docs"
    folder.mkdir()
    for name, text in FILES.items():
        (folder / name).write_text(text)
    for name, text in EXAMPLES.items():
        (folder / f"{name}-workflow.yaml").write_text(text)
    return load_modules([folder])


@pytest.fixture
def shop() -> Iterator[str]:
    """The address of a server that takes every order."""

    class Shop(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["content-length"]))
            self.send_response(201)
            self.end_headers()
            self.wfile.write(b'{"id": "O-1"}')

        def log_message(self, *args: Any) -> None:
            """Nothing on the console."""

    with HTTPServer(("127.0.0.1", 0), Shop) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.fixture
def engine(modules: Modules, tmp_path: Path, shop: str) -> Iterator[Engine]:
    """With everything that the examples need to be allowed."""
    script = tmp_path / "sum.py"
    script.write_text("import json, sys\nprint(json.dumps(json.load(sys.stdin)))")
    made = Engine()
    made.steps = modules.registry
    made.named_services = modules.services
    made.env = {"SHOP_URL": shop}
    made.settings = Settings(
        aws="memory",
        files_root=str(tmp_path),
        allowed_scripts={"sum": str(script)},
        allowed_commands={"sum": [sys.executable, str(script)]},
        allowed_hosts=["127.0.0.1"],
    )
    yield made
    made.close()


def test_the_module_of_the_documentation_loads(modules: Modules) -> None:
    """IN-2: module.yaml, the Python steps and the documents of docs/workflows.md make a module without a fault."""
    assert modules.faults == ()
    assert len(modules.workflows) == len(EXAMPLES)
    assert modules.registry.names() == {"docs.reserve", "docs.crunch"}


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_validates_and_runs(name: str, engine: Engine) -> None:
    """YF-1, WH-5: every document of docs/workflows.md has no problem; it runs to its end with the input that it names,
    with what happens ``then`` meanwhile, and has the outputs that it ``ends with``.
    """
    example = Example(EXAMPLES[name])
    assert validate(load_document(example.text), handlers=engine.steps.names()) == []
    for needed in [example.id, *example.invoked]:
        engine.runner.registry.register(EXAMPLES[needed.removeprefix("docs.")])
    instance = example.run(engine)
    outputs = engine.outputs(instance)
    assert example.outputs is None or outputs == example.outputs


def test_every_step_type_that_runs_has_an_example() -> None:
    """A user finds a document to start from for each type."""
    assert RUNNABLE - set(re.findall(r"\btype: (\w+)", "".join(EXAMPLES.values()))) == set()


@pytest.mark.parametrize("name", sorted({*FUNCTIONS, *METHODS}))
def test_every_function_of_expressions_is_documented(name: str) -> None:
    """A user finds each function that an expression may call."""
    assert f"`{name}`" in WORKFLOWS


@pytest.mark.parametrize(
    "code", sorted(value for name, value in vars(codes).items() if name.isupper()) + list(get_args(FaultCode))
)
def test_every_problem_code_is_documented(code: str) -> None:
    """Whoever meets the code of a problem, of a document or a module, finds what it means."""
    assert f"`{code}`" in WORKFLOWS


@pytest.mark.parametrize("error", sorted(ERRORS, key=attrgetter("code", "__name__")))
def test_every_error_code_is_documented(error: type[reactory.exceptions.ReactoryError]) -> None:
    """Whoever meets a code finds it in docs/operating.md, beside its HTTP status."""
    assert f"| `{error.code}` | {error.http_status} |" in OPERATING


@pytest.mark.parametrize("field", sorted(Settings.model_fields))
def test_every_setting_is_documented(field: str) -> None:
    """Whoever sets the engine up finds each variable with its default."""
    info = Settings.model_fields[field]
    default = "" if info.default_factory is not None or info.default == "" else f"`{info.default}`"
    assert f"| `{variable(field)}` | {default or 'none'} |" in OPERATING


@pytest.mark.parametrize("route", [f"{r.method} {r.path}" for function in DEPLOYED for r in function.routes])
def test_every_route_is_documented(route: str) -> None:
    """Whoever calls the HTTP API finds each of its routes."""
    assert f"`{route}`" in OPERATING
