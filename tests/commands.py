"""The command lines that the documents show, and those that tests run."""

from __future__ import annotations

import ast
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

from harness.cli.main import VERBS
from tests.ci.support import scripts
from tests.conftest import ROOT

DOCUMENTS = (
    *(ROOT / name for name in ("README.md", "ARCHITECTURE.md", "CONTRIBUTING.md")),
    *sorted((ROOT / "docs").rglob("*.md")),
)
_FENCED = re.compile(r"^```(?P<kind>[^\n]*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
_INLINE = re.compile(r"`(esv [^`]+)`")
_ESV = re.compile(r"(?:^|[\s/])esv\"? ")


def documented() -> dict[tuple[str, ...], str]:
    """Every ``esv`` command, as the words after ``esv``, with the document that shows it first.

    A verb alone in running text is its name, and no command.
    """
    found: dict[tuple[str, ...], str] = {}
    for document in DOCUMENTS:
        for words in _of_document(document.read_text("utf-8")):
            found.setdefault(words, str(document.relative_to(ROOT)))
    for name, script in scripts().items():
        for words in _of_shell(script):
            if words[0] in VERBS:  # action.yml puts its arguments together in a variable
                found.setdefault(words, name)
    return found


def blocks(text: str) -> list[str]:
    """The fenced blocks of a document that are shell: those without a language."""
    return [match["text"] for match in _FENCED.finditer(text) if not match["kind"]]


def _of_document(text: str) -> Iterator[tuple[str, ...]]:
    for block in blocks(text):
        yield from _of_shell(block)
    for match in _INLINE.finditer(_FENCED.sub("", text)):
        words = tuple(shlex.split(match[1].replace("\\|", "|")))[1:]
        if len(words) > 1 or words[0] not in VERBS:
            yield words


def _of_shell(script: str) -> Iterator[tuple[str, ...]]:
    for line in re.sub(r"\\\n\s*", " ", script).splitlines():
        if not _ESV.search(line):
            continue
        lexer = shlex.shlex(line, posix=True, punctuation_chars=True)
        lexer.whitespace_split = True
        words: list[str] = []
        for word in (*lexer, ";"):
            if set(word) <= set("();<>|&"):
                if words and Path(words[0]).name == "esv":
                    yield tuple(words[1:])
                words = []
            else:
                words.append(word)


def in_tests() -> Iterator[tuple[str, ...]]:
    """Every command line in the source of the tests: the words known there, from the verb on.

    Those are the strings of a call, a list or a tuple that holds a verb, with those of a tuple that
    is unpacked there; and those of a call of a function that gives its arguments to such a call.
    """
    for file in sorted((ROOT / "tests").rglob("*.py")):
        if file.name == "test_main.py":  # only parses them
            continue
        text = file.read_text("utf-8")
        if '"--' not in text:
            continue
        tree = ast.parse(text)
        functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
        passed: dict[str, str] = {}
        for function in functions:
            if function.args.vararg:
                for words in _lines(function):
                    passed.setdefault(function.name, words[0])
        for function in functions:
            yield from _lines(function, passed)
        yield from _lines(tree, passed)


def _lines(tree: ast.AST, passed: dict[str, str] | None = None) -> Iterator[tuple[str, ...]]:
    named = {
        target.id: _strings(node.value.elts)
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Tuple | ast.List)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            words = _strings(node.args, named)
            if passed and isinstance(node.func, ast.Name) and node.func.id in passed:
                words.insert(0, passed[node.func.id])
        elif isinstance(node, ast.Tuple | ast.List):
            words = _strings(node.elts, named)
        else:
            continue
        start = next((place for place, word in enumerate(words) if word in VERBS), None)
        if start is not None:
            yield tuple(words[start:])


def _strings(nodes: list[ast.expr], named: dict[str, list[str]] | None = None) -> list[str]:
    words: list[str] = []
    for node in nodes:
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            words.append(node.value)
        elif isinstance(node, ast.Starred) and isinstance(node.value, ast.Name):
            words += (named or {}).get(node.value.id, [])
    return words
