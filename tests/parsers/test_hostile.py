"""Whatever a parser is given, it returns or raises an error of the harness."""

from __future__ import annotations

import contextlib
import gzip
import random
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from harness.compiled.listing import parse_listing
from harness.config import check_bench, load_config
from harness.diagnostics.messages import generic_name
from harness.diagnostics.normal import normal_message, unshaped
from harness.errors import ConfigError, EscapeVelocityError, MeasurementError
from harness.git.diffs import parse_diff, unquote
from harness.gobench.benchfmt import parse_result
from harness.gobench.coverage import read_profile
from harness.gobench.pprof import read_heap_profile
from harness.model import Lane
from harness.policy.file import parse_policy
from harness.store.asv.suite import _natural
from harness.store.codec import decode
from harness.store.encoding import encode
from harness.toolchain.versions import parse_version
from tests.corpus.stored import parse
from tests.parsers.targets import TARGETS, changed, profile_sample, record_sample

DIGITS = "1" * 5000
START = '{"version": 1, "repo": "."'
PLAIN = {name: t for name, t in TARGETS.items() if name not in ("binary", "config")}


def accepted(name: str, data: bytes) -> None:
    with contextlib.suppress(EscapeVelocityError):
        TARGETS[name].read(data)


@pytest.mark.parametrize("name", [*TARGETS])
def test_a_good_sample_is_read(name: str) -> None:
    target = TARGETS[name]
    for sample in target.samples()[:5]:
        target.read(target.wrap(sample, random.Random(99)))


@pytest.mark.parametrize("name", [*TARGETS])
@settings(
    max_examples=30, derandomize=True, database=None,
    suppress_health_check=list(HealthCheck),
)  # fmt: skip
@given(chance=st.randoms(use_true_random=False))
def test_damaged_samples(name: str, chance: random.Random) -> None:
    accepted(name, changed(TARGETS[name], chance))


@pytest.mark.parametrize("name", [*PLAIN])
@settings(
    max_examples=30, derandomize=True, database=None,
    suppress_health_check=list(HealthCheck),
)  # fmt: skip
@given(data=st.one_of(st.binary(max_size=400), st.text(max_size=200).map(lambda t: t.encode())))
@example(data=b"")
@example(data=gzip.compress(b""))
@example(data=b"[" * 100_000)
@example(data=gzip.compress(b'{"schema":' + b"[" * 100_000))
@example(data=gzip.compress(b'{"schema":"\xff"}'))
def test_any_bytes(name: str, data: bytes) -> None:
    accepted(name, data)


# Numbers of thousands of digits


def test_numbers_of_thousands_of_digits_are_passed_over() -> None:
    assert parse_result(f"BenchmarkX {DIGITS} 5 ns/op") is None
    assert read_profile(f"x.go:{DIGITS}.1,2.2 1 1\n", lambda path: path) == {}
    assert parse_diff(f"diff --git a/x b/x\n@@ -{DIGITS} +1 @@\n")[0].hunks == ()
    (package,) = parse(f"# m\nx.go:{DIGITS}:1: x escapes to heap\nx.go:1:1: y escapes to heap\n")
    assert "y" in [s.expression for s in package.sites]
    (package,) = parse(f"# m\nx.go:1:1: can inline F with cost {DIGITS} as: func() {{ }}\n")
    assert [d.cost for d in package.decisions] == [None]
    assert normal_message(f"{DIGITS} + 1 escapes to heap") == f"{DIGITS} + 1 escapes to heap"
    assert parse_version(f"1.{DIGITS}") is None
    assert _natural(f"n={DIGITS}") > _natural("n=2")
    assert parse_listing(
        f"# m\nm.F STEXT size=1 locals=0x1\n\t0x0 00000 (x.go:{DIGITS})\tTEXT\tm\n", ["m"]
    )


def test_a_long_product_ends() -> None:
    text = " * ".join(["9" * 300] * 40)
    assert len(normal_message(f"{text} escapes to heap")) < 40 * 310


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (f'[budgets.X]\n"allocs/op" = {DIGITS}\n', "p.toml: Exceeds the limit"),
        (f'[budgets.X]\n"allocs/op" = 1{"0" * 400}\n', "p.toml:2:1: .*must be a number"),
        ('[budgets.X]\n"allocs/op" = inf\n', "p.toml:2:1: .*must be a number"),
        (f"a = {'[' * 5000}\n", "p.toml: arrays or tables are nested too deeply"),
        (f"{'a.' * 20_000}b = 1\n", "p.toml:1:1: the line has more than"),
        ('[budgets."X{99999999999999}"]\n"allocs/op" = 1\n', "not a regular expression"),
        (f'[budgets."{"(" * 5000}"]\n"allocs/op" = 1\n', "not a regular expression"),
    ],
)
def test_policies_that_are_refused(text: str, says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        parse_policy(text, "p.toml")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (f'{START}, "x": {"[" * 100_000}', "nested too deeply"),
        (f'// c\n{START}, "x": {"[" * 900 + "]" * 900}}}', "too deeply"),
        (f'{START}, "hash_length": {DIGITS}}}', "not readable as JSON"),
        (r'{"version": 1, "repo": ".", "results_dir": "a\u0000b"}', "has a NUL"),
        (r'{"version": 1, "repo": ".", "project": "a\ud800b"}', "surrogate"),
        (r'{"version": 1, "repo": ".", "matrix": {"env": {"\ud800": ["1"]}}}', "surrogate"),
        (f'// c\n{START}, "x": "{"y" * 300_000}"}}', "larger than the 262,144 bytes"),
        (f'{START}, "go": {{"alloc_benchtime": "{DIGITS}x"}}}}', "benchtime"),
    ],
)  # fmt: skip
def test_configurations_that_are_refused(text: str, says: str, tmp_path: Path) -> None:
    path = tmp_path / "asv.conf.json"
    path.write_text(text, "utf-8")
    with pytest.raises(ConfigError, match=says):
        load_config(path)


@pytest.mark.parametrize("expression", ["X{99999999999999}", "(" * 5000, "["])
def test_expressions_that_are_refused(expression: str) -> None:
    with pytest.raises(ConfigError, match="not a regular expression"):
        check_bench(expression, "--bench")


# Names and ids


def test_unknown_ids_of_a_profile() -> None:
    good = profile_sample()
    assert len(read_heap_profile(gzip.compress(good), "X")) == 2
    # A sample of a location, a location of a function, a function of a name that is not there.
    for old, new in (
        (b"\x0a\x02\x01\x01", b"\x0a\x02\x63\x01"),
        (b"\x08\x01\x10\x0b", b"\x08\x09\x10\x0b"),
        (b"\x08\x01\x10\x05\x20\x06", b"\x08\x01\x10\x7f\x20\x06"),
    ):
        assert old in good
        with pytest.raises(MeasurementError, match="names what is not in it"):
            read_heap_profile(gzip.compress(good.replace(old, new)), "X")


def test_a_path_that_is_no_utf_8() -> None:
    # What git prints of it without quotes comes with surrogates.
    (change,) = parse_diff('diff --git "a/\udcff" "b/\udcff"\n--- "a/\udcff"\n+++ "b/\udcff"\n')
    assert change.old == change.new == "�"
    (change,) = parse_diff("diff --git a/\udcff b/\udcff\n--- a/\udcff\n+++ b/\udcff\n")
    assert change.old == change.new == "�"
    assert unquote('"\\777"') == "777"


def test_a_record_of_a_path_that_is_no_utf_8() -> None:
    record = record_sample()
    odd = replace(record.packages[0], directory="p\udcff/q", raw={Lane.TIME: "\udc80\0"})
    (package,) = decode(encode(replace(record, packages=(odd,))), "x").packages
    assert (package.directory, package.raw) == ("p�/q", {Lane.TIME: "�\0"})
    assert package.benchmarks == record.packages[0].benchmarks


def test_a_header_of_a_diff_with_one_name() -> None:
    assert parse_diff('diff --git " x"y"\n')[0].hunks == ()


def test_a_message_with_a_nul() -> None:
    assert "99" in normal_message("\x0099\x00 escapes to heap")


def test_many_brackets() -> None:
    assert generic_name("F" + "[a]" * 3000) == "F" + "[...]" * 3000
    assert generic_name("T[a[b]].M[" + "c") == "T[...].M[c"
    assert unshaped("F[go.shape.int,go.shape.struct { A [2]int }](go.shape.string)") == "F[...](T)"
