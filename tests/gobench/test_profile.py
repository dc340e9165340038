"""Accounts: what the lines of a benchmark allocate, held against what `testing` reports."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping

import pytest

from harness.compiled.allocators import allocation_kind
from harness.gobench.link import link
from harness.gobench.pprof import Stack
from harness.gobench.profile import ProfileJob, difference, measure_account
from harness.model import Account, AllocationKind
from harness.model.allocation import Frame
from harness.process import base_environment, tool_environment
from harness.toolchain import Go, GoCommand
from harness.toolchain.overlay import with_heap_costs, with_overlay, without_tiny_allocator
from tests.repos import write_files

# Larger than what the tiny allocator puts together, so that the usual release profiles all.
SOURCE = """
package p

type big struct{ a, b, c, d int }

var (
	held  []*big
	anys  []any
	text  string
	table map[int]*big
)

//go:noinline
func object() *big { return &big{} }

//go:noinline
func box(s string, v big) {
	anys = append(anys[:0], s+text+text, v)
}

//go:noinline
func grow() { held = append(held[:0:0], nil) }
"""
TESTS = """
package p

import "testing"

var one *big

func fill(n int) {
	for i := 0; i < n; i++ {
		one = object()
	}
}

func BenchmarkSetUp(b *testing.B) {
	fill(250)
	for i := 0; i < b.N; i++ {
		fill(2)
	}
}

func BenchmarkReset(b *testing.B) {
	fill(1000)
	b.ResetTimer()
	fill(30)
	for i := 0; i < b.N; i++ {
		fill(2)
	}
}

func BenchmarkSetUpGrows(b *testing.B) {
	fill(3 * b.N)
	b.ResetTimer()
	b.ReportAllocs()
	for i := 0; i < b.N; i++ {
		fill(2)
	}
}

func BenchmarkStops(b *testing.B) {
	for i := 0; i < b.N; i++ {
		b.StopTimer()
		fill(5)
		b.StartTimer()
		fill(1)
	}
}

func BenchmarkStopped(b *testing.B) {
	b.StopTimer()
	fill(70)
	b.ResetTimer()
	b.StartTimer()
	fill(50)
	for i := 0; i < b.N; i++ {
		fill(3)
	}
}

func BenchmarkLoop(b *testing.B) {
	fill(500)
	for b.Loop() {
		fill(2)
	}
}

func BenchmarkOnce(b *testing.B) {
	for i := 0; i < b.N; i++ {
		if table == nil {
			fill(90)
			table = map[int]*big{}
		}
		fill(1)
	}
}

func BenchmarkParent(b *testing.B) {
	fill(400)
	b.Run("child", func(b *testing.B) {
		fill(100)
		for i := 0; i < b.N; i++ {
			fill(1)
		}
	})
}

func BenchmarkBox(b *testing.B) {
	text = "a text that is longer than a buffer of the stack"
	for i := 0; i < b.N; i++ {
		box(text, big{})
	}
}

func BenchmarkGrow(b *testing.B) {
	for i := 0; i < b.N; i++ {
		grow()
	}
}
"""
Measured = Mapping[str, tuple[float, Account]]

# Objects of an operation, and of a run beside them.
EXPECTED = {
    "BenchmarkSetUp": (2, 250),
    "BenchmarkReset": (2, 30),
    "BenchmarkSetUpGrows": (2, 0),
    "BenchmarkStops": (1, 0),
    "BenchmarkStopped": (3, 50),
    "BenchmarkLoop": (2, 0),
    "BenchmarkOnce": (1, 0),  # the run of one iteration has filled it
    "BenchmarkParent/child": (1, 100),
}


def in_module(file: str) -> str | None:
    return file.removeprefix("m/") if file.startswith("m/") else None


@pytest.fixture(scope="module")
def measured(go: Go, tmp_path_factory: pytest.TempPathFactory) -> Measured:
    """allocs/op without the cut as `testing` prints it, and the account, by benchmark."""
    root = tmp_path_factory.mktemp("accounts")
    write_files(root, {"go.mod": "module m\n\ngo 1.24\n", "p.go": SOURCE, "p_test.go": TESTS})
    cache = tmp_path_factory.mktemp("cache")
    replaced = with_heap_costs(go, cache)
    assert replaced
    # The runtime's own frames, and not the rest of it: no need to compile the library anew.
    shown = {k: v for k, v in without_tiny_allocator(go, cache).items() if "pprof" in k}
    assert shown
    env = {**go.environment(tool_environment()), "GOWORK": "off"}
    binary = root / "p.test"
    flags = with_overlay(["-trimpath"], {**replaced, **shown}, root)
    assert link(GoCommand(go.binary, root, env, 300, flags), "m", binary) == ""
    command = [str(binary), "-test.run=^$", "-test.bench=.", "-test.cpu=1"]
    command += ["-test.benchtime=100x", "-test.benchmem"]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=True)
    found = {}
    for line in done.stdout.splitlines():
        if line.startswith("Benchmark"):
            name, *fields = line.split()
            job = ProfileJob(root, "m", name, base_environment(), root, 60, timed=True)
            exact = float(fields[fields.index("allocs-exact/op") - 1])
            found[name] = (exact, measure_account(binary, binary, job, in_module))
    return found


@pytest.mark.parametrize("name", EXPECTED)
def test_operations_and_set_up_are_told_apart(measured: Measured, name: str) -> None:
    _, account = measured[name]
    set_up = sum(site.setup_allocs for site in account.sites)
    assert (account.allocs, set_up) == EXPECTED[name]
    assert account.timed


@pytest.mark.parametrize("name", [*EXPECTED, "BenchmarkBox", "BenchmarkGrow"])
def test_they_add_up_to_what_is_reported(measured: Measured, name: str) -> None:
    reported, account = measured[name]
    set_up = sum(site.setup_allocs for site in account.sites)
    assert account.allocs + set_up / 100 == pytest.approx(reported, abs=0.005)


def test_the_functions_of_the_runtime_that_allocate_are_named(measured: Measured) -> None:
    (line,) = [s for s in measured["BenchmarkBox"][1].sites if s.function == "box"]
    kinds: dict[AllocationKind | None, float] = {}
    for name, each, _ in line.calls:
        kinds[allocation_kind(name)] = kinds.get(allocation_kind(name), 0) + each
    concatenated = kinds.pop(AllocationKind.STRING)
    # Some releases box a struct by newobject and not by convT.
    boxed = sum(kinds.get(k, 0) for k in (AllocationKind.BOXING, AllocationKind.OBJECT))
    assert (concatenated, boxed, line.allocs) == (1, 2, 3)
    assert AllocationKind.BOXING in kinds
    (line,) = [s for s in measured["BenchmarkGrow"][1].sites if s.function == "grow"]
    assert [(allocation_kind(name), each) for name, each, _ in line.calls] == [
        (AllocationKind.APPEND, 1)
    ]


def below_m(file: str) -> str | None:
    return file if file.startswith("m/") else None


def stack(*names: str, objects: int = 1) -> Stack:
    frames = tuple((Frame(name, f"{name.split('.')[0]}/x.go", 3),) for name in names)
    return Stack(frames, objects, 16 * objects)


def test_what_main_does_is_no_part_of_a_run() -> None:
    here = stack("m.F", "testing.runN", objects=150)
    before = stack("m.F", "m.TestMain", "runtime.main", objects=7)
    more = stack("m.F", "testing.runN", objects=450)
    found = difference([here, before], [more, before], (100, 400), below_m)
    ((place, amount),) = found.items()
    assert (place.file, place.line, place.via) == ("m/x.go", 3, "")
    assert (amount.allocs, amount.setup_allocs, amount.setup_bytes) == (1, 50, 800)
    assert amount.calls == {}  # this profile does not show the runtime


def test_a_call_is_the_lines_own_only_if_no_library_makes_it() -> None:
    boxed = stack("runtime.mallocgc", "runtime.convTstring", "m.F")
    joined = stack("runtime.makeslice", "strings.Join", "m.F")
    direct = stack("m.F")
    found: dict[str, dict[str, tuple[float, float]]] = {}
    profile = [boxed, joined, direct, stack("runtime.newobject", "fmt.init")]
    for site, amount in difference([], [*profile], (0, 1), below_m).items():
        found[site.via] = amount.calls
    assert found["strings.Join"] == {}
    many = difference(profile, [*profile, *profile], (1, 2), below_m)
    (line,) = [a for s, a in many.items() if not s.via]
    assert line.calls == {"runtime.convTstring": (1, 0), "runtime.mallocgc": (1, 0)}
    # Go 1.24 leaves out what calls mallocgc, so that nothing is known of the others.
    (line,) = [a for s, a in difference([], [boxed, direct], (0, 1), below_m).items() if not s.via]
    assert (line.allocs, line.calls) == (2, {})
