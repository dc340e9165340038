"""The allocations of a benchmark, per source line."""

from dataclasses import dataclass, field
from typing import Literal

from harness.model.diagnostic import EscapeSite


@dataclass(frozen=True, slots=True)
class Frame:
    """A place on a call stack: function as the profile names it, file and line as compiled."""

    function: str
    file: str
    line: int


@dataclass(frozen=True, slots=True)
class AllocationSite:
    """A source line with its share of a benchmark's allocations.

    Attributes:
        file, line, function: of the nearest frame of the project: the file relative to the
            repository's root, the function in the compiler's words (``(*T).M``, ``f.func1``).
        outer_file, outer_line: place of the compiled code of that frame: the outermost caller
            into which it was inlined, which is where the compiler prints inlined escapes.
        via: the function of a library that the line calls and that allocates, ``strings.Join``;
            empty where the line allocates by itself.
        allocs, bytes: per operation.
        setup_allocs, setup_bytes: of one run besides those of its operations, as far as the timer
            counts them: set-up before the loop without ``ResetTimer``, the first operations'.
        calls: where the line allocates by itself, the functions of the runtime that it calls for
            it (``runtime.convTstring``) with their allocations per operation and per run, sorted;
            empty where that is not known.
    """

    file: str
    line: int
    function: str
    outer_file: str
    outer_line: int
    via: str
    allocs: float
    bytes: float
    setup_allocs: float = 0.0
    setup_bytes: float = 0.0
    calls: tuple[tuple[str, float, float], ...] = ()


@dataclass(frozen=True, slots=True)
class Account:
    """All allocations of one benchmark by line: two differenced memory profiles.

    Attributes:
        sites: the most allocations first.
        allocs, bytes: their sums per operation, with fractions (``testing`` truncates).
        exact: whether the tiny allocator was off, so that no small object is missing.
        timed: whether the lines have what the timer counts and no more, and the set-up within it;
            otherwise all that the benchmark's runs allocate, and no set-up.
    """

    package: str
    benchmark: str
    sites: tuple[AllocationSite, ...]
    allocs: float
    bytes: float
    exact: bool
    timed: bool = False


@dataclass(frozen=True, slots=True)
class OwnPlace:
    """A place where the tests make a benchmark allocate more or less.

    Attributes:
        file, line: of the tests; at head, but for what is gone.
        function: in the compiler's words; empty where it is not known.
        at_base: whether file and line are those of the base.
        escape: state of the escape site on the line.
        via: the library function that the line calls and that allocates, or empty.
        feeds: where the line does not allocate by itself, the line that is known to
            allocate more or less with it, in words; empty if none is known.
    """

    file: str
    line: int
    function: str = ""
    at_base: bool = False
    escape: Literal["new", "gone", "kept", "none"] = "none"
    site: EscapeSite | None = None
    via: str = ""
    feeds: str = ""


@dataclass(frozen=True, slots=True)
class Exchange:
    """The part of a step that the benchmark itself caused, measured by exchanging the tests.

    Attributes:
        previous: hash of the revision that the step is told from.
        file, line: where the tests changed; the first changed line at head.
        parts: by unit, after minus before as far as it is the benchmark's own; ``None`` where
            neither side's tests compile on the other's code.
        forward: whether the head's tests ran on the code of ``previous``; else the reverse.
        account: of the benchmark in that mixture, where a part is not 0.
        places: by unit, where the tests caused a part that is not 0; older records have ``file``
            and ``line`` only.
    """

    previous: str
    package: str
    benchmark: str
    file: str
    line: int
    parts: dict[str, float | None]
    forward: bool
    account: Account | None = None
    places: dict[str, OwnPlace] = field(default_factory=dict)
