"""Sessions on projects that a test writes."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.config import load_config
from harness.engine.session import Session
from harness.model import ALLOCS, PackageOutcome, Record
from tests.repos import Project

OpenSession = Callable[..., Session]

MODULE = "example.com/m"
GO_MOD = f"module {MODULE}\n\ngo 1.22\n"


def bench(package: str, allocs: int = 1, name: str = "BenchmarkX") -> str:
    """A test file with one benchmark that makes so many allocations."""
    return f"""package {package}

import "testing"

var sink{name} []byte

func {name}(b *testing.B) {{
	for i := 0; i < b.N; i++ {{
		for j := 0; j < {allocs}; j++ {{
			sink{name} = make([]byte, 64)
		}}
	}}
}}
"""


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path / "project")


@pytest.fixture
def open_session(
    tmp_path: Path, cache_dir: Path, monkeypatch: pytest.MonkeyPatch, project: Project
) -> OpenSession:
    """A session on the project; keywords are keys of the ``"go"`` section, or of asv's."""
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("GOPROXY", "off")
    monkeypatch.delenv("GOFLAGS", raising=False)

    def open_it(
        *, asv: dict[str, object] | None = None, carry: bool = True, **go_section: object
    ) -> Session:
        settings = {
            "version": 1, "project": "test", "repo": str(project.path),
            "results_dir": str(tmp_path / "results"), "default_benchmark_timeout": 20,
            **(asv or {}), "go": {"cache_dir": str(cache_dir), **go_section},
        }  # fmt: skip
        path = tmp_path / "asv.conf.json"
        path.write_text(json.dumps(settings))
        return Session(load_config(path), carry=carry)

    return open_it


def allocs(record: Record) -> dict[str, float]:
    """allocs/op of every benchmark, by ``package.name`` without the module's path."""
    found = {}
    for package, result in record.benchmarks():
        measurement = result.measurement(ALLOCS)
        assert measurement is not None
        assert measurement.exact
        found[f"{package}.{result.name}".removeprefix(f"{MODULE}/")] = measurement.value
    return found


def outcomes(record: Record) -> dict[str, PackageOutcome]:
    return {p.directory: p.outcome for p in record.packages}
