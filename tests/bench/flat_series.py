"""Measure real times of code that does not change, for ``changepoints.py --real``.

Usage: python tests/bench/flat_series.py FILE [REVISIONS]

Each "revision" is the same Go code linked anew with its functions in another order
(``-ldflags=-randlayout=N``), as a real change elsewhere in a program moves them, and measured
``COUNT`` times. So what differs is what differs between two revisions that do not touch the code:
layout, machine, moment.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from harness.config import user_cache_dir
from harness.toolchain import find_go

COUNT = 6
_LINE = re.compile(r"^(Benchmark\S+)\s+\d+\s+([\d.]+) ns/op", re.MULTILINE)
_CODE = """package flat

import (
	"encoding/json"
	"fmt"
	"regexp"
	"sort"
	"strings"
	"testing"
)

type point struct {
	X, Y float64
	Name string
}

var (
	sink  any
	text  = strings.Repeat("the quick brown fox 12345 ", 20)
	digit = regexp.MustCompile(`[0-9]+`)
)

func BenchmarkMarshal(b *testing.B) {
	p := []point{{1, 2, "a"}, {3, 4, "b"}, {5, 6, "c"}}
	for i := 0; i < b.N; i++ {
		sink, _ = json.Marshal(p)
	}
}

func BenchmarkRegexp(b *testing.B) {
	for i := 0; i < b.N; i++ {
		sink = digit.FindAllString(text, -1)
	}
}

func BenchmarkSort(b *testing.B) {
	s := make([]int, 200)
	for i := 0; i < b.N; i++ {
		for k := range s {
			s[k] = (k * 7919) % 200
		}
		sort.Ints(s)
	}
}

func BenchmarkMap(b *testing.B) {
	for i := 0; i < b.N; i++ {
		m := map[string]int{}
		for _, w := range strings.Fields(text) {
			m[w]++
		}
		sink = m
	}
}

func BenchmarkSprintf(b *testing.B) {
	for i := 0; i < b.N; i++ {
		sink = fmt.Sprintf("%d %s %v", i, "x", 1.5)
	}
}

func BenchmarkLoop(b *testing.B) {
	n := 0
	for i := 0; i < b.N; i++ {
		for k := 0; k < 500; k++ {
			n += k ^ i
		}
	}
	sink = n
}
"""


def main() -> None:
    """Measure and write the file."""
    output = Path(sys.argv[1])
    revisions = int(sys.argv[2]) if len(sys.argv) > 2 else 120
    go = find_go(None, user_cache_dir())
    series: dict[str, list[list[float]]] = {}
    with tempfile.TemporaryDirectory(prefix="esv-flat-") as directory:
        tree = Path(directory)
        (tree / "go.mod").write_text("module example.com/flat\n\ngo 1.24\n", "utf-8")
        (tree / "flat_test.go").write_text(_CODE, "utf-8")
        environment = {**os.environ, "GOTOOLCHAIN": "local", "GOCACHE": str(go.build_cache)}
        environment["GOFLAGS"] = ""
        for number in range(revisions):
            link = [str(go.binary), "test", "-c", "-o", "flat.test"]
            link.append(f"-ldflags=-s -w -randlayout={number + 1}")
            subprocess.run(link, cwd=tree, env=environment, check=True)
            run = ["./flat.test", "-test.bench=.", "-test.cpu=1", "-test.benchtime=10ms"]
            run.append(f"-test.count={COUNT}")
            done = subprocess.run(run, cwd=tree, check=True, capture_output=True, text=True)
            here: dict[str, list[float]] = {}
            for name, nanoseconds in _LINE.findall(done.stdout):
                here.setdefault(name, []).append(float(nanoseconds) * 1e-9)
            for name, samples in here.items():
                series.setdefault(name, []).append(samples)
    output.write_text(json.dumps(list(series.values())), "utf-8")
    print(f"{len(series)} benchmarks, {revisions} revisions: {output}")


if __name__ == "__main__":
    main()
