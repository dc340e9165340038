"""The benchmarks that an expression of ``go test -bench`` selects. Pure.

The one place that gives such an expression its meaning, for every ``--bench``. The testing package
splits the expression at the slashes, and since Go 1.20 at the bars, outside of brackets
and parentheses; each element is looked for in the element of the name at the same level
(``testing/match.go``). So ``^BenchmarkAll$/^7z$`` selects ``BenchmarkAll/7z``, and ``7z`` does not.
"""

import re
from collections.abc import Iterable
from functools import lru_cache

# Selects everything.
ALL = "."
# What is part of the syntax of Go's regular expressions; no other character is escaped.
_SPECIAL = re.compile(r"[\\.+*?()|\[\]{}^$]")


@lru_cache(maxsize=64)
def _alternatives(bench: str) -> tuple[tuple[re.Pattern[str], ...], ...]:
    """The expression as alternatives of elements, one element for each level of a name."""
    alternatives: list[list[str]] = [[""]]
    brackets = parentheses = 0
    characters = iter(bench)
    for character in characters:
        if character == "\\":
            character += next(characters, "")
        elif character == "[":
            brackets += 1
        elif character == "]":
            brackets = max(0, brackets - 1)
        elif character in "()" and not brackets:
            parentheses += 1 if character == "(" else -1
        elif character in "/|" and not brackets and not parentheses:
            if character == "|":
                alternatives.append([])
            alternatives[-1].append("")
            continue
        alternatives[-1][-1] += character
    # Names have no blanks: the testing package writes them as underscores, here and there.
    return tuple(
        tuple(re.compile(re.sub(r"\s", "_", element)) for element in elements)
        for elements in alternatives
    )


def check(bench: str) -> None:
    """Refuse what is no expression.

    Raises:
        re.error: an element of it is no regular expression.
    """
    _alternatives(bench)


def selects(bench: str, name: str) -> bool:
    """Return whether a benchmark with this full name is run, and gives a result.

    The name, ``BenchmarkParse/size=1k``, has no ``-GOMAXPROCS`` suffix.
    """
    levels = name.split("/")
    return any(len(e) <= len(levels) and _matches(e, levels) for e in _alternatives(bench))


def enters(bench: str, name: str) -> bool:
    """Return whether a benchmark is run, even if only for the sub-benchmarks that are selected."""
    levels = name.split("/")
    return any(_matches(elements, levels) for elements in _alternatives(bench))


def covers(there: str, wanted: str) -> bool:
    """Return whether one expression is known to select all that another one selects."""
    return there in (wanted, ALL, "")


def exactly(names: Iterable[str]) -> str:
    """The expression for benchmarks with these full names; it takes their sub-benchmarks along."""
    return "|".join(
        "/".join(f"^{level}$" for level in _SPECIAL.sub(r"\\\g<0>", name).split("/"))
        for name in names
    )


def _matches(elements: Iterable[re.Pattern[str]], levels: Iterable[str]) -> bool:
    return all(e.search(level) for e, level in zip(elements, levels, strict=False))
