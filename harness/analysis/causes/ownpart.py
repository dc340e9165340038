"""The place in the tests that causes the benchmark's own part of a change.

Exchanging the tests measures how large that part is. Two accounts of one code with either side's
tests tell on which line it is allocated. If that is a line of the tests that was edited, or has
another escape site than before, it is the place. Else the tests only make an old line run more or
less often, and the place is the changed line of the tests that feeds it: a data file named like the
sub-benchmark, a declaration that the benchmark uses, a line of the benchmark itself, else the first
one. This last choice is a reading of the source, no measurement.
"""

import re
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, field

from harness.analysis.causes.attribution import attribute
from harness.analysis.causes.pairing import Sides
from harness.model import Account, FileChange, Hunk, OwnPlace

# Declarations of a package and fields of a type; locals matter to no other function.
_DECLARED = re.compile(
    r"(?:func (?:\([^)]*\) )?|(?:var|const|type) |\t(?=\w+ +[\[\]*\w.]+(?:$| [/`])))"
    r"(?P<name>\w{3,})"
)
_KEYWORDS = frozenset({"return", "case", "defer", "goto", "import", "package", "else", "var"})
_WORD = re.compile(r"\w{3,}")


@dataclass(frozen=True, slots=True)
class TestChanges:
    """The changes of a package's tests.

    Attributes:
        texts: text before and after of changed Go files, by their name after, or before if they
            were deleted; empty where there is none.
        sources: by benchmark function, the file that it is in at head, and its text.
    """

    __test__ = False  # no class of tests

    files: tuple[FileChange, ...]
    texts: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    sources: Mapping[str, tuple[str, str]] = field(default_factory=dict)

    @property
    def first(self) -> tuple[str, int]:
        """File and line of the first change."""
        return _place(self.files[0], next(iter(self.files[0].hunks), None))

    def feeding(self, benchmark: str, delta: float) -> tuple[str, int]:
        """File and line of the change that makes a benchmark do more or less."""
        function, *sub = benchmark.split("/")
        file, source = self.sources.get(function, ("", ""))
        start, body = _function(source, function)
        benchmark_lines = range(start, start + body.count("\n") + 1)
        used = set(_WORD.findall(body))
        ranked: list[tuple[tuple[float, ...], tuple[str, int]]] = []
        for change in self.files:
            name = change.new or change.old or ""
            if not name.endswith(".go"):
                suits = _data_suits(name, sub, body)
                _, dot, ending = name.rpartition("/")[2].rpartition(".")
                mentioned = bool(dot) and f'.{ending}"' in source
                grown = sum(h.new_count - h.old_count for h in change.hunks)
                rank = (3.0 * suits, mentioned, grown * (1 if delta > 0 else -1) * suits)
                hunk = max(change.hunks, key=lambda h: abs(h.new_count - h.old_count), default=None)
                ranked.append((rank, _place(change, hunk)))
                continue
            before, after = self.texts.get(name, ("", ""))
            for hunk in change.hunks:
                changed = [
                    *_lines(before, hunk.old_start, hunk.old_count),
                    *_lines(after, hunk.new_start, hunk.new_count),
                ]
                # Of a benchmark with sub-benchmarks most lines are of the other ones.
                inside = name == file and hunk.new_start in benchmark_lines
                score = (1.0 if sub else 2.5) if inside else 0.0
                declared = {m["name"] for line in changed if (m := _DECLARED.match(line))}
                if (declared - _KEYWORDS) & used:
                    score = max(score, 2.0)
                ranked.append(((score, False, 0), _place(change, hunk)))
        return max(ranked, key=lambda r: r[0])[1] if ranked else self.first


def own_place(
    sides: Sides,
    unit: str,
    reported: tuple[float, float],
    accounts: tuple[Account | None, Account | None],
    changes: TestChanges,
    tests: Container[str],
) -> OwnPlace:
    """The place in the tests that causes a part of a change.

    ``sides`` are one code with the older and the newer tests, with the sites of test files matched.
    """
    before, after = accounts
    delta = reported[1] - reported[0]
    if before is None or after is None:
        return OwnPlace(*changes.first)
    causes = attribute(sides, unit, reported, before, after).causes
    moving = [c for c in causes if (c.delta > 0) == (delta > 0)]
    if not moving:
        return OwnPlace(*changes.feeding(before.benchmark, delta))
    largest = moving[0]
    if largest.file in tests and (
        largest.escape in ("new", "gone")
        or sides.index.edited((largest.file, largest.line), head=not largest.at_base)
    ):
        return OwnPlace(
            largest.file, largest.line, largest.function, largest.at_base, largest.escape,
            largest.site, largest.via,
        )  # fmt: skip
    fed = f"{largest.file}:{largest.line} {largest.function}"
    return OwnPlace(
        *changes.feeding(before.benchmark, delta),
        feeds=f"{fed} in {largest.via}" if largest.via else fed,
    )


def _place(change: FileChange, hunk: Hunk | None) -> tuple[str, int]:
    # Git places what was deleted after the line before it: at the top of a file, that is 0.
    return (change.new or change.old or "", max(1, hunk.new_start) if hunk is not None else 1)


def _data_suits(name: str, sub: Sequence[str], body: str) -> bool:
    """Return whether a data file is named like a sub-benchmark, or in the benchmark."""
    parts = {part.lower() for part in name.split("/")}
    stem = name.rpartition("/")[2]
    parts.add(stem.partition(".")[0].lower())
    return any(s.lower() in parts for s in sub) or stem in body


def _function(source: str, name: str) -> tuple[int, str]:
    """First line and text of a function of a gofmt'ed file; empty if it is not there."""
    match = re.search(rf"^func {re.escape(name)}\(.*?(?:^}}|\Z)", source, re.MULTILINE | re.DOTALL)
    if match is None:
        return 0, ""
    return source.count("\n", 0, match.start()) + 1, match.group()


def _lines(text: str, start: int, count: int) -> list[str]:
    return text.split("\n")[start - 1 : start - 1 + count] if count else []
