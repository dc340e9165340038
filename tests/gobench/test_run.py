"""Real test binaries: whatever one benchmark does, the others are measured."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from harness.gobench.link import link, link_together
from harness.gobench.run import LaneRun, LaneSettings, run_lane
from harness.model import ALLOCS, Lane
from harness.process import base_environment, tool_environment
from harness.toolchain import Go, GoCommand, find_go
from tests.corpus.regenerate import RELEASES, cache
from tests.gobench.conftest import WILD, RunBench
from tests.repos import write_files


def allocs(run: LaneRun) -> list[tuple[str, float]]:
    return [(x.name.removeprefix("Benchmark"), x.values[ALLOCS]) for x in run.lines]


def failed(run: LaneRun) -> list[tuple[str, str]]:
    return [(f.name.removeprefix("Benchmark"), f.kind) for f in run.failures]


def test_every_misdeed_in_one_run(bench: RunBench) -> None:
    run = bench("^Benchmark[A-EG-LQ-SZ]", idle=20)
    assert allocs(run) == [
        ("AFirst", 1), ("GPrints", 2), ("HLies", 3), ("JSub/good", 1), ("JSub/also_good", 4),
        ("KMetric", 1), ("LSize/size-1", 1), ("LSize/size-2", 2), ("LSize/size", 5),
        ("SEnvironment", 1), ("ZLast", 6),
    ]  # fmt: skip
    assert failed(run) == [
        ("BPanic", "panic"),
        ("CFatal", "fail"),
        ("DExit0", "panic"),
        ("EExit3", "exit"),
        ("JSub/bad", "fail"),
        ("JSub/panics/too", "fail"),
        ("LSize/size-4", "fail"),
        ("QNilMap", "panic"),
        ("RGoroutine", "panic"),
    ]
    said = {f.name.removeprefix("Benchmark"): f.message for f in run.failures}
    assert said["BPanic"] == "panic: no database"
    assert said["CFatal"] == "wild_test.go:26: cannot do it"
    assert said["DExit0"] == "panic: unexpected call to os.Exit(0) during test"
    assert "status 3" in said["EExit3"]
    assert "giving up" in said["EExit3"]
    assert said["JSub/bad"].endswith("sub fails")
    assert "assignment to entry in nil map" in said["QNilMap"]
    assert said["RGoroutine"] == "panic: in a goroutine"


def test_the_misdeeds_with_several_processors_and_repetitions(bench: RunBench) -> None:
    run = bench("^Benchmark[A-CG-MOQRZ]", count=3, procs=2, lane=Lane.TIME)
    expected = {
        "AFirst": 1, "GPrints": 2, "HLies": 3, "JSub/good": 1, "JSub/also_good": 4, "KMetric": 1,
        "LSize/size-1": 1, "LSize/size-2": 2, "LSize/size": 5, "OSubPanic/one": 1,
        "OSubPanic/three": 3, "ZLast": 6,
    }  # fmt: skip
    assert allocs(run) == [pair for pair in expected.items() for _ in range(3)]
    assert {name for name, _ in failed(run)} == {
        "BPanic", "CFatal", "JSub/bad", "JSub/panics/too", "LSize/size-4", "MLatePanic",
        "OSubPanic/two", "QNilMap", "RGoroutine",
    }  # fmt: skip
    assert {f.lane for f in run.failures} == {Lane.TIME}


def test_a_benchmark_that_hangs(bench: RunBench) -> None:
    started = time.monotonic()
    run = bench("^Benchmark[AFZ]", idle=1.5)
    assert allocs(run) == [("AFirst", 1), ("ZLast", 6)]
    assert failed(run) == [("FHang", "timeout")]
    assert run.failures[0].message == "no result after 1.5 s"
    assert time.monotonic() - started < 15


def test_all_benchmarks_together_take_too_long(bench: RunBench) -> None:
    run = bench("^Benchmark[AFZ]", idle=30, timeout=2)
    assert allocs(run) == [("AFirst", 1), ("ZLast", 6)]
    assert failed(run) == [("FHang", "timeout")]
    assert "more than 2 s" in run.failures[0].message


def test_a_panic_after_the_first_probe(bench: RunBench) -> None:
    # The testing package runs each benchmark once, and only then for its iterations.
    run = bench("^Benchmark[AMZ]", count=2)
    assert allocs(run) == [("AFirst", 1)] * 2 + [("ZLast", 6)] * 2
    assert failed(run) == [("MLatePanic", "panic")]


@pytest.mark.parametrize("procs", [1, 2])
def test_a_sub_benchmark_that_panics_costs_only_itself(bench: RunBench, procs: int) -> None:
    run = bench("^Benchmark[AOZ]", procs=procs)
    assert allocs(run) == [
        ("AFirst", 1),
        ("OSubPanic/one", 1),
        ("OSubPanic/three", 3),
        ("ZLast", 6),
    ]
    assert failed(run) == [("OSubPanic/two", "panic")]
    assert run.failures[0].message.startswith("panic: second of three")


def test_custom_metrics_and_units(bench: RunBench) -> None:
    (line,) = bench("^BenchmarkKMetric$").lines
    assert line.iterations == 100
    assert line.values["widgets/op"] == 2.5
    assert line.values["N"] == 100
    assert line.values["B/op"] == 64
    assert 0 < line.values["sec/op"] < 1
    assert line.values["B/s"] == pytest.approx((1 << 20) / line.values["sec/op"], rel=0.01)


def test_metrics_that_are_no_numbers_are_left_out(bench: RunBench) -> None:
    # A record is JSON, which has neither NaN nor infinity.
    (line,) = bench("^BenchmarkNNotANumber$").lines
    assert set(line.values) == {"sec/op", "B/op", "allocs/op"}


def test_the_word_pass_of_a_benchmark_is_not_the_end(bench: RunBench) -> None:
    run = bench("^Benchmark[PQZ]")
    assert allocs(run) == [("PPass", 1), ("ZLast", 6)]
    assert failed(run) == [("QNilMap", "panic")]


def test_a_benchmark_that_prints_results_of_its_own_has_none(bench: RunBench) -> None:
    run = bench("^Benchmark[AUZ]")
    assert allocs(run) == [("AFirst", 1), ("ZLast", 6)]
    assert failed(run) == [("UForges", "forged")]
    assert "so none of them counts" in run.failures[0].message
    run = bench("^Benchmark[AUZ]", count=2)
    assert allocs(run) == [("AFirst", 1)] * 2 + [("ZLast", 6)] * 2


def test_the_word_fail_of_a_benchmark_is_not_the_end(bench: RunBench) -> None:
    run = bench("^Benchmark[AV]")
    assert allocs(run) == [("AFirst", 1)]
    assert failed(run) == [("VForgesAndFails", "exit")]


def test_an_end_that_a_benchmark_forges_is_none(bench: RunBench) -> None:
    run = bench("^Benchmark[AWXZ]")
    assert allocs(run) == [("AFirst", 1), ("ZLast", 6)]
    assert failed(run) == [("WForgesItsEnd", "panic"), ("XForgesAndPanics", "panic")]


@pytest.mark.slow  # installs the releases
@pytest.mark.parametrize("release", RELEASES)
def test_no_release_lets_a_benchmark_forge_its_end(release: str, tmp_path: Path) -> None:
    go = find_go(release, cache())
    write_files(
        tmp_path,
        {"go.mod": "module example.com/wild\n\ngo 1.21\n", "wild_test.go": WILD, "testdata/x": ""},
    )
    env = {**go.environment(tool_environment()), "GOWORK": "off"}
    binary = tmp_path / "wild.test"
    assert link(GoCommand(go.binary, tmp_path, env, 300), "example.com/wild", binary) == ""
    settings = LaneSettings(Lane.ALLOCATION, "^Benchmark[ADWXZ]", "100x", 1, 1, 20, 60)
    run = run_lane(binary, tmp_path, settings, base_environment())
    assert allocs(run) == [("AFirst", 1), ("ZLast", 6)]
    assert failed(run) == [(n, "panic") for n in ("DExit0", "WForgesItsEnd", "XForgesAndPanics")]


def test_a_process_that_a_benchmark_leaves_behind(bench: RunBench) -> None:
    started = time.monotonic()
    run = bench("^Benchmark[TZ]")
    assert allocs(run) == [("TChild", 1), ("ZLast", 6)]
    assert failed(run) == [("", "left")]
    assert time.monotonic() - started < 20


def test_the_raw_output_is_kept_word_for_word(bench: RunBench) -> None:
    run = bench("^Benchmark[AB]")
    assert run.raw.count("BenchmarkAFirst\n") == 1, "the second start leaves out what is done"
    assert "pkg: example.com/wild/wild" in run.raw
    assert run.raw.endswith("PASS\n")


def test_benchmarks_see_only_their_environment(
    bench: RunBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ESV_TEST_SECRET", "hunter2")
    assert allocs(bench("^BenchmarkSEnvironment$")) == [("SEnvironment", 1)]
    told = bench("^BenchmarkSEnvironment$", env={"ESV_TEST_SECRET": "told"})
    assert told.failures[0].message.endswith("sees told")


def test_nothing_that_matches(bench: RunBench) -> None:
    run = bench("^BenchmarkNone$")
    assert (run.lines, run.failures) == ((), ())


def test_a_main_function_of_the_tests(bench: RunBench) -> None:
    for env in ({}, {"ESV_TEST_PANIC": "1"}):
        run = bench(".", package="quits", env=env)
        assert (len(run.lines), run.failures) == (1, ())
    run = bench(".", package="quits", env={"ESV_TEST_QUIT": "1"})
    assert failed(run) == [("", "exit")]
    assert "status 4" in run.failures[0].message
    assert "set ESV_DATABASE" in run.failures[0].message


def test_linking_says_why_it_fails(go: Go, tmp_path: Path) -> None:
    write_files(
        tmp_path,
        {
            "go.mod": "module example.com/l\n\ngo 1.22\n",
            "l.go": "package l\n\nfunc Missing()\n\nfunc F() { Missing() }\n",
            "l.s": "",
            "l_test.go": 'package l\n\nimport "testing"\n\nfunc BenchmarkF(b *testing.B) { F() }\n',
        },
    )
    env = {**go.environment(tool_environment()), "GOWORK": "off"}
    message = link(GoCommand(go.binary, tmp_path, env, 300), "example.com/l", tmp_path / "l.test")
    assert "relocation target example.com/l.Missing not defined" in message
    slow = tmp_path / "go"
    slow.write_text("#!/bin/sh\nexec sleep 60\n")
    slow.chmod(0o755)
    late = link(
        GoCommand(slow, tmp_path, base_environment(), 0.2), "example.com/l", tmp_path / "x.test"
    )
    assert late == "linking took more than 0.2 s"


def test_binaries_linked_together_lie_where_they_are_wanted(go: Go, tmp_path: Path) -> None:
    test = 'package p\n\nimport "testing"\n\nfunc BenchmarkF(b *testing.B) {}\n'
    broken = "package p\n\nfunc Missing()\n\nfunc F() { Missing() }\n"
    write_files(
        tmp_path,
        {
            "go.mod": "module example.com/l\n\ngo 1.22\n",
            **{f"{p}/p_test.go": test for p in ("one", "two", "two/v2", "x/same", "y/same")},
            "broken/p.go": broken,
            "broken/p.s": "",
            "broken/p_test.go": 'package p\n\nimport "testing"\n\nfunc TestF(*testing.T) { F() }\n',
        },
    )
    env = {**go.environment(tool_environment()), "GOWORK": "off"}
    out = tmp_path / "out"
    out.mkdir()

    def linked(*packages: str) -> set[str]:
        wanted = {f"example.com/l/{p}": out / p.replace("/", "-") for p in packages}
        link_together(GoCommand(go.binary, tmp_path, env, 300), wanted)
        made = {p for p in packages if wanted[f"example.com/l/{p}"].is_file()}
        assert len(list(out.iterdir())) == len(made), "nothing else is left there"
        for path in wanted.values():
            path.unlink(missing_ok=True)
        return made

    assert linked("one", "two", "broken") == {"one", "two"}, "the others do not suffer"
    # two/v2 is linked as two.test, too.
    assert linked("one", "two", "two/v2", "x/same", "y/same") == set(), "only one has its own name"
    assert linked("one", "two/v2", "x/same", "y/same") == {"one", "two/v2"}
    assert linked("one") == set(), "one alone is no work to share"
