"""Compiled code: the calls that allocate, and the size of each stack frame."""

from dataclasses import dataclass
from enum import StrEnum


class AllocationKind(StrEnum):
    """The purpose for which compiled code calls an allocating function of Go's runtime.

    Closures, variables that are moved to the heap, literals and ``make`` of a constant size are
    all ``object``: the compiler calls the same function for them.
    """

    OBJECT = "object"
    SLICE = "slice"
    APPEND = "append"  # growth of a slice
    MAP = "map"  # a new map, or one that an assignment may grow
    CHAN = "chan"
    BOXING = "boxing"  # a value converted to an interface
    STRING = "string"  # concatenation, and conversion between string, []byte and []rune
    GOROUTINE = "goroutine"
    DEFER = "defer"  # a deferred call whose record is not on the stack


@dataclass(frozen=True, slots=True, order=True)
class AllocationCall:
    """A call in the compiled code that allocates, always or (append, maps) when it has to.

    Attributes:
        package: import path; that of ``p`` for ``p_test``, as in the diagnostics.
        function: whose code it is in, in the compiler's words (``(*T).M``, ``F.func1``,
            ``Top[...]``).
        callee: the function that allocates, ``runtime.newobject``.
        file, line: that allocate, the file relative to the repository's root if in it.
        outer_file, outer_line: place of that line in ``function``: the call that was inlined,
            which is where the compiler prints inlined escapes. The same where nothing was.
        inlined: the inlined functions that it came from, the outermost first, by full name.
    """

    package: str
    function: str
    callee: str
    kind: AllocationKind
    file: str
    line: int
    outer_file: str
    outer_line: int
    inlined: tuple[str, ...] = ()

    @property
    def test(self) -> bool:
        """Return whether the calling code is in a ``_test.go`` file."""
        return self.outer_file.endswith("_test.go")


@dataclass(frozen=True, slots=True, order=True)
class FunctionCode:
    """A function as compiled.

    Attributes:
        package, function: as of :class:`AllocationCall`.
        frame_bytes: size of its stack frame, as ``-S`` prints it (``locals=``); of the largest
            where a generic function was compiled several times.
        file, line: of its declaration, the file relative to the repository's root if in it.
    """

    package: str
    function: str
    frame_bytes: int
    file: str
    line: int

    @property
    def test(self) -> bool:
        """Return whether it is declared in a ``_test.go`` file."""
        return self.file.endswith("_test.go")
