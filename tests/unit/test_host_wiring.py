"""What a worker's process puts together from its settings."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from functions.host.wiring import services
from reactory import bootstrap
from reactory.definition.steptypes import BUILTIN
from reactory.settings import Settings
from reactory.steps.context import StepContext
from reactory.testing.engine import MemoryEngine


@pytest.fixture
def engine() -> Iterator[MemoryEngine]:
    made = MemoryEngine()
    yield made
    bootstrap.install(None)
    services.cache_clear()


def test_a_worker_has_the_steps_of_the_engine_and_the_services_of_its_modules(
    engine: MemoryEngine, tmp_path: Path
) -> None:
    """YF-4, IN-2: every type has its body, which works with what the settings allow and the modules bring."""
    (tmp_path / "module.yaml").write_text("nameSpace: acme\nname: Shop\nversion: 1.0.0\nservices: [prices]\n")
    (tmp_path / "prices.py").write_text(
        "from reactory import service\n\n@service('acme.Prices@1.0.0')\nclass Prices:\n    def one(self): return 1\n"
    )
    engine.settings = Settings(aws="memory", modules=[str(tmp_path)], files_root=str(tmp_path))
    bootstrap.install(engine.app())
    services.cache_clear()
    steps = services().steps
    assert {name for name in BUILTIN if steps.get(f"reactory.{name}") is None} == set()
    assert steps.names() == set()

    def call(name: str, config: dict[str, object]) -> str:
        body = steps.get(f"reactory.{name}")
        assert body is not None
        ctx = StepContext(instance_id="i", workflow_id="w", version="1.0.0", path="p", step_id="p", config=config)
        return json.dumps(body.function(ctx))

    assert call("service_invoke", {"service": "acme.Prices", "method": "one"}) == '{"result": 1}'
    assert "module.yaml" in call("file_operation", {"operation": "list", "path": ""})
