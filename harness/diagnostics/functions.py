"""Which function a place in the source is in, by the names of the compiler. Pure.

From Go 1.25 on ``-m=2`` names the function of every site. Before, and for what is not explained,
the inlining decisions name every function, literals included, and where it begins; where it ends is
in the source, which is parsed with tree-sitter. ``//line`` directives are followed, since the
compiler's positions are what they say.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cache

import tree_sitter_go
from tree_sitter import Language, Node, Parser, Query, QueryCursor

from harness.diagnostics.lines import LineDirectives, Piece, Place
from harness.diagnostics.messages import generic_name
from harness.model import InliningDecision, Position

# The Go files of a package (of its test variants too, so far as they exist): name relative to the
# repository, and content.
Sources = Callable[[str], Iterable[tuple[str, bytes]]]

_INITIALISER = "init"
_LITERAL = "func_literal"
_RANGE = "for_statement"
_QUERY = """
(function_declaration) @function
(method_declaration) @function
(func_literal) @function
(for_statement (range_clause)) @function
(comment) @comment
"""
_RANGE_NAME = re.compile(r"-range\d+$")
_COMPILER_MADE = re.compile(r"\.(?:gowrap|deferwrap)\d+$")


@dataclass(frozen=True, slots=True)
class _Span:
    """A function of the source, or the body of a loop over a function, which becomes one.

    Attributes:
        name: as the compiler names it.
        depth: how many functions it is in.
        literal: whether its first position is that of the literal, which belongs to the function
            around it.
        piece: a part of it in one file of the compiler's positions.
        parent: name of the function around it, empty at package level.
    """

    name: str
    depth: int
    literal: bool
    piece: Piece
    parent: str


class Functions:
    """The functions of a package."""

    def __init__(
        self, package: str, decisions: Iterable[InliningDecision], sources: Sources | None
    ) -> None:
        self._package = package
        self._sources = sources
        self._names: dict[Position, list[str]] = defaultdict(list)
        declared: dict[str, list[tuple[int, int, str]]] = defaultdict(list)
        for decision in decisions:
            if _COMPILER_MADE.search(decision.function):
                continue
            where, name = decision.position, generic_name(decision.function)
            if name not in self._names[where]:
                self._names[where].append(name)
            if re.search(r"\.func\d", name) is None:
                declared[where.file].append((where.line, where.column, name))
        self._declared = {file: sorted(entries) for file, entries in declared.items()}
        self._spans: dict[str, list[_Span]] | None = None

    def enclosing(self, where: Position, expression: str) -> str:
        """The function that a site is in; empty where nothing is known of it."""
        if where.generated:
            return self._at(where)
        if self._sources is None:
            return self._last_declared(where)
        if self._spans is None:
            self._spans = self._read(self._sources(self._package))
        spans = self._spans.get(where.file)
        if spans is None:
            return self._last_declared(where)
        is_literal = expression == "func literal"
        around = [s for s in spans if s.piece.has(where, after_start=s.literal)]
        if not around:
            return _INITIALISER
        inner = max(around, key=lambda s: s.depth)
        if is_literal and not where.column and inner.literal and inner.piece.starts_on(where):
            return inner.parent or _INITIALISER
        return inner.name

    def _at(self, where: Position) -> str:
        names = self._names.get(where, [])
        return names[0] if len(names) == 1 else ""

    def _last_declared(self, where: Position) -> str:
        """Without the source: the last declared function before a position."""
        found = ""
        for line, column, name in self._declared.get(where.file, []):
            if (line, column) > (where.line, where.column or 1 << 30):
                break
            found = name
        return found

    def _read(self, files: Iterable[tuple[str, bytes]]) -> dict[str, list[_Span]]:
        spans: dict[str, list[_Span]] = defaultdict(list)
        for name, content in files:
            for span in self._spans_of(name, content):
                spans[span.piece.file].append(span)
        return spans

    def _spans_of(self, file: str, content: bytes) -> Iterator[_Span]:
        parser, query = _grammar()
        tree = parser.parse(content)
        found = QueryCursor(query).captures(tree.root_node)
        lines = LineDirectives(
            file,
            (
                (_start(c), _end(c), content[c.start_byte : c.end_byte])
                for c in found.get("comment", [])
            ),
        )
        around: list[tuple[Node, str]] = []
        numbers: dict[str, int] = defaultdict(int)
        for node in sorted(found.get("function", []), key=lambda n: (n.start_byte, -n.end_byte)):
            while around and around[-1][0].end_byte <= node.start_byte:
                around.pop()
            parent = around[-1][1] if around else ""
            name = self._name(node, parent, lines, numbers)
            if not name:
                continue
            literal = node.type in (_LITERAL, _RANGE)
            for first, last in _extent(node):
                for piece in lines.pieces(first, last):
                    yield _Span(name, len(around), literal, piece, parent)
            around.append((node, name))

    def _name(self, node: Node, parent: str, lines: LineDirectives, numbers: dict[str, int]) -> str:
        """The compiler's name, else one made by its rules; empty for an ordinary loop."""
        named = node.child_by_field_name("name") or node
        names = self._names.get(lines.position(_start(named)), [])
        if node.type == _RANGE:
            return next((n for n in names if _RANGE_NAME.search(n)), "")
        if node.type != _LITERAL:
            own = _declared_name(node)
            return own if own in names or not names else names[0]
        outer = parent or _INITIALISER
        numbers[outer] += 1
        dot = "." if re.search(r"\.func\d", outer) else ".func"
        own = f"{outer}{dot}{numbers[outer]}"
        fitting = [n for n in names if not _RANGE_NAME.search(n)]
        return own if own in fitting or not fitting else min(fitting, key=len)


@cache
def _grammar() -> tuple[Parser, Query]:
    language = Language(tree_sitter_go.language())
    return Parser(language), Query(language, _QUERY)


def _start(node: Node) -> Place:
    return node.start_point[0] + 1, node.start_point[1] + 1


def _end(node: Node) -> Place:
    return node.end_point[0] + 1, node.end_point[1] + 1


def _extent(node: Node) -> Iterator[tuple[Place, Place]]:
    """First and last position of a function; a loop without what it ranges over."""
    if node.type == _RANGE:
        clause = next(c for c in node.named_children if c.type == "range_clause")
        over = clause.child_by_field_name("right")
        body = node.child_by_field_name("body")
        if over is not None and body is not None:
            yield _start(node), _start(over)
            yield _start(body), _end(body)
            return
    yield _start(node), _end(node)


def _declared_name(node: Node) -> str:
    """``F``, ``T.M``, ``(*T).M``; ``[...]`` for type parameters."""
    name = _text(node.child_by_field_name("name"))
    receivers = node.child_by_field_name("receiver")
    if receivers is None:
        return name + ("[...]" if node.child_by_field_name("type_parameters") else "")
    declaration = next(
        (c for c in receivers.named_children if c.type == "parameter_declaration"), None
    )
    kind = _text(declaration.child_by_field_name("type")) if declaration is not None else ""
    base = kind.strip("()* \t")
    if "[" in base:
        base = base[: base.index("[")] + "[...]"
    return f"(*{base}).{name}" if "*" in kind.split("[", 1)[0] else f"{base}.{name}"


def _text(node: Node | None) -> str:
    return node.text.decode("utf-8", "replace") if node is not None and node.text else ""
