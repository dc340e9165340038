"""The output of ``go build -gcflags=-m=2`` (or ``-m``) as data. Pure.

The form of the messages is that of cmd/compile/internal/escape and …/inline. With ``-m=2`` an
escape is printed twice: first its explanation (``x escapes to heap in F:`` and indented flow
lines), later the plain ``-m`` line (``moved to heap: x``). The plain line is the site; function and
flow come from the explanation at the same position. ``-m`` has the plain lines only.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from harness.diagnostics.copies import in_own_words, mark_copies
from harness.diagnostics.functions import Functions, Sources
from harness.diagnostics.messages import (
    ESCAPES,
    LINE,
    MOVED,
    Block,
    Relative,
    blocks,
    generic_name,
    is_heap_line,
    kind_of,
    parameter_form,
    position,
    staying_expression,
)
from harness.diagnostics.normal import unshaped
from harness.model import (
    Diagnostic,
    EscapeSite,
    FlowStep,
    InliningCall,
    InliningDecision,
    Position,
    SiteKind,
)

_EXPLAIN = re.compile(r"(?P<expr>.+) escapes to heap(?: in (?P<function>.+))?:", re.DOTALL)
_CAN = re.compile(r"can inline (?P<name>.+?)(?: with cost (?P<cost>\d{1,9}) as: .*)?", re.DOTALL)
_CANNOT = re.compile(r"cannot inline (?P<name>.+?): (?P<reason>.*)", re.DOTALL)
_COST = re.compile(r"cost (\d{1,9}) exceeds budget")
_AT = " at "
# The end of a step of a flow.
_PLACE = re.compile(r"(?P<file>\S[^\n]*?):(?P<line>\d{1,9})(?::(?P<column>\d{1,9}))?", re.DOTALL)
_CONVERTED = re.compile(r"from (?P<expr>.+) \(interface-converted\)", re.DOTALL)
_Place = tuple[Position, str]
# Position, message and function of a site that may be printed several times.
_Key = tuple[Position, str, str]


@dataclass(slots=True)
class PackageDiagnostics:
    """The messages about one package or test variant, but for what ``does not escape`` and leaks.

    Some expressions that do not escape allocate all the same, beyond a buffer on the stack; the
    compiled code has these.

    Attributes:
        path: import path without the ``[p.test]`` of a variant.
        variant: the test binary a variant is compiled for, ``p.test``, or ``None``.
        unparsed: heap-related lines of an unknown form.
    """

    path: str
    variant: str | None
    sites: list[EscapeSite] = field(default_factory=list)
    decisions: list[InliningDecision] = field(default_factory=list)
    calls: list[InliningCall] = field(default_factory=list)
    unparsed: list[Diagnostic] = field(default_factory=list)


def parse_block(block: Block, relative: Relative, sources: Sources) -> PackageDiagnostics:
    """Parse the output about one package or test variant.

    Lines that do not concern the heap are ignored. ``sources`` is called only where a site's
    function is in question.
    """
    return _Block(block, relative, sources).parse()


def merge(path: str, packages: Iterable[PackageDiagnostics]) -> PackageDiagnostics:
    """Join the plain form of the package ``path`` and its test variants, which repeat its lines.

    A line that one compile prints twice is two sites; a line that two compiles print once each, or
    that is printed once for each instantiation of a generic function, is one. So every distinct
    site is taken as often as the compile and instantiation that has it most often.
    """
    variants = list(packages)
    merged = PackageDiagnostics(path, None)
    merged.sites = _merge_sites(path, sorted(variants, key=lambda v: v.variant is not None))
    merged.decisions = sorted(
        dict.fromkeys(d for v in variants for d in v.decisions),
        key=lambda d: (d.position, d.function, d.reason),
    )
    merged.calls = sorted(
        dict.fromkeys(c for v in variants for c in v.calls), key=lambda c: (c.position, c.callee)
    )
    merged.unparsed = list(dict.fromkeys(u for v in variants for u in v.unparsed))
    return merged


def _merge_sites(path: str, variants: Iterable[PackageDiagnostics]) -> list[EscapeSite]:
    most: dict[_Key, list[EscapeSite]] = {}
    for variant in variants:
        own: dict[tuple[_Key, str], list[EscapeSite]] = defaultdict(list)
        for printed in variant.sites:
            # An external test inlines or instantiates code of the package it tests.
            foreign = variant.path != path and not printed.test
            site = in_own_words(printed, path) if foreign else printed
            function, message = generic_name(site.function), unshaped(site.message)
            # A wrapper that only a test variant has is there because of a test.
            test = site.test or (variant.variant is not None and site.position.generated)
            flow = () if test else site.flow
            own[(site.position, message, function), site.function].append(
                replace(site, package=path, function=function, test=test, flow=flow)
            )
        for (key, _), copies in own.items():
            if len(copies) > len(most.get(key, ())):
                most[key] = copies
    merged = [site for copies in most.values() for site in copies]
    return sorted(merged, key=_order)


def settle(packages: Sequence[PackageDiagnostics], owners: Mapping[str, str]) -> None:
    """Give each site to the package that its file belongs to; ``packages`` are changed in place.

    A copy is dropped where the owner has a site of the kind at the place, else moved there: code
    that is instantiated nowhere in its own package is known from others only. ``owners`` are import
    paths by directory.
    """
    by_path = {package.path: package for package in packages}
    for package in packages:
        printed, package.sites = package.sites, []
        for site in printed:
            directory = site.position.file.rpartition("/")[0] or "."
            owner = None if site.position.generated else owners.get(directory)
            if owner is None or owner == package.path:
                package.sites.append(site)
                continue
            theirs = by_path[owner].sites
            if all((s.position, s.kind) != (site.position, site.kind) for s in theirs):
                theirs.append(in_own_words(site, owner))
                theirs.sort(key=_order)


def _order(site: EscapeSite) -> tuple[Position, str, str]:
    return site.position, site.message, site.function


def plain_lines(output: str, relative: Relative) -> list[Diagnostic]:
    """Return every line as it is, for views on demand (``-m``, ``-m -l``).

    A listing (``-S``) has lines without a position.
    """
    found = []
    for block in blocks(output):
        path = block.path
        for message in filter(None, block.messages):
            match = LINE.fullmatch(message)
            where = position(match, path, relative) if match is not None else None
            found.append(Diagnostic(path, where, match["text"] if match is not None else message))
    return found


@dataclass(slots=True)
class _Explanation:
    function: str
    flow: list[FlowStep]
    used: bool = False


class _Block:
    def __init__(self, block: Block, relative: Relative, sources: Sources) -> None:
        self._messages = block.messages
        self._package = PackageDiagnostics(block.path, block.variant)
        self._relative = relative
        self._sources = sources
        self._explanations: dict[_Place, list[_Explanation]] = defaultdict(list)
        self._explained: dict[Position, list[_Explanation]] = defaultdict(list)
        self._flow: list[FlowStep] | None = None
        # Position, expression and message.
        self._heap: list[tuple[Position, str, str]] = []
        # Values that become interfaces at a position, or are part of one that does.
        self._converted: set[_Place] = set()

    def parse(self) -> PackageDiagnostics:
        for message in self._messages:
            match = LINE.fullmatch(message)
            if match is None:
                self._unknown(None, message)
            elif match["text"].startswith("  "):
                self._step(match["text"].strip())
            else:
                self._message(position(match, self._package.path, self._relative), match["text"])
        self._finish()
        return self._package

    def _step(self, text: str) -> None:
        """Read a line of an explanation; those of parameters are dropped."""
        words, _, place = text.rpartition(_AT)
        at = _PLACE.fullmatch(place) if words.startswith("from ") else None
        step = FlowStep(text, None)
        if at is not None:
            where = position(at, self._package.path, self._relative)
            step = FlowStep(words, where)
            if (converted := _CONVERTED.fullmatch(words)) is not None:
                self._converted.add((where, converted["expr"]))
        if self._flow is not None:
            self._flow.append(step)

    def _message(self, where: Position, text: str) -> None:
        self._flow = None
        if text.startswith(MOVED):
            self._heap.append((where, text[len(MOVED) :], text))
        elif text.endswith(ESCAPES):
            self._heap.append((where, text[: -len(ESCAPES)], text))
        elif (explained := _EXPLAIN.fullmatch(text)) is not None:
            explanation = _Explanation(explained["function"] or "", [])
            self._flow = explanation.flow
            self._explanations[where, explained["expr"]].append(explanation)
            self._explained[where].append(explanation)
        elif (
            parameter_form(text) is None
            and staying_expression(text) is None
            and not self._inlining(where, text)
        ):
            self._unknown(where, text)

    def _unknown(self, where: Position | None, text: str) -> None:
        """Keep a line of another kind if it is about the heap."""
        if is_heap_line(text):
            self._package.unparsed.append(Diagnostic(self._package.path, where, text))

    def _inlining(self, where: Position, text: str) -> bool:
        package, test = self._package, where.file.endswith("_test.go")
        if text.startswith("inlining call to "):
            callee = text.removeprefix("inlining call to ")
            package.calls.append(InliningCall(package.path, callee, where, test))
            return True
        cannot, can = _CANNOT.fullmatch(text), _CAN.fullmatch(text)
        if cannot is not None and " into " not in cannot["name"]:  # not only into one caller
            name, reason = cannot["name"], cannot["reason"]
            exceeded = _COST.search(reason)
            cost = exceeded[1] if exceeded else None
        elif cannot is None and can is not None:
            name, reason, cost = can["name"], "", can["cost"]
        else:
            return False
        number = int(cost) if cost else None
        package.decisions.append(
            InliningDecision(package.path, name, where, cannot is None, number, reason, test)
        )
        return True

    def _finish(self) -> None:
        """Join sites and explanations."""
        package = self._package
        # The wrapper made for `go f(x)`, or for `defer f(x)` in a loop, has only an explanation.
        plain = {where for where, _, _ in self._heap}
        self._heap.extend(
            (where, expression, expression + ESCAPES)
            for where, expression in self._explanations
            if where not in plain
        )
        functions = Functions(package.path, package.decisions, self._sources)
        methods = _methods(package)
        unnamed: set[int] = set()
        for where, expression, message in self._heap:
            # `append(x, y)` is explained, `append` is printed.
            listed = self._explanations.get((where, expression)) or self._explained.get(where, [])
            function, flow = _explain(listed)
            if message.startswith(MOVED):
                kind = SiteKind.MOVED
            else:
                # A value that is allocated and then becomes an interface (a method value, the sum
                # of a boxed sum, a literal) has that step in its own flow. The box itself has it in
                # the flows of its content.
                is_box = (where, expression) in self._converted and not any(
                    _CONVERTED.fullmatch(step.text) for step in flow
                )
                kind = SiteKind.BOXED if is_box else kind_of(expression, methods)
            if not function:
                unnamed.add(len(package.sites))
            test = where.file.endswith("_test.go")
            package.sites.append(
                EscapeSite(
                    package=package.path,
                    function=function or functions.enclosing(where, expression),
                    position=where,
                    expression=expression,
                    kind=kind,
                    message=message,
                    flow=() if test else tuple(flow),  # never shown of a test file, and long
                    test=test,
                )
            )
        inlined = {generic_name(call.callee) for call in package.calls}
        package.sites = mark_copies(package.sites, unnamed, inlined, functions)


def _methods(package: PackageDiagnostics) -> frozenset[str]:
    """Return names of methods of the package, and of methods whose calls are inlined in it."""
    own = (generic_name(d.function).replace("[...]", "") for d in package.decisions)
    called = (generic_name(c.callee).replace("[...]", "") for c in package.calls)
    # `p.F` cannot be told from `T.M`; those of the package are among its own.
    foreign = (name for name in called if name.rpartition("/")[2].count(".") > 1)
    return frozenset(name.rpartition(".")[2] for name in (*own, *foreign) if "." in name)


def _explain(candidates: list[_Explanation]) -> tuple[str, list[FlowStep]]:
    """Return function and flow; two sites of one expression take their explanations in turn.

    One site with several explanations (a variable that escapes in two ways) takes the first,
    which is the one that made the compiler decide.
    """
    if not candidates:
        return "", []
    chosen = next((c for c in candidates if not c.used), candidates[0])
    chosen.used = True
    return chosen.function, chosen.flow
