"""Comments in Go source by which its authors say what must hold. Pure.

``//esv:noescape`` in the comment of a function declares that nothing is put on the heap there. The
form is that of Go's own directives (``//go:noinline``): no blank after the slashes.
"""

from __future__ import annotations

import tree_sitter_go
from tree_sitter import Language, Node, Parser

from harness.model.policy import NoEscape

MARK = "//esv:noescape"
_FUNCTIONS = ("function_declaration", "method_declaration")


def no_escape_marks(file: str, source: bytes) -> list[NoEscape]:
    """The functions of a file that are marked, by the compiler's names.

    Args:
        file: path relative to the repository's root.
        source: its text.
    """
    if MARK.encode() not in source:
        return []
    tree = Parser(Language(tree_sitter_go.language())).parse(source)
    found = []
    for node in tree.root_node.named_children:
        if node.type not in _FUNCTIONS:
            continue
        comment = node.prev_named_sibling
        below = node
        while comment is not None and comment.type == "comment" and _adjoin(comment, below):
            if _text(comment).split(" ", 1)[0].rstrip() == MARK:
                found.append(NoEscape(file, _name(node), comment.start_point.row + 1))
            below = comment
            comment = below.prev_named_sibling
    return found


def _adjoin(comment: Node, below: Node) -> bool:
    return below.start_point.row - comment.end_point.row <= 1


def _name(function: Node) -> str:
    """``F``, ``T.M`` or ``(*T).M``; type parameters of a receiver are ``[...]``."""
    name = function.child_by_field_name("name")
    assert name is not None
    receiver = function.child_by_field_name("receiver")
    if receiver is None:
        generic = function.child_by_field_name("type_parameters") is not None
        return _text(name) + ("[...]" if generic else "")
    kind = receiver.named_children[0].child_by_field_name("type")
    pointer = kind is not None and kind.type == "pointer_type"
    if kind is not None and pointer:
        kind = kind.named_children[0]
    generic = kind is not None and kind.type == "generic_type"
    if kind is not None and generic:
        kind = kind.child_by_field_name("type")
    plain = (_text(kind) if kind is not None else "") + ("[...]" if generic else "")
    return f"(*{plain}).{_text(name)}" if pointer else f"{plain}.{_text(name)}"


def _text(node: Node) -> str:
    return (node.text or b"").decode("utf-8", "replace")
