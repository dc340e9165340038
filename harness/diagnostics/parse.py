"""The output of ``go build -gcflags=-m=2`` (or ``-m``) as data. Pure.

The form of the messages is that of cmd/compile/internal/escape and …/inline. With ``-m=2`` an
escape is printed twice: first its explanation (``x escapes to heap in F:`` and indented flow
lines), later the plain ``-m`` line (``moved to heap: x``). The plain line is the site; function and
flow come from the explanation at the same position.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace

from harness.model import (
    Diagnostic,
    EscapeSite,
    FlowStep,
    InliningCall,
    InliningDecision,
    Position,
    SiteKind,
)

_LINE = re.compile(r"(?P<file>.+?):(?P<line>\d+)(?::(?P<column>\d+))?: (?P<text>.*)", re.DOTALL)
_EXPLAIN = re.compile(r"(?P<expr>.+) escapes to heap(?: in (?P<function>.+))?:", re.DOTALL)
_MOVED = "moved to heap: "
_ESCAPES = " escapes to heap"
_CAN = re.compile(r"can inline (?P<name>.+?)(?: with cost (?P<cost>\d+) as: .*)?", re.DOTALL)
_CANNOT = re.compile(r"cannot inline (?P<name>.+?): (?P<reason>.*)", re.DOTALL)
_COST = re.compile(r"cost (\d+) exceeds budget")
_FROM = re.compile(r"(?P<text>from .*) at (?P<file>\S.*?):(?P<line>\d+)(?::(?P<column>\d+))?")
_HEADER = re.compile(r"# (?P<path>\S+)(?: \[(?P<for>\S+)\])?")
_CONVERSION = re.compile(r"(?:string|\(?\[\](?:byte|rune|uint8|int32)\)?)\(.*\)", re.DOTALL)
_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"')
# Heap-related words of lines that carry no site of their own.
_KNOWN = re.compile(
    r"(?:.* does not escape|leaking param.*|parameter .* leaks to .*|.* leaks to .*"
    r"|.* capturing by (?:ref|value): .*|.*ignoring self-assignment in .*|inlining call to .*"
    r"|can inline .*|cannot inline .*|devirtualizing .*|marking .*|.*zero-copy .*"
    r"|mark inlined call .*|.*PGO.*|hoisting .*)",
    re.DOTALL,
)
_HEAP_WORD = re.compile(r"\bheap\b|\bescapes?\b|\bleak", re.IGNORECASE)


@dataclass(slots=True)
class PackageDiagnostics:
    """What the compiler said of one package or test variant.

    Attributes:
        path: import path without the ``[p.test]`` of a variant.
        variant: the test binary a variant is compiled for, ``p.test``, or ``None``.
        sites: the escape sites, in the order of the output.
        decisions: whether each function can be inlined.
        calls: each inlined call.
        unparsed: heap-related lines of an unknown form.
    """

    path: str
    variant: str | None
    sites: list[EscapeSite] = field(default_factory=list)
    decisions: list[InliningDecision] = field(default_factory=list)
    calls: list[InliningCall] = field(default_factory=list)
    unparsed: list[Diagnostic] = field(default_factory=list)


@dataclass(slots=True)
class _Explanation:
    function: str
    flow: list[FlowStep]
    used: bool = False


def parse(
    output: str, relative: Callable[[str], str] = lambda path: path
) -> list[PackageDiagnostics]:
    """Parse the standard error of a build.

    Args:
        output: everything that ``go`` printed; lines that are no diagnostics are passed over.
        relative: turns a path as the compiler prints it into one relative to the repository.
    """
    return [
        _parse_package(path, variant, lines, relative) for path, variant, lines in _blocks(output)
    ]


def merge(path: str, packages: Iterable[PackageDiagnostics]) -> PackageDiagnostics:
    """The package ``path`` from its plain form and its test variants, which repeat its lines.

    A line that one compile prints twice is two sites; a line that two compiles print once each, or
    that is printed once for each instantiation of a generic function, is one. So every distinct
    site is taken as often as the compile and instantiation that has it most often.
    """
    variants = list(packages)
    merged = PackageDiagnostics(path, None)
    sites: dict[tuple[Position, str, str], EscapeSite] = {}
    counts: Counter[tuple[Position, str, str]] = Counter()
    for variant in sorted(variants, key=lambda v: v.variant is not None):
        own: Counter[tuple[tuple[Position, str, str], str]] = Counter()
        for site in variant.sites:
            function = generic_name(site.function)
            key = (site.position, site.message, function)
            own[key, site.function] += 1
            if key not in sites:
                # A wrapper that only a test variant has is there because of a test.
                test = site.test or (variant.variant is not None and _is_generated(site.position))
                sites[key] = replace(
                    site,
                    package=path,
                    function=function,
                    test=test,
                    flow=() if test else site.flow,
                )
        for (key, _), count in own.items():
            counts[key] = max(counts[key], count)
    for key, site in sites.items():
        merged.sites.extend([site] * counts[key])
    merged.sites.sort(key=lambda s: (s.position, s.message, s.function))
    merged.decisions = sorted(
        dict.fromkeys(d for v in variants for d in v.decisions),
        key=lambda d: (d.position, d.function, d.reason),
    )
    merged.calls = sorted(
        dict.fromkeys(c for v in variants for c in v.calls), key=lambda c: (c.position, c.callee)
    )
    merged.unparsed = list(dict.fromkeys(u for v in variants for u in v.unparsed))
    return merged


def plain_lines(
    output: str, relative: Callable[[str], str] = lambda path: path
) -> list[Diagnostic]:
    """Every diagnostic line as it is, for views on demand (``-m``, ``-m -l``)."""
    found = []
    for path, _variant, lines in _blocks(output):
        for line in lines:
            match = _LINE.fullmatch(line)
            if match is not None:
                found.append(Diagnostic(path, _position(match, relative), match["text"]))
    return found


def _blocks(output: str) -> Iterator[tuple[str, str | None, list[str]]]:
    """Cut the output at the ``# package`` headers."""
    path: str | None = None
    variant: str | None = None
    lines: list[str] = []
    for line in output.split("\n"):
        header = _HEADER.fullmatch(line)
        if header is None:
            lines.append(line)
            continue
        if path is not None:
            yield path, variant, lines
        path, variant, lines = header["path"], header["for"], []
    if path is not None:
        yield path, variant, lines


def _parse_package(
    path: str, variant: str | None, lines: list[str], relative: Callable[[str], str]
) -> PackageDiagnostics:
    package = PackageDiagnostics(path, variant)
    explanations: dict[tuple[Position, str], list[_Explanation]] = defaultdict(list)
    current: _Explanation | None = None
    heap: list[tuple[Position, str, str]] = []
    for line in lines:
        match = _LINE.fullmatch(line)
        if match is None:
            continue
        text = match["text"]
        if text.startswith("  "):
            if current is not None:
                current.flow.append(_flow_step(text.strip(), relative))
            continue
        position = _position(match, relative)
        current = None
        if text.startswith(_MOVED):
            heap.append((position, text[len(_MOVED) :], text))
        elif text.endswith(_ESCAPES):
            heap.append((position, text[: -len(_ESCAPES)], text))
        elif (explained := _EXPLAIN.fullmatch(text)) is not None:
            current = _Explanation(explained["function"] or "", [])
            explanations[position, explained["expr"]].append(current)
        else:
            _other(package, position, text)
    # A wrapper that `go f(x)` or a `defer f(x)` in a loop makes is explained and has no plain line.
    plain = {position for position, _, _ in heap}
    heap.extend(
        (position, expression, expression + _ESCAPES)
        for position, expression in explanations
        if position not in plain
    )
    by_position: dict[Position, list[_Explanation]] = defaultdict(list)
    for (position, _), listed in explanations.items():
        by_position[position].extend(listed)
    functions = _Functions(package.decisions)
    for position, expression, message in heap:
        # `append(x, y)` is explained, `append` is printed.
        function, flow = _explain(
            explanations.get((position, expression)) or by_position.get(position, [])
        )
        test = _is_test(position)
        package.sites.append(
            EscapeSite(
                package=path,
                function=function or functions.enclosing(position),
                position=position,
                expression=expression,
                kind=_kind(expression, message, functions),
                message=message,
                # The flow of a test file's site is never shown, and there are many of them.
                flow=() if test else tuple(flow),
                test=test,
            )
        )
    return package


def _explain(candidates: list[_Explanation]) -> tuple[str, list[FlowStep]]:
    """Function and flow; two sites of one expression take their explanations in turn.

    One site with several explanations (a variable that escapes in two ways) takes the first,
    which is the one that made the compiler decide.
    """
    if not candidates:
        return "", []
    chosen = next((c for c in candidates if not c.used), candidates[0])
    chosen.used = True
    return chosen.function, chosen.flow


def _other(package: PackageDiagnostics, position: Position, text: str) -> None:
    """A line that is no escape: inlining, or nothing that concerns the heap."""
    test = _is_test(position)
    if text.startswith("inlining call to "):
        callee = text.removeprefix("inlining call to ")
        package.calls.append(InliningCall(package.path, callee, position, test))
    elif (match := _CANNOT.fullmatch(text)) is not None:
        cost = _COST.search(match["reason"])
        package.decisions.append(
            InliningDecision(
                package.path,
                match["name"],
                position,
                can=False,
                cost=int(cost[1]) if cost else None,
                reason=match["reason"],
                test=test,
            )
        )
    elif (match := _CAN.fullmatch(text)) is not None:
        cost_text = match["cost"]
        package.decisions.append(
            InliningDecision(
                package.path,
                match["name"],
                position,
                can=True,
                cost=int(cost_text) if cost_text else None,
                reason="",
                test=test,
            )
        )
    elif _HEAP_WORD.search(text) and not _KNOWN.fullmatch(text):
        package.unparsed.append(Diagnostic(package.path, position, text))


class _Functions:
    """The functions of a package, from the inlining decisions, which name every one."""

    def __init__(self, decisions: list[InliningDecision]) -> None:
        self._methods = {d.function.rsplit(".", 1)[1] for d in decisions if "." in d.function}
        by_file: dict[str, list[tuple[int, int, str]]] = defaultdict(list)
        for decision in decisions:
            if re.search(r"\.(func\d|gowrap|deferwrap)", decision.function) is None:
                where = decision.position
                by_file[where.file].append((where.line, where.column, decision.function))
        self._by_file = {file: sorted(entries) for file, entries in by_file.items()}

    def enclosing(self, position: Position) -> str:
        """The last declared function before a position, empty if there is none in the file.

        Only for releases (before Go 1.25) and messages (``append escapes to heap``) that do not
        name the function.
        """
        entries = self._by_file.get(position.file, [])
        index = bisect_right(entries, (position.line, position.column, "\uffff"))
        return entries[index - 1][2] if index else ""

    def has_method(self, name: str) -> bool:
        return name in self._methods


def _kind(expression: str, message: str, functions: _Functions) -> SiteKind:
    if message.startswith(_MOVED):
        return SiteKind.MOVED
    for prefix, kind in _PREFIXES:
        if expression.startswith(prefix):
            return kind
    if expression == "func literal":
        return SiteKind.CLOSURE
    if expression.endswith("}"):
        return SiteKind.LITERAL
    if _CONVERSION.fullmatch(expression):
        return SiteKind.CONVERSION
    if " + " in _QUOTED.sub("", expression):
        return SiteKind.CONCAT
    selector = re.fullmatch(r".+\.([A-Za-z_]\w*)", expression, re.DOTALL)
    if selector is not None and functions.has_method(selector[1]):
        return SiteKind.METHOD_VALUE
    return SiteKind.BOXED


_PREFIXES = (
    ("make(", SiteKind.MAKE),
    ("new(", SiteKind.NEW),
    ("append", SiteKind.APPEND),
    ("... argument", SiteKind.ARGUMENT),
)


def _flow_step(text: str, relative: Callable[[str], str]) -> FlowStep:
    match = _FROM.fullmatch(text)
    if match is None:
        return FlowStep(text, None)
    return FlowStep(match["text"], _position(match, relative))


def _position(match: re.Match[str], relative: Callable[[str], str]) -> Position:
    return Position(relative(match["file"]), int(match["line"]), int(match["column"] or 0))


def _is_test(position: Position) -> bool:
    return position.file.endswith("_test.go")


def _is_generated(position: Position) -> bool:
    return position.file == "<autogenerated>"


def generic_name(function: str) -> str:
    """A function without its type arguments, as tracebacks print it: ``Top[...]``.

    The shapes (``go.shape.struct { At int64; … }``) depend on who instantiates it.
    """
    depth, start = 0, -1
    for index, char in enumerate(function):
        if char == "[":
            if depth == 0:
                start = index
            depth += 1
        elif char == "]":
            depth -= 1
            if depth == 0:
                return f"{function[:start]}[...]{generic_name(function[index + 1 :])}"
    return function
