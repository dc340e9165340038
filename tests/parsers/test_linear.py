"""Four times the input takes about four times as long; 40,000 of anything well below two seconds.

Seconds are the processor's, so that a busy machine does not matter. Each of these took from several
seconds to more than a minute where something was looked up in a list, copied, or searched again for
every line.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.compiled.listing import parse_listing
from harness.config import load_config
from harness.diagnostics.functions import Functions
from harness.diagnostics.golist import read_listing
from harness.diagnostics.messages import blocks, generic_name
from harness.diagnostics.normal import normal_message, unshaped
from harness.engine.jobs.importing import Origin, import_output
from harness.gobench.benchfmt import read_output
from harness.gobench.saved import read_saved
from harness.model import Position
from tests.builders import make_revision
from tests.corpus.stored import parse

N = 40_000
MOST = 4.0
ORIGIN = Origin(make_revision(3), None, "ci", "1.27.3", "1.27.3", "m")


def repeated(form: str, n: int) -> str:
    return "".join(form.format(i) for i in range(n))


def directives(n: int) -> None:
    source = "package m\n" + repeated("//line x{0}.go:1\nfunc F{0}() {{ }}\n", n // 10)
    functions = Functions("m", [], lambda _: [("x.go", source.encode())])
    functions.enclosing(Position("x1.go", 1, 3), "x")


CASES: dict[str, Callable[[int], object]] = {
    "blanks of an output": lambda n: read_output(f"key:{' ' * n}\nkey: x{' ' * n}\0\n"),
    "blanks of a file": lambda n: read_saved("key:{0}\nUnit x{0}\nBenchmarkX{0}".format(" " * n)),
    "announced names": lambda n: read_output(
        repeated("BenchmarkX/{0}\nBenchmarkX/{0}-2 1 5 ns/op\n--- FAIL: BenchmarkX/{0}\n", n), 2
    ),
    "keys": lambda n: read_saved(repeated("k{0}: v\nBenchmarkX 1 5 ns/op\n", n)),
    "names": lambda n: import_output(repeated("BenchmarkX/{0}-2 1 5 ns/op\n", n // 2), "f", ORIGIN),
    "packages": lambda n: import_output(
        repeated("pkg: m{0}\nBenchmarkX-2 1 5 ns/op\n--- FAIL: BenchmarkY\n", n // 4), "f", ORIGIN
    ),
    "broken lines": lambda n: read_saved(repeated("BenchmarkX{0} \tx\n", n) + "FAIL\tm\t1s\n"),
    "headers": lambda n: blocks("# m\n" + f"{'x' * 99}\n" * n + "x.go:1:1: `a\n" + "# m\n" * n),
    "raw strings": lambda n: blocks("# m\nx.go:1:1: `a\n" + f"{'y' * 99}\n" * n),
    "brackets": lambda n: generic_name("F" + "[a]" * n),
    "open brackets": lambda n: generic_name("F[a]" * n + "[" * n),
    "shapes": lambda n: unshaped("f[" * n + "]" * n + " go.shape.int"),
    "conversions": lambda n: normal_message("int(" * n + "1" + ")" * n),
    "places": lambda n: parse(f"# m\nx.go:1:1: x escapes to heap:\nx.go:1:1:   from{' at' * n}\n"),
    "functions": lambda n: parse_listing(f"# m\nm.F{' STEXT a' * n}\n", ["m"]),
    "descriptions": lambda n: read_listing("{\n" * n),
    "directives": directives,
}  # fmt: skip


@pytest.mark.parametrize("name", [*CASES])
def test_the_work_grows_with_the_input(name: str) -> None:
    began = time.process_time()
    CASES[name](N)
    assert time.process_time() - began < MOST


def test_a_configuration_with_many_blanks(tmp_path: Path) -> None:
    path = tmp_path / "asv.conf.json"
    path.write_text(f'// comment\n{{"version": 1,{" " * N}"repo": "."}}')
    began = time.process_time()
    load_config(path)
    assert time.process_time() - began < MOST
