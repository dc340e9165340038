"""Reading the pages of a rendered site."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import unquote, urlsplit

from harness.analysis.history.history import History
from tests.sites import render

VOID = frozenset({"meta", "link", "input", "br", "hr", "img", "col", "wbr"})


def site(*histories: History, **options: Any) -> dict[str, bytes]:
    """The files of the site of some histories."""
    return dict(render(histories, project="timeline", **options))


class Page(HTMLParser):
    """A parsed page: elements, links, text; fails on elements that do not nest."""

    def __init__(self, source: bytes) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self._open: list[str] = []
        self.feed(source.decode("utf-8"))
        assert not self._open, f"not closed: {self._open}"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self._open and self._open[-1] == tag, (tag, self._open)
        self._open.pop()

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join("".join(self.words).split())

    def attributes(self, name: str) -> list[str]:
        return [a[name] or "" for _, a in self.tags if name in a]


def check_links(files: dict[str, bytes]) -> int:
    """Every relative link leads to a file of the site, and every fragment to an element."""
    pages = {n: Page(data) for n, data in files.items() if n.endswith(".html")}
    seen = 0
    for name, page in pages.items():
        for link in [*page.attributes("href"), *page.attributes("src")]:
            parts = urlsplit(link)
            if parts.scheme:
                assert parts.scheme == "https", link
                continue
            target = resolve(name, unquote(parts.path)) if parts.path else name
            assert target in files, (name, link)
            # With a value it is the state of a page with a script, see static/data.js.
            if parts.fragment and "=" not in parts.fragment:
                assert parts.fragment in pages[target].attributes("id"), (name, link)
            seen += 1
    return seen


def resolve(page: str, link: str) -> str:
    parts: list[str] = []
    for part in (PurePosixPath(page).parent / link).parts:
        if part == "..":
            parts.pop()
        else:
            parts.append(part)
    return "/".join(parts)


def provided(data: bytes) -> Any:
    """What a shard hands over, read as a JavaScript parser reads its one statement."""
    found = re.fullmatch(
        r"""esv\.provide\("[a-z]+",JSON\.parse\('([^'\n]*)'\)\);\n""", data.decode()
    )
    assert found is not None, data[:200]
    literal = found[1].replace("\\\\", "\x00")
    # A quoted string of ASCII; its only escapes are \\ and \uXXXX, which stand for themselves.
    assert not re.search(r"\\(?!u00)", literal)
    literal = re.sub(r"\\u([0-9a-f]{4})", lambda m: chr(int(m[1], 16)), literal)
    return json.loads(literal.replace("\x00", "\\"))
