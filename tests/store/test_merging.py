"""Records only grow: what runs, answers and what is learnt do to them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from harness.errors import StoreError
from harness.model import (
    ALLOCS,
    BYTES,
    IMPORT_MARK,
    SECONDS,
    Account,
    BenchmarkFailure,
    Exchange,
    Execution,
    Lane,
    Outcome,
    PackageError,
    PackageOutcome,
    Position,
    Record,
    SiteExecution,
    View,
)
from harness.model.record import with_failures
from harness.store import RecordStore, key_of
from harness.store.merging import lost, rerun, supplement, union
from tests.builders import MODULE, make_benchmark, make_package, make_record

P, Q = f"{MODULE}/p", f"{MODULE}/q"
FAILED = BenchmarkFailure("BenchmarkBad", Lane.ALLOCATION, "panic", "no database")


def record(*packages: object, bench: str = ".", count: int = 6) -> Record:
    listed = [p for p in packages if isinstance(p, type(make_package()))]
    made = make_record(1, listed)
    settings = replace(made.settings, bench=bench, count=count)
    return replace(made, settings=settings, errors=with_failures((), listed))


def names(of: Record) -> list[str]:
    return [b.name for _, b in of.benchmarks()]


FULL = record(
    make_package(
        P,
        [make_benchmark("BenchmarkF", 1, 16, (1.0, 2.0)), make_benchmark("BenchmarkG", 2, 32)],
        failures=[FAILED],
    ),
    make_package(Q, [make_benchmark("BenchmarkH", 3)]),
)


def without(benchmark: str) -> Callable[[Record], Record]:
    return lambda r: replace(
        r,
        packages=tuple(
            replace(p, benchmarks=tuple(b for b in p.benchmarks if b.name != benchmark))
            for p in r.packages
        ),
    )


def changed_unit(unit: str, samples: Sequence[float]) -> Callable[[Record], Record]:
    def change(r: Record) -> Record:
        package, *rest = r.packages
        first, *others = package.benchmarks
        kept = [m if m.unit != unit else replace(m, samples=tuple(samples)) for m in
                first.measurements if samples or m.unit != unit]  # fmt: skip
        first = replace(first, measurements=tuple(kept))
        return replace(r, packages=(replace(package, benchmarks=(first, *others)), *rest))

    return change


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (without("BenchmarkG"), "BenchmarkG"),
        (changed_unit(SECONDS, ()), "sec/op of"),
        (changed_unit(SECONDS, (1.0,)), "samples of sec/op"),
        (changed_unit(ALLOCS, (5.0, 5.0)), "samples of allocs/op"),
        (lambda r: replace(r, packages=r.packages[:1]), "BenchmarkH"),
        (
            lambda r: replace(r, packages=(replace(r.packages[0], failures=()), r.packages[1])),
            "the failure of",
        ),
        (lambda r: replace(r, errors=()), "the error of"),
        (lambda r: replace(r, settings=replace(r.settings, bench="F$")), "settings"),
        (lambda r: replace(r, outcome=Outcome.BROKEN), "outcome"),
    ],
)
def test_the_store_refuses_a_write_that_takes_something_away(
    tmp_path: Path, spoil: Callable[[Record], Record], said: str
) -> None:
    store = RecordStore(tmp_path)
    store.write(FULL)
    with pytest.raises(StoreError, match=said):
        store.write(spoil(FULL))
    assert store.read(key_of(FULL)) == FULL
    store.write(spoil(FULL), replace=True)
    assert store.read(key_of(FULL)) == spoil(FULL)


def test_the_store_takes_what_adds_something(tmp_path: Path) -> None:
    store = RecordStore(tmp_path)
    store.write(without("BenchmarkG")(FULL))
    store.write(FULL)
    account = Account(P, "BenchmarkF", (), 1.0, 16.0, True)
    store.write(replace(FULL, accounts=(account,)))
    assert lost(FULL, replace(FULL, accounts=(account,))) == ""


def test_a_hash_that_begins_alike_is_not_overwritten(tmp_path: Path) -> None:
    store = RecordStore(tmp_path)
    store.write(FULL)
    hash_ = FULL.revision.hash
    twin = replace(FULL, revision=replace(FULL.revision, hash=hash_[:8] + "0" * 32))
    for replaces in (True, False):
        with pytest.raises(StoreError, match="hash_length"):
            store.write(twin, replace=replaces)


def test_a_run_of_some_benchmarks_keeps_the_others() -> None:
    again = record(
        make_package(P, [make_benchmark("BenchmarkF", 9, 16, (3.0,))]),
        make_package(Q, (), PackageOutcome.NOT_SELECTED),
        bench="F$",
    )
    merged = rerun(FULL, again)
    assert names(merged) == ["BenchmarkF", "BenchmarkG", "BenchmarkH"]
    first = merged.packages[0].benchmarks[0]
    assert [m.samples for m in first.measurements] == [(3.0,), (16, 16), (9, 9)]
    assert merged.packages[0].failures == (FAILED,)
    assert merged.errors == FULL.errors
    assert merged.settings == FULL.settings, "all that . selects is in it"
    assert rerun(again, FULL).settings == FULL.settings


def test_a_run_without_the_time_lane_keeps_the_times() -> None:
    counted = make_benchmark("BenchmarkF", 4, 64)
    merged = rerun(FULL, record(make_package(P, [counted]), bench="F$", count=0))
    first = merged.packages[0].benchmarks[0]
    assert {m.unit: m.samples for m in first.measurements} == {
        SECONDS: (1.0, 2.0), BYTES: (64, 64), ALLOCS: (4, 4),
    }  # fmt: skip
    assert (merged.settings.benchtime, merged.settings.count) == ("100ms", 6)


def test_what_fails_now_keeps_the_numbers_that_it_had() -> None:
    failure = BenchmarkFailure("BenchmarkG", Lane.ALLOCATION, "timeout", "no result after 60 s")
    now = record(make_package(P, [make_benchmark("BenchmarkF", 1)], failures=[failure]))
    merged = rerun(FULL, now)
    assert "BenchmarkG" in names(merged)
    assert merged.packages[0].failures == (failure,), "and what runs again fails no more"
    assert merged.outcome is Outcome.PARTIAL
    assert [e.message for e in merged.errors] == [failure.described]
    broken = replace(
        record(make_package(P, (), PackageOutcome.BUILD_FAILED)),
        errors=(PackageError("", "module", "no network"),),
    )
    merged = rerun(FULL, broken)
    assert names(merged) == names(FULL)
    assert merged.outcome is Outcome.PARTIAL
    assert merged.errors[0].message == "no network"


def test_what_no_longer_fails_is_no_failure() -> None:
    fixed = record(make_package(P, [make_benchmark("BenchmarkBad", 7)]), bench="Bad")
    merged = rerun(FULL, fixed)
    assert "BenchmarkBad" in names(merged)
    assert merged.packages[0].failures == ()
    assert merged.outcome is Outcome.MEASURED


def test_numbers_of_two_binaries_are_carried_nowhere() -> None:
    package = make_package(P, [make_benchmark("BenchmarkF", 1)])
    other = record(replace(package, key="another"), bench="F$")
    merged = rerun(FULL, other)
    assert names(merged) == names(FULL)
    assert [p.key for p in merged.packages] == ["", "key"]


def raw(*rows: str) -> str:
    return "".join(f"{row}\n" for row in ("goos: linux", *rows, "PASS"))


def test_the_verbatim_output_has_each_number_once() -> None:
    f, g = "BenchmarkF\nBenchmarkF-2 \t1\t5 ns/op", "BenchmarkG-2 \t1\t7 ns/op"
    package = make_package(P, [make_benchmark("BenchmarkF"), make_benchmark("BenchmarkG")])
    old = record(replace(package, raw={Lane.TIME: raw(f, g)}))
    one = make_package(P, [make_benchmark("BenchmarkF")])
    new = record(replace(one, raw={Lane.TIME: raw(f.replace("5", "6"))}), bench="F$")
    merged = rerun(old, new)
    assert merged.packages[0].raw is not None
    text = merged.packages[0].raw[Lane.TIME]
    assert text.count("BenchmarkF-2") == 1
    assert "6 ns/op" in text
    assert "7 ns/op" in text
    assert rerun(merged, merged) == merged


ACCOUNTS = tuple(
    Account(p, b, (), 1.0, 1.0, True) for p, b in ((P, "BenchmarkF"), (Q, "BenchmarkH"))
)
WHERE = SiteExecution(P, Position("p/p.go", 3, 1), Execution.EXECUTED)
EXCHANGE = Exchange("0" * 40, P, "BenchmarkF", "p/p_test.go", 1, {ALLOCS: 1.0}, True)


def test_what_is_learnt_of_some_benchmarks_is_added() -> None:
    view = View("-m -l", ())
    some = replace(
        record(make_package(P, [make_benchmark("BenchmarkF", 100)]), bench="F$"),
        accounts=ACCOUNTS, executions=(WHERE,), exchanges=(EXCHANGE,), views=(view,),
    )  # fmt: skip
    grown = supplement(FULL, some)
    assert grown.packages == FULL.packages
    assert grown.accounts == ACCOUNTS[:1], "of the other package nothing is known of the binary"
    assert grown.exchanges == (EXCHANGE,)
    assert grown.views == (view,)
    assert grown.executions == (), "another benchmark may execute what these do not"
    assert supplement(FULL, replace(some, settings=FULL.settings)).executions == (WHERE,)
    assert lost(FULL, grown) == ""
    newer = replace(ACCOUNTS[0], allocs=2.0)
    assert supplement(grown, replace(some, accounts=(newer,))).accounts == (newer,)
    other = replace(some, packages=(replace(some.packages[0], key="other"),))
    assert supplement(FULL, other).accounts == ()


def test_what_was_imported_grows_too() -> None:
    one = replace(
        record(make_package(P, [make_benchmark("BenchmarkF", 1)])), harness="1" + IMPORT_MARK
    )
    two = replace(
        record(make_package(Q, [make_benchmark("BenchmarkH", 1)])), harness="1" + IMPORT_MARK
    )
    assert names(rerun(one, two)) == ["BenchmarkF", "BenchmarkH"]


def test_the_union_is_one_whoever_has_which() -> None:
    """Two that began at the same moment: what one run measured, and what was learnt apart."""
    one, two = (replace(FULL, accounts=(replace(ACCOUNTS[0], allocs=n),)) for n in (1.0, 2.0))
    both = union(one, two)
    assert both == union(two, one)
    assert both == union(both, one) == union(two, both)
