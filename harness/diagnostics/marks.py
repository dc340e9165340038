"""``//esv:noescape`` comments, and the functions that a Go file declares. Pure.

The mark in the comment of a function says that nothing is allocated on the heap there. Its form is
that of Go's own directives (``//go:noinline``): no blank after the slashes.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from tree_sitter import Node

from harness.diagnostics.functions import comments_of, declared_name, parse_source
from harness.policy.model import NoEscape

MARK = "//esv:noescape"
_FUNCTIONS = ("function_declaration", "method_declaration")


@dataclass(frozen=True, slots=True)
class Declaration:
    """A function that a file declares.

    ``name`` is as of :func:`declared_name`, ``init`` without its number; without a ``body`` it is
    written in assembly, or another function is linked for it.
    """

    name: str
    body: bool


def declared_functions(source: bytes) -> list[Declaration]:
    """Return the functions and methods that a Go file declares, in its order."""
    return [
        Declaration(declared_name(node), node.child_by_field_name("body") is not None)
        for node in parse_source(source).named_children
        if node.type in _FUNCTIONS
    ]


def no_escape_marks(file: str, source: bytes) -> list[NoEscape]:
    """Return the marked functions of a file, whose path is relative to the repository's root."""
    return [
        NoEscape(file, declared_name(function), line)
        for line, function in _marks(source)
        if function is not None
    ]


def stray_marks(source: bytes) -> list[int]:
    """Return the lines of marks that are above no function, and so mark nothing."""
    return [line for line, function in _marks(source) if function is None]


def _marks(source: bytes) -> Iterator[tuple[int, Node | None]]:
    """Yield the line of every mark, and the function whose comment it is in."""
    if MARK.encode() not in source:
        return
    root = parse_source(source)
    functions: dict[int, Node] = {}
    for node in root.named_children:
        below = node
        while node.type in _FUNCTIONS and (comment := _above(below)) is not None:
            functions[comment.start_byte] = node
            below = comment
    for comment in comments_of(source):
        words = (comment.text or b"").decode("utf-8", "replace").split()
        if words[0] == MARK:
            yield comment.start_point.row + 1, functions.get(comment.start_byte)


def _above(node: Node) -> Node | None:
    """Return the comment that ends right above, if there is one."""
    comment = node.prev_named_sibling
    if comment is None or comment.type != "comment":
        return None
    return comment if node.start_point.row - comment.end_point.row <= 1 else None
