"""What was read of the compiler's messages is remembered, and equal to what is read anew."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from harness.diagnostics import known
from harness.diagnostics.functions import Sources
from harness.diagnostics.known import CompilerMessages
from harness.diagnostics.messages import Block, Relative, blocks
from harness.diagnostics.parse import PackageDiagnostics, parse_block
from tests.corpus.regenerate import RELEASES
from tests.corpus.stored import NEWEST, directory, golden, relative, sources


class MemoryCache(dict[str, bytes]):
    """A cache in memory."""

    def put(self, key: str, data: bytes) -> None:
        self[key] = data


def read(
    cache: MemoryCache | None,
    release: str = NEWEST,
    relative: Relative = relative,
    sources: Sources = sources,
) -> tuple[PackageDiagnostics, ...]:
    groups: dict[str, list[Block]] = {}
    for block in blocks(golden(release)):
        path = (block.variant or block.path).removesuffix(".test")
        groups.setdefault(path, []).append(block)
    owners = {path: directory(path) for path in groups}
    return CompilerMessages(groups, relative, owners, sources, cache).diagnostics()


@pytest.fixture
def parsed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Packages that are parsed from now on."""
    found: list[str] = []

    def spy(block: Block, relative: Relative, sources: Sources) -> PackageDiagnostics:
        found.append(block.path)
        return parse_block(block, relative, sources)

    monkeypatch.setattr(known, "parse_block", spy)
    return found


@pytest.mark.parametrize("release", RELEASES)
def test_what_is_remembered_is_what_was_read(release: str, parsed: list[str]) -> None:
    cache = MemoryCache()
    anew = read(None, release)
    assert any(d.sites and d.calls for d in anew)
    assert read(cache, release) == anew
    assert len(cache) == len(anew)
    parsed.clear()
    assert read(cache, release) == anew
    assert parsed == []


def test_a_changed_package_is_read_and_no_other(parsed: list[str]) -> None:
    cache = MemoryCache()
    anew = read(cache)
    one = next(d.path for d in anew if d.sites)

    def changed(package: str) -> list[tuple[str, bytes]]:
        added = b"\n// The end.\n" if package == one else b""
        return [(name, text + added) for name, text in sources(package)]

    parsed.clear()
    assert read(cache, sources=changed) == anew
    assert set(parsed) == {one}


def test_a_module_that_lies_elsewhere_is_read_anew() -> None:
    cache = MemoryCache()
    read(cache)

    def moved(path: str, package: str) -> str:
        found = relative(path, package)
        return found if found.startswith("<") else f"sub/{found}"

    assert read(cache, relative=moved) == read(None, relative=moved)


@pytest.mark.parametrize("damage", [b"", b"junk", None])
def test_what_is_damaged_is_read_anew(damage: bytes | None) -> None:
    cache = MemoryCache()
    anew = read(cache)
    whole: Mapping[str, bytes] = dict(cache)
    for key, data in whole.items():
        cache[key] = data[: len(data) // 2] if damage is None else damage
    assert read(cache) == anew
    assert cache == whole
