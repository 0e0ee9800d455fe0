"""Documents in the dialect of the original engine: its field names and its idioms, registered and run."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from reactory import PermanentStepError, step
from reactory.authoring import Workflow
from reactory.definition.document import load_document
from reactory.definition.validate import errors, validate
from reactory.settings import Settings
from reactory.steps.service import Service
from tests.unit.engine.conftest import Engine
from tests.unit.engine.example import Example

FOLDER = Path(__file__).parents[2] / "compat"
DOCUMENTS = {path.name: path.read_text(encoding="utf-8") for path in sorted(FOLDER.iterdir())}
RUN = [name for name, text in DOCUMENTS.items() if "# ends with: " in text]


class RefusedError(PermanentStepError):
    """What ``compat.refuse`` is there for."""

    category = "validation"


@step("compat.refuse")
async def refuse(why: str) -> None:
    """Fails for good."""
    raise RefusedError(why)


class Prices:
    """A service as a module would have it."""

    def quote(self, sku: str, quantity: int) -> int:
        """Five for each."""
        return 5 * quantity if sku else 0


@pytest.fixture
def shop() -> Iterator[str]:
    """The address of a server that takes orders of whoever has the token."""

    class Shop(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["content-length"]))
            self.send_response(201 if self.headers["authorization"] == "Bearer t0" else 401)
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
def engine(shop: str, tmp_path: Path) -> Iterator[Engine]:
    """With all the documents registered, children before their parents, and with what they need to be allowed."""
    made = Engine()
    made.steps.add(refuse)
    made.named_services.add(Service(Prices, "compat.Prices@1.0.0"))
    made.env = {"SHOP_URL": shop, "TOKEN": "t0"}
    made.settings = Settings(aws="memory", files_root=str(tmp_path), allowed_hosts=["127.0.0.1"])
    for text in DOCUMENTS.values():
        made.runner.registry.register(text)
    yield made
    made.close()


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_document_of_the_original_has_no_error(name: str) -> None:
    """YF-1, YF-10: its fields and its idioms are accepted as they are."""
    problems = validate(load_document(DOCUMENTS[name]), handlers=frozenset({"compat.refuse"}))
    assert [str(problem) for problem in errors(problems)] == []


@pytest.mark.parametrize("name", RUN)
def test_a_document_of_the_original_runs(name: str, engine: Engine) -> None:
    """YF-10, YF-3, YF-5 to YF-9: it comes to its end with the outputs that formats.md promises."""
    example = Example(DOCUMENTS[name])
    if name == "variables.yaml":
        engine.env = engine.env | {"SHOP_URL": "https://shop.example"}
    instance = example.run(engine)
    assert engine.outputs(instance) == example.outputs


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_document_of_the_original_survives_a_round_trip(name: str) -> None:
    """FW-1: what the designer keeps in it, and all else, is still there after it went through Python and YAML."""
    data = load_document(DOCUMENTS[name]).data
    back = Workflow.from_yaml(Workflow.from_yaml(DOCUMENTS[name]).to_yaml())
    made: dict[str, Any] = {}
    exec(compile(back.to_python(), name, "exec"), made)
    (found,) = (value for value in made.values() if isinstance(value, Workflow))
    assert load_document(found.to_yaml()).data == data


def test_every_document_is_run() -> None:
    """A document that says what it ends with is run; the others are children of one that is."""
    invoked = {child for name in RUN for child in Example(DOCUMENTS[name]).invoked}
    assert {Example(text).id for text in DOCUMENTS.values()} == {Example(DOCUMENTS[name]).id for name in RUN} | invoked
