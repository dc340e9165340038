"""The parsers of foreign bytes, each with samples, words of its grammar, and what it may raise."""

from __future__ import annotations

import gzip
import importlib.util
import json
import random
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

from harness.compiled.binary import read_binary
from harness.compiled.listing import parse_listing
from harness.config import GoSettings, load_config
from harness.diagnostics.golist import read_listing
from harness.diagnostics.messages import generic_name
from harness.diagnostics.normal import normal_message, unshaped
from harness.diagnostics.parse import merge, plain_lines
from harness.engine.jobs.importing import Origin, import_output, text_of
from harness.git.diffs import parse_diff
from harness.gobench.benchfmt import read_output
from harness.gobench.coverage import read_profile
from harness.gobench.pprof import _profile_class, read_heap_profile
from harness.model import Lane, Record
from harness.model.nightly import NightlyState
from harness.outputs.records.exports import benchfmt_text
from harness.policy.file import parse_policy
from harness.store.codec import decode
from harness.store.encoding import encode
from harness.store.nightly import decode_state, encode_state
from tests.builders import make_benchmark, make_package, make_record, make_revision, make_site
from tests.corpus.stored import as_printed, parse

_TESTS = Path(__file__).parents[1]
_MOST = 60_000  # bytes of a sample that grows
M = "example.com/m"

BENCH = (
    f"goos: linux\ngoarch: amd64\npkg: {M}\ncpu: Test CPU @ 2.00GHz\n"
    "BenchmarkA-8   \t     100\t     800 ns/op\t     0 B/op\t      0 allocs/op\n"
    "BenchmarkB/n=2-8   \t     100\t     8.5 ns/op\t     3.5 MB/s\t      0 allocs/op\n"
    "BenchmarkC-8   \tpanic: boom\n\ngoroutine 21 [running]:\nexit status 2\n"
    f"FAIL\t{M}\t0.5s\n# {M}/other\nother/o.go:3:1: syntax error\nFAIL\t{M}/other [build failed]\n"
    f"--- FAIL: BenchmarkD-8\n    d_test.go:3: no\nok  \t{M}/b\t1s\nUnit ns/op better=lower\nPASS\n"
)
ANNOUNCED = (
    f"goos: linux\npkg: {M}\nBenchmarkA\nBenchmarkA-2   \t 100\t 8 ns/op\nBenchmarkB\n"
    "BenchmarkB/x\n    b_test.go:1: log\n--- FAIL: BenchmarkB/x\n--- SKIP: BenchmarkC (0.00s)\n"
    "BenchmarkB/x-2\nPASS\n"
)
EVENTS = "".join(
    json.dumps({"Action": action, "Package": M, "Output": text}) + "\n"
    for action, text in [("start", ""), *(("output", t) for t in BENCH.splitlines(True))]
) + json.dumps({"Action": "fail", "Package": M, "FailedBuild": M})
COVERAGE = "mode: set\nexample.com/m/x.go:12.3,14.5 2 1\nexample.com/m/y.go:1.1,2.2 1 0\n"
DIFF = (
    'diff --git "a/p\\303\\251.go" "b/p\\303\\251.go"\nsimilarity index 90%\n'
    'rename from "p\\303\\251.go"\nrename to q.go\n--- "a/p\\303\\251.go"\n+++ b/q.go\n'
    "@@ -3,0 +4,2 @@ func F() {\n+a\n+--- b\n@@ -9 +11,0 @@\n-old\n"
    "diff --git a/bin b/bin\nnew file mode 100644\nBinary files /dev/null and b/bin differ\n"
    "diff --git a/gone.go b/gone.go\ndeleted file mode 100644\n--- a/gone.go\n+++ /dev/null\n"
)
POLICY = (
    '[thresholds]\n"allocs/op" = 0\n"sec/op" = "5%"\n[thresholds.benchmarks."^BenchmarkX$"]\n'
    '"B/op" = "report"\n[budgets."BenchmarkParse.*"]\n"allocs/op" = 0\n[budgets.packages.p]\n'
    'escapes = 3\n[escapes]\nnew = "report"\nno-escape = ["p/x.go:F", "y.go"]\n[[waivers]]\n'
    'owner = "o"\nreason = "r"\nexpires = 2027-01-01\nbenchmark = "BenchmarkY"\nallow = 3\n'
)
POLICY_IN_LINE = (
    'thresholds = { "allocs/op" = 1, benchmarks = { "^X" = { "B/op" = "5%" } } }\n'
    'waivers = [{ owner = "o", reason = """r""", expires = 2027-01-01, escape = "x" }]\n'
    'escapes.no-escape = [ "a.go", # why\n "b.go:F" ]\nbudgets.functions."F" = { "frame-B" = 9 }\n'
)
LISTING = (
    f"# {M}\nfuncpctab {M}.F [valfunc=pctoinline]\n"
    "     0     -1 00000 (/src/m/x.go:3)\tTEXT\texample.com/m.F(SB)\n"
    "    2a      0 00042 (/src/m/x.go:9)\tCALL\truntime.newobject(SB)\n"
    f"-- inlining tree for {M}.F:\n0 | -1 | {M}.G (/src/m/x.go:9:3) pc=41\n--\n"
    f"{M}.F STEXT size=96 args=0x8 locals=0x18 funcid=0x0 align=0x0\n"
    f"\t0x0000 00000 (/src/m/x.go:3)\tTEXT\t{M}.F(SB), ABIInternal, $24-8\n"
    "\t0x002a 00042 (/src/m/x.go:9)\tCALL\truntime.newobject(SB)\n"
)
GO_LIST = (
    '{\n\t"ImportPath": "example.com/m",\n\t"Dir": "/src",\n\t"Module": {\n\t\t"Main": true\n'
    '\t},\n\t"Error": {\n\t\t"Err": "x.go:3:1: no"\n\t}\n}\n'
) * 2


@dataclass(frozen=True)
class Target:
    """A parser.

    Attributes:
        read: takes bytes, returns or raises an error of the harness.
        samples: good input.
        words: of the grammar.
        wrap: turns a changed sample into input, for what is compressed.
    """

    read: Callable[[bytes], object]
    samples: Callable[[], Sequence[bytes]]
    words: tuple[bytes, ...]
    wrap: Callable[[bytes, random.Random], bytes] = lambda data, _: data


def _text(data: bytes) -> str:
    return data.decode("utf-8", "surrogateescape")


def _output(data: bytes) -> object:
    return read_output(data.decode("utf-8", "replace"), 2)


def _saved(data: bytes) -> object:
    origin = Origin(make_revision(3), None, "ci", "", "1.27.3", M)
    record = import_output(text_of(data, "saved.txt"), "saved.txt", origin).record
    benchfmt_text([record])
    return decode(encode(record), "again")


def _diagnostics(data: bytes) -> object:
    text = data.decode("utf-8", "replace")
    found = parse(text)
    merge(M, found)
    for package in found:
        for site in package.sites[:50]:
            normal_message(site.message)
            unshaped(site.message)
            generic_name(site.function)
    return plain_lines(text, as_printed)


def _listing(data: bytes) -> object:
    return parse_listing(data.decode("utf-8", "replace"), [M])


def _profile(data: bytes) -> object:
    return read_heap_profile(data, "BenchmarkX")


def _config(data: bytes) -> object:
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "asv.conf.json"
        path.write_bytes(data)
        return load_config(path)


def _binary(data: bytes) -> object:
    with tempfile.NamedTemporaryFile() as file:
        file.write(data)
        file.flush()
        return read_binary(Path(file.name), ["main", "go/format"])


def _zipped(data: bytes, _: random.Random) -> bytes:
    return gzip.compress(data, 1)


def _record(data: bytes, chance: random.Random) -> bytes:
    """The members of a record compressed again, or the file itself damaged."""
    members = [gzip.compress(part + b"\n", 1) for part in data.split(b"\n") if part]
    core = data.partition(b"\n")[0]
    try:
        document = json.loads(core)
        sizes = [len(m) for m in members[1:]]
        for member, size in zip(document["members"], sizes, strict=False):
            member["size"] = size
        members[0] = gzip.compress(json.dumps(document).encode() + b"\n", 1)
    except (ValueError, LookupError, TypeError, RecursionError, AttributeError):
        pass
    whole = b"".join(members)
    if chance.random() < 0.3 and whole:
        at = chance.randrange(len(whole))
        whole = whole[:at] + bytes([chance.randrange(256)]) + whole[at + 1 :]
    return whole


@cache
def profile_sample() -> bytes:
    """A heap profile of two stacks, not compressed."""
    profile: Any = _profile_class()()
    strings = ["", "alloc_objects", "count", "alloc_space", "bytes", "main.F", "/src/x.go"]
    profile.string_table.extend(strings)
    for kind, unit in ((1, 2), (3, 4)):
        profile.sample_type.add(type=kind, unit=unit)
    profile.function.add(id=1, name=5, filename=6)
    for number in (1, 2):
        profile.location.add(id=number).line.add(function_id=1, line=number + 10)
        profile.sample.add(location_id=[number, 1], value=[3, 48])
    return bytes(profile.SerializeToString())


@cache
def go_binary() -> bytes:
    """A binary that Go linked, with its symbols."""
    package = importlib.util.find_spec("go")
    assert package is not None
    assert package.origin is not None
    return (Path(package.origin).parent / "bin" / "gofmt").read_bytes()


def record_sample() -> Record:
    """A record with numbers, output and an escape site."""
    benchmark = make_benchmark("BenchmarkX/a=1", 2, 64, (1e-6, 2e-6))
    package = replace(make_package(benchmarks=[benchmark]), raw={Lane.TIME: BENCH})
    return make_record(3, [package], escapes=[make_site()])


def _golden() -> list[bytes]:
    files = sorted((_TESTS / "corpus" / "golden").rglob("*"))
    found = [gzip.decompress(f.read_bytes()) for f in files if f.suffix == ".gz"]
    found += [f.read_bytes() for f in files if f.is_file() and f.suffix == ".txt"]
    pieces = [text[at : at + 4000] for text in found for at in range(0, len(text), 200_000)]
    return [b"# example.com/m\n" + p for p in pieces] or [b"# example.com/m\n"]


_BRACKETS = (b"[", b"]", b"{", b"}", b"(", b")", b'"', b"'", b"`", b"\\")
_SPACES = (b" ", b"\t", b"\n", b"\r\n", b"\0", b"\xff", b"\xed\xa0\x80", "é".encode())
_NUMBERS = (b"0", b"-1", b"9" * 20, b"1" * 5000, b"1e999", b"NaN", b"0x7f")
_ANY = (*_BRACKETS, *_SPACES, *_NUMBERS)

TARGETS = {
    "output": Target(
        _output, lambda: [ANNOUNCED.encode(), BENCH.encode()],
        (*_ANY, b"BenchmarkX", b"--- FAIL: ", b"PASS\n", b"ns/op", b"key: "),
    ),
    "saved": Target(
        _saved,
        lambda: [x.encode() for x in (BENCH, ANNOUNCED, EVENTS)] + [BENCH.encode("utf-16")],
        (*_ANY, b"BenchmarkX-8 \t", b"FAIL\t", b"ok  \t", b"pkg: x\n", b"cpu: y\n", b"\xff\xfe",
         b'{"Action":"output","Package":"p","Output":"', b"panic: ", b"Unit ", b"toolchain: go1."),
    ),
    "diagnostics": Target(
        _diagnostics, _golden,
        (*_ANY, b"x.go:1:2: ", b" escapes to heap", b" does not escape", b"moved to heap: ",
         b"go.shape.", b"func literal", b" at ", b"from ", b"\n# p [p.test]\n", b"leaking param: "),
    ),
    "listing": Target(
        _listing, lambda: [LISTING.encode()],
        (*_ANY, b" STEXT ", b"size=1", b"locals=0x", b"funcpctab ", b"CALL\t", b"(SB)", b"pc="),
    ),
    "golist": Target(
        lambda data: read_listing(data.decode("utf-8", "replace")), lambda: [GO_LIST.encode()],
        (*_ANY, b"\n}\n", b"\n{\n", b'"Deps":', b"null"),
    ),
    "profile": Target(
        _profile, lambda: [profile_sample()], tuple(bytes([x]) for x in range(0, 256, 5)), _zipped
    ),
    "coverage": Target(
        lambda data: read_profile(data.decode("utf-8", "replace"), lambda path: path),
        lambda: [COVERAGE.encode()], (*_ANY, b":", b".", b","),
    ),
    "policy": Target(
        lambda data: parse_policy(data.decode("utf-8", "replace"), "p.toml"),
        lambda: [POLICY.encode(), POLICY_IN_LINE.encode()],
        (*_ANY, b"=", b"\n[a]\n", b"\n[[a]]\n", b"a.", b"#", b'"""', b"inf", b"07:32:00",
         b"{99999999999}", b"(" * 3000),
    ),
    "config": Target(
        _config,
        lambda: [json.dumps({"version": 1, "repo": ".", "go": asdict(GoSettings())}).encode(),
                 b'// c\n{"version": 1, "repo": ".", "pythons": ["1"], "matrix": {"env": {}},}'],
        (*_ANY, b'"go":', b"\\ud800", b"\\u0000", b"//", b"/*", b"null", b"{99999999999}"),
    ),
    "diff": Target(
        lambda data: parse_diff(_text(data)), lambda: [DIFF.encode()],
        (*_ANY, b"@@ -1 +1 @@", b"--- ", b"+++ ", b"diff --git ", b"\\777", b"rename to "),
    ),
    "record": Target(
        lambda data: decode(data, "x"),
        lambda: [gzip.decompress(encode(record_sample()))],
        (*_ANY, b":", b",", b"null", b'"size":', b"[" * 5000), _record,
    ),
    "state": Target(
        lambda data: decode_state(data, "x"),
        lambda: [encode_state(NightlyState())],
        (*_ANY, b":", b",", b"[" * 5000),
    ),
    "binary": Target(_binary, lambda: [go_binary()], (b"\0", b"\xff", b"\xff" * 8, b"\x7fELF")),
}  # fmt: skip


def changed(target: Target, chance: random.Random) -> bytes:
    """One of the samples with a few changes."""
    data = chance.choice(_samples(target))
    for _ in range(chance.randint(0, 6)):
        # Headers are at both ends of a binary.
        near = chance.choice((len(data), min(len(data), 2048)))
        at = chance.randint(0, near)
        at = len(data) - at if chance.random() < 0.3 else at
        to = min(len(data), at + chance.choice((1, 4, 40, 400)))
        how = chance.randrange(6)
        word = chance.choice(target.words)
        if how == 0:
            data = data[:at] + data[to:]
        elif how == 1 and len(data) < _MOST:
            data = data[:at] + data[at:to] * chance.choice((2, 3, 50)) + data[to:]
        elif how == 2 and len(data) < _MOST:
            data = data[:at] + word * chance.choice((1, 1, 2, 300)) + data[at:]
        elif how == 3:
            data = data[:at] + word + data[at + len(word) :]
        elif how == 4:
            data = data[:at] + bytes([chance.randrange(256)]) + data[at + 1 :]
        elif chance.random() < 0.2:
            data = data[:at]
    return target.wrap(data, chance)


@cache
def _kept(samples: Callable[[], Sequence[bytes]]) -> Sequence[bytes]:
    return samples()


def _samples(target: Target) -> Sequence[bytes]:
    return _kept(target.samples)
