"""Test binaries of benchmarks that behave, and of many that do not."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from harness.gobench.link import link
from harness.gobench.run import LaneRun, LaneSettings, run_lane
from harness.model import Lane
from harness.process import base_environment, tool_environment
from harness.toolchain import Go, GoCommand
from tests.repos import write_files

RunBench = Callable[..., LaneRun]

WILD = """
package wild

import (
	"fmt"
	"math"
	"os"
	"testing"
	"time"
)

var sink []byte

func alloc(b *testing.B, n int) {
	b.ReportAllocs()
	for i := 0; i < b.N; i++ {
		for j := 0; j < n; j++ {
			sink = make([]byte, 64)
		}
	}
}

func BenchmarkAFirst(b *testing.B) { alloc(b, 1) }

func BenchmarkBPanic(b *testing.B) { panic("no database") }

func BenchmarkCFatal(b *testing.B) { b.Fatal("cannot", "do", "it") }

func BenchmarkDExit0(b *testing.B) { os.Exit(0) }

func BenchmarkEExit3(b *testing.B) {
	fmt.Fprintln(os.Stderr, "giving up")
	os.Exit(3)
}

func BenchmarkFHang(b *testing.B) { time.Sleep(time.Hour) }

func BenchmarkGPrints(b *testing.B) {
	fmt.Print("progress 50% BenchmarkGPrints ")
	alloc(b, 2)
}

func BenchmarkHLies(b *testing.B) {
	fmt.Println("BenchmarkFake 	 100	 1.0 ns/op	 7 B/op	 9999 allocs/op")
	alloc(b, 3)
}

func BenchmarkUForges(b *testing.B) {
	fmt.Println("BenchmarkUForges 	 100	 1.0 ns/op	 7 B/op	 0 allocs/op")
	alloc(b, 3)
}

func BenchmarkVForgesAndFails(b *testing.B) {
	fmt.Println("BenchmarkVForgesAndFails 	 100	 1.0 ns/op	 7 B/op	 0 allocs/op")
	fmt.Println("FAIL")
	os.Exit(1)
}

func BenchmarkWForgesItsEnd(b *testing.B) {
	fmt.Println("BenchmarkWForgesItsEnd 	 100	 1.0 ns/op	 7 B/op	 0 allocs/op")
	fmt.Println("PASS")
	os.Exit(0)
}

func BenchmarkXForgesAndPanics(b *testing.B) {
	fmt.Println("BenchmarkXForgesAndPanics 	 100	 1.0 ns/op	 7 B/op	 0 allocs/op")
	fmt.Println("PASS")
	panic("done")
}

func BenchmarkISkip(b *testing.B) { b.Skip("not today") }

func BenchmarkJSub(b *testing.B) {
	b.Run("good", func(b *testing.B) { alloc(b, 1) })
	b.Run("bad", func(b *testing.B) { b.Fatal("sub fails") })
	b.Run("panics/too", func(b *testing.B) { b.Errorf("later") })
	b.Run("also good", func(b *testing.B) { alloc(b, 4) })
}

func BenchmarkKMetric(b *testing.B) {
	b.ReportMetric(2.5, "widgets/op")
	b.ReportMetric(float64(b.N), "N")
	b.SetBytes(1 << 20)
	alloc(b, 1)
}

func BenchmarkLSize(b *testing.B) {
	for _, n := range []int{1, 2, 4} {
		b.Run(fmt.Sprintf("size-%d", n), func(b *testing.B) {
			if n == 4 {
				b.Fatal("size 4")
			}
			alloc(b, n)
		})
	}
	b.Run("size", func(b *testing.B) { alloc(b, 5) })
}

func BenchmarkMLatePanic(b *testing.B) {
	alloc(b, 1)
	if b.N > 1 {
		panic("only with many iterations")
	}
}

func BenchmarkNNotANumber(b *testing.B) {
	b.ReportMetric(math.NaN(), "hits/op")
	b.ReportMetric(math.Inf(1), "misses/op")
	alloc(b, 1)
}

func BenchmarkOSubPanic(b *testing.B) {
	b.Run("one", func(b *testing.B) { alloc(b, 1) })
	b.Run("two", func(b *testing.B) { panic("second of three") })
	b.Run("three", func(b *testing.B) { alloc(b, 3) })
}

func BenchmarkPPass(b *testing.B) {
	fmt.Println("PASS")
	alloc(b, 1)
}

func BenchmarkQNilMap(b *testing.B) {
	var m map[string]int
	m["x"] = 1
}

func BenchmarkRGoroutine(b *testing.B) {
	done := make(chan bool)
	go func() { defer close(done); panic("in a goroutine") }()
	<-done
	select {}
}

func BenchmarkSEnvironment(b *testing.B) {
	if v := os.Getenv("ESV_TEST_SECRET"); v != "" {
		b.Fatal("sees", v)
	}
	if dir, _ := os.Getwd(); dir == "/" {
		b.Fatal("runs in", dir)
	}
	if _, err := os.ReadFile("testdata/x"); err != nil {
		b.Fatal(err)
	}
	alloc(b, 1)
}

func BenchmarkTChild(b *testing.B) {
	p, err := os.StartProcess("/bin/sh", []string{"sh", "-c", "sleep 60"}, &os.ProcAttr{
		Files: []*os.File{nil, os.Stdout, os.Stderr},
	})
	if err != nil {
		b.Fatal(err)
	}
	_ = p
	alloc(b, 1)
}

func BenchmarkZLast(b *testing.B) { alloc(b, 6) }
"""

MAIN = """
package quits

import (
	"fmt"
	"os"
	"testing"
)

func TestMain(m *testing.M) {
	if os.Getenv("ESV_TEST_QUIT") != "" {
		fmt.Println("set ESV_DATABASE")
		os.Exit(4)
	}
	code := m.Run()
	fmt.Println("teardown")
	if os.Getenv("ESV_TEST_PANIC") != "" {
		panic("cannot tear down")
	}
	os.Exit(code)
}

func BenchmarkFine(b *testing.B) {}
"""


@pytest.fixture(scope="session")
def binaries(go: Go, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Linked test binaries, each in the directory of its package."""
    root = tmp_path_factory.mktemp("wild")
    write_files(
        root,
        {
            "go.mod": "module example.com/wild\n\ngo 1.22\n",
            "wild/wild_test.go": WILD,
            "wild/testdata/x": "x\n",
            "quits/quits_test.go": MAIN,
        },
    )
    env = {**go.environment(tool_environment()), "GOWORK": "off"}
    found = {}
    for name in ("wild", "quits"):
        binary = root / name / f"{name}.test"
        message = link(GoCommand(go.binary, root, env, 300), f"example.com/wild/{name}", binary)
        assert message == ""
        found[name] = binary
    return found


@pytest.fixture
def bench(binaries: dict[str, Path]) -> RunBench:
    """Run benchmarks of a binary in one lane."""

    def run(
        expression: str,
        *,
        package: str = "wild",
        count: int = 1,
        procs: int = 1,
        lane: Lane = Lane.ALLOCATION,
        idle: float = 20,
        timeout: float = 60,
        env: dict[str, str] | None = None,
    ) -> LaneRun:
        settings = LaneSettings(lane, expression, "100x", count, procs, idle, timeout)
        binary = binaries[package]
        return run_lane(binary, binary.parent, settings, {**base_environment(), **(env or {})})

    return run
