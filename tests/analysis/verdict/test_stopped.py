"""When measuring has stopped, and what a night says of what it could compare."""

from __future__ import annotations

import json
from dataclasses import replace

import jsonschema
import pytest

from harness.analysis.history.history import History, Stopped
from harness.analysis.verdict.health import stopped
from harness.analysis.verdict.news import EnvironmentNews, News, NightlyReport, compared
from harness.model import PackageOutcome, Record
from harness.outputs.nightly.json import nightly_json
from harness.outputs.nightly.report import headline, nightly_markdown, nightly_text
from harness.outputs.schemas import load_schema
from tests.builders import make_benchmark, make_hash, make_package, make_record

DAY = 86_400.0
LIMIT = 3 * DAY
LINE = [make_hash(n) for n in range(6)]


def measured(number: int, at: float) -> Record:
    record = make_record(number, [make_package(benchmarks=[make_benchmark("BenchmarkX", 1)])])
    return replace(record, started=at, duration=0.0)


def broken(number: int, at: float) -> Record:
    record = make_record(number, [make_package(outcome=PackageOutcome.BUILD_FAILED)])
    return replace(record, started=at, duration=0.0)


def committed(hash_: str) -> float:
    """A commit a day, from the first day on."""
    return LINE.index(hash_) * DAY


@pytest.mark.parametrize(
    ("records", "line", "now", "found"),
    [
        # Nothing is newer, for whatever time.
        ([measured(2, 2 * DAY)], LINE[:3], 900 * DAY, None),
        # The first newer commit is of day 3, so day 6 is not longer than the limit.
        ([measured(2, 2 * DAY)], LINE, 6 * DAY, None),
        ([measured(2, 2 * DAY)], LINE, 6 * DAY + 1, Stopped(LINE[2], 3 * DAY, 3)),
        # It waits since the last that was measured, if that is later than the commit.
        ([measured(2, 10 * DAY)], LINE, 12 * DAY, None),
        ([measured(2, 10 * DAY)], LINE, 14 * DAY, Stopped(LINE[2], 10 * DAY, 3)),
        # A record without a number is no measurement, and one of an older revision no newer one.
        (
            [measured(2, 2 * DAY), broken(5, 5 * DAY), measured(1, 8 * DAY)],
            LINE,
            9 * DAY,
            Stopped(LINE[2], 3 * DAY, 3),
        ),
        ([broken(1, DAY), broken(2, 2 * DAY)], LINE, 9 * DAY, Stopped("", DAY, 6)),
        # A commit from the future hides nothing.
        ([measured(2, 2 * DAY)], LINE, 2.5 * DAY, None),
    ],
)
def test_measuring_has_stopped(
    records: list[Record], line: list[str], now: float, found: Stopped | None
) -> None:
    assert stopped(History.build(records, line), now, LIMIT, committed) == found


def test_a_commit_from_the_future_hides_nothing() -> None:
    history = History.build([measured(2, 2 * DAY)], LINE)
    found = stopped(history, 9 * DAY, LIMIT, lambda hash_: 99 * DAY)
    assert found == Stopped(LINE[2], 2 * DAY, 3)


def test_what_is_compared() -> None:
    records = [measured(0, 0), broken(1, 0), measured(2, 0), measured(4, 0)]
    history = History.build(records, LINE)
    assert compared(history, set(LINE)) == (0, 3)
    assert compared(history, set(LINE[:3])) == (1, 2)
    assert compared(history, ()) == (2, 1), "the first has nothing before it"
    assert compared(History.build([broken(1, 0)], LINE), ()) == (0, 0)


def news_of(history: History, later: int, before: int) -> EnvironmentNews:
    return EnvironmentNews(history, News((), (), ()), {}, later, before)


HISTORY = History.build([measured(0, 0), measured(1, 0)], LINE)
STALE = replace(HISTORY, stopped=Stopped(LINE[1], 2 * DAY, 4))


@pytest.mark.parametrize(
    ("keys", "code", "says", "detail"),
    [
        (
            {"environments": (news_of(HISTORY, 0, 2),)},
            0,
            "nothing to compare with yet: 2 revisions recorded as the baseline",
            "0 revisions compared, 2 before them",
        ),
        (
            {"environments": (news_of(HISTORY, 1, 1),)},
            0,
            "no new regression",
            "1 revision compared",
        ),
        ({"lost": ("go1: the records are gone",)}, 2, "there is nothing to compare with", "gone"),
        (
            {"environments": (news_of(STALE, 1, 1),)},
            2,
            "measuring has stopped",
            f"no revision newer than {LINE[1][:8]} has given a number since 1970-01-03 00:00 UTC;"
            " 4 newer revisions without one",
        ),
        (
            {"unfetched_since": 2 * DAY, "problems": ("git fetch failed",)},
            2,
            "measuring has stopped",
            "nothing could be fetched since 1970-01-03 00:00 UTC",
        ),
        (
            {"failed": (("a" * 40, "no disk"),), "measured": (measured(1, 0),)},
            2,
            "1 revision could not be measured",
            "aaaaaaaa could not be measured: no disk",
        ),
    ],
)
def test_a_night_that_compared_nothing_is_no_clean_one(
    keys: dict[str, object], code: int, says: str, detail: str
) -> None:
    base: dict[str, object] = {
        "project": "p", "started": 0.0, "finished": 1.0, "measured": (), "failed": (),
        "remaining": 0, "environments": (),
    }  # fmt: skip
    report = NightlyReport(**{**base, **keys})  # type: ignore[arg-type]
    assert (report.exit_code, headline(report)) == (code, says)
    assert detail in nightly_text(report)
    assert says in nightly_markdown(report)
    document = json.loads(nightly_json(report))
    jsonschema.Draft202012Validator(load_schema("nightly")).validate(document)
    assert document["exit_code"] == code
