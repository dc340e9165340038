"""The data of ``real.py``: which real commits are judged, and the figures that were measured.

``docs/accuracy/<name>.toml`` is written by hand (:class:`Project`); ``docs/accuracy/<name>.json``
beside it holds what was measured (:class:`Figures`), so that one row can be measured again without
all the others. The two are kept apart: a person judges, a program measures.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import msgspec

ROOT = Path(__file__).resolve().parents[2]
DATA = ROOT / "docs" / "accuracy"

Judgement = Literal["open", "right", "partly", "wrong"]


class _Strict(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """A table of the data file; an unknown key is an error."""


class TrueCause(_Strict):
    """The first cause as a person found it in the source.

    Attributes:
        file: relative to the repository's root.
        line: at the commit for what came or stayed, at the base for what went.
        function: in the compiler's words, ``(*T).M``.
    """

    file: str
    line: int
    function: str

    def text(self) -> str:
        """``file:line function``."""
        return f"{self.file}:{self.line} {self.function}"


class Change(_Strict):
    """A commit in which allocs/op of one benchmark really changed.

    Attributes:
        commit: full hash.
        benchmark: full name as printed, without the number of processors (``BenchmarkX/small``).
        package: directory of the package in the repository.
        judgement: of the cause that the harness names first; ``open`` until a person has read it.
        why: in one line, how a person knows.
        cause: the true first cause; needed for a judgement.
        base: compared with; empty for the first parent.
    """

    commit: str
    benchmark: str
    judgement: Judgement = "open"
    why: str = ""
    cause: TrueCause | None = None
    package: str = "."
    base: str = ""

    @property
    def key(self) -> str:
        """Under which its figures are kept."""
        return f"{self.commit[:12]} {self.package} {self.benchmark}"


class Neutral(_Strict):
    """A commit that changes Go code, but neither an allocation nor an escape.

    Attributes:
        commit: full hash.
        why: what it does, read by a person who looked for new escapes and found none.
        packages: patterns whose benchmarks are run; empty for the project's.
        bench: which, as ``go test -bench`` takes it; empty for the project's.
        base: compared with; empty for the first parent.
        miss: where the harness reports something: whether that is so, and why. Empty if it does
            not.
    """

    commit: str
    why: str
    packages: tuple[str, ...] = ()
    bench: str = ""
    base: str = ""
    miss: str = ""

    @property
    def key(self) -> str:
        """Under which its figures are kept."""
        return self.commit[:12]


class SumMiss(_Strict):
    """Why the lines of one benchmark do not add up to its reported figure."""

    benchmark: str
    reason: str
    package: str = "."


class SumCheck(_Strict):
    """The revision at which the accounts of all benchmarks are held against the reported figures.

    Attributes:
        revision: full hash.
        packages: patterns; empty for the project's.
        bench: which, as ``go test -bench`` takes it; empty for the project's.
        left_out: benchmarks that ``bench`` leaves out, and why, in words; empty if none.
        misses: those that do not add up, with the reason.
    """

    revision: str
    packages: tuple[str, ...] = ()
    bench: str = ""
    left_out: str = ""
    misses: tuple[SumMiss, ...] = ()


class Project(_Strict):
    """One public repository.

    Attributes:
        repository: its URL; the clone is the directory of that name.
        go: the release that everything was measured with.
        module: import path for revisions without a ``go.mod``.
        packages: patterns of the packages with benchmarks.
        bench: as ``go test -bench`` takes it.
        found: how the commits were found, in words.
        changes: commits that changed allocs/op.
        neutral: commits that did not.
        sums: the check of the sums.
    """

    repository: str
    go: str
    module: str
    packages: tuple[str, ...] = ("./...",)
    bench: str = "."
    found: str = ""
    changes: tuple[Change, ...] = ()
    neutral: tuple[Neutral, ...] = ()
    sums: SumCheck | None = None

    @property
    def name(self) -> str:
        """The repository's last part, ``chi``."""
        return self.repository.rstrip("/").rpartition("/")[2]


class Said(msgspec.Struct, kw_only=True, omit_defaults=True):
    """One cause as ``esv explain`` names it; the names are those of ``esv.explain/1``."""

    file: str
    line: int
    function: str
    delta: float
    outcome: str
    escape: str
    message: str = ""
    via: str | None = None
    note: str = ""
    side: str = "head"


class ByHand(msgspec.Struct, kw_only=True, omit_defaults=True):
    """What plain ``go test`` prints: allocs/op before and after.

    Attributes:
        before: at the base.
        after: at the commit.
        tests_of_head: whether the benchmark is only in the commit, so that the base was run with
            the commit's test files.
    """

    before: float
    after: float
    tests_of_head: bool = False


class ByHarness(msgspec.Struct, kw_only=True, omit_defaults=True):
    """What ``esv explain`` says of one benchmark; no figures if it reports no change.

    Attributes:
        release: the Go release that it says it used.
        before, after: allocs/op.
        outcome, explained, unexplained: as in ``esv.explain/1``.
        causes: the first few.
        total_causes: how many there are.
    """

    release: str
    before: float | None = None
    after: float | None = None
    outcome: str = ""
    explained: float = 0.0
    unexplained: float = 0.0
    causes: list[Said] = []
    total_causes: int = 0


class ChangeFigures(msgspec.Struct, kw_only=True):
    """Figures of a :class:`Change`; ``None`` for what was not measured yet."""

    hand: ByHand | None = None
    esv: ByHarness | None = None


class NeutralHand(msgspec.Struct, kw_only=True, omit_defaults=True):
    """Plain ``go`` on a neutral commit.

    Attributes:
        benchmarks: how many were run on both sides.
        differ: those whose allocs/op differ, ``name before → after``: must be empty.
        naive_new, naive_gone: lines of ``go build -gcflags=-m`` that say that something goes to
            the heap and that only one side has: what a naive comparison flags.
        heap_lines: such lines at the commit.
    """

    benchmarks: int
    differ: list[str] = []
    naive_new: int = 0
    naive_gone: int = 0
    heap_lines: int = 0


class NeutralHarness(msgspec.Struct, kw_only=True, omit_defaults=True):
    """``esv explain`` on a neutral commit: all must be empty.

    Attributes:
        steps: benchmarks whose allocs/op changed.
        bytes: benchmarks whose B/op changed (no step, but told).
        new, gone: escape sites, ``file:line function: message``.
    """

    steps: list[str] = []
    bytes: list[str] = []
    new: list[str] = []
    gone: list[str] = []


class NeutralFigures(msgspec.Struct, kw_only=True):
    """Figures of a :class:`Neutral`; ``None`` for what was not measured yet."""

    hand: NeutralHand | None = None
    esv: NeutralHarness | None = None


class SumFigures(msgspec.Struct, kw_only=True):
    """One benchmark's lines held against what is reported.

    Attributes:
        package: directory.
        benchmark: full name.
        reported: allocs/op as ``go test`` prints it, cut to a whole number.
        uncut: the same run's allocations divided by its iterations, printed by a ``testing`` whose
            one line of formatting was replaced.
        account: sum over the lines of the harness's account; ``None`` if it could not make one.
        exact: whether the account was made without the tiny allocator.
    """

    package: str
    benchmark: str
    reported: float
    uncut: float
    account: float | None
    exact: bool = False

    @property
    def adds_up(self) -> bool:
        """Within 1 % or 0.05 of the reported figure, the cut allowed for.

        What a run counts lies between the reported figure and the uncut one: the fraction that is
        cut off is a part of an allocation in every operation, or what happens once in the run.
        """
        if self.account is None:
            return False
        near = max(0.05, 0.01 * self.reported)
        return self.reported - near <= self.account <= max(self.uncut, self.reported) + near

    @property
    def equal(self) -> bool:
        """Within 1 % or 0.05 of the whole number that is reported."""
        return self.account is not None and abs(self.account - self.reported) <= max(
            0.05, 0.01 * self.reported
        )


class Figures(msgspec.Struct, kw_only=True):
    """All that was measured of one project, by the key of the row."""

    changes: dict[str, ChangeFigures] = {}
    neutral: dict[str, NeutralFigures] = {}
    sums: list[SumFigures] = []


def load_projects() -> list[tuple[Project, Figures]]:
    """Every project of the data directory with its figures, by name."""
    return [(load_project(path), load_figures(path)) for path in sorted(DATA.glob("*.toml"))]


def load_project(path: Path) -> Project:
    """One data file.

    Raises:
        msgspec.ValidationError: it is not as :class:`Project` says.
    """
    return msgspec.toml.decode(path.read_bytes(), type=Project)


def load_figures(path: Path) -> Figures:
    """What was measured for a data file, empty if nothing was."""
    figures = path.with_suffix(".json")
    if not figures.exists():
        return Figures()
    return msgspec.json.decode(figures.read_bytes(), type=Figures)


def save_figures(path: Path, figures: Figures) -> None:
    """Write them beside the data file."""
    text = msgspec.json.format(msgspec.json.encode(figures), indent=1)
    temporary = path.with_suffix(".json.part")
    temporary.write_bytes(text + b"\n")
    temporary.replace(path.with_suffix(".json"))
