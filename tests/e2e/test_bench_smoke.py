"""The benchmarks run. Their figures are for people and are not looked at here."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from benchmarks.__main__ import MODULES, main
from benchmarks.report import Report

QUICK = [name for name in MODULES if name != "crash"]
"""The crash proof has a test of its own."""


def test_every_benchmark_runs(
    mongo_uri: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each benchmark, in its smallest form, ends with figures in the table and in the JSON file."""
    monkeypatch.setenv("MONGODB_URI", mongo_uri)
    chosen = [argument for name in QUICK for argument in ("--only", name)]
    assert main(["--quick", "--json", str(tmp_path / "out.json"), *chosen]) == 0
    report = msgspec.json.decode((tmp_path / "out.json").read_bytes(), type=Report)
    assert [result.name for result in report.results] == [*QUICK, "share of the limit"]
    assert all(result.figures for result in report.results)
    assert "steps/s" in capsys.readouterr().out
