"""The match of escape sites: which site of one revision is which of another.

Positions move with every edit, so a site is followed in six passes, each over what the one before
left. Measured on 131 pairs of neighbouring commits of three repositories, comparing positions and
messages gives thousands of false differences, the first three passes below 6, 14 and 6.

1. The line map of the diff: the same message on the line that the old one became.
2. The same message in the same function of the same package.
3. The same message in the same package, where a function was renamed, moved or is named by the
   compiler (closures and initialisers are numbered, so an insertion renames them).
4. The same kind in the same function inside one hunk: a renamed variable or an edited literal is
   still one allocation in one place. A literal whose address is taken (``&T{...}``) is an object,
   one that is not (``T{...}``) becomes an interface: these are two kinds.
5. The same kind in the same function with the same words in it: a message that is put together of
   texts is the same one where it moves and another value goes into it.
6. The same kind at the same column of a line that did not change: the compiler prints a named
   constant as its value, which an edit elsewhere changes.

Of equal trees, which differ in the flags or the release that compiled them, the same kind at the
same line and column is the same site after the first pass: an inlined call is printed as a
temporary (``len(~r0)`` for ``len(name(p))``), a constant as its value.
"""

import re
from collections import defaultdict
from collections.abc import Callable, Collection, Hashable, Iterable, Sequence
from dataclasses import dataclass

from harness.diagnostics.normal import normal_function, normal_message
from harness.model import EscapeSite, FileChange, SiteKind, TreeDiff

__all__ = ["HunkIndex", "LineMap", "SiteMatch", "match_sites", "normal_function", "normal_message"]

_TEXT = re.compile(r'"((?:[^"\\]|\\.)*)"')
_MANY_LETTERS = 16
_NUMBERED = re.compile(r"\.func\d+|\.gowrap\d+|\.deferwrap\d+|^init(\.\d+)?$|^map\.init|^glob\.")


class LineMap:
    """The lines of the old tree in the new one, by the hunks of a diff."""

    def __init__(self, diff: TreeDiff) -> None:
        self._changes = {c.old: c for c in diff.files if c.old is not None}

    def new_line(self, file: str, line: int) -> tuple[str, int] | None:
        """Return file and line in the new tree; ``None`` if the line was changed or deleted."""
        change = self._changes.get(file)
        if change is None:
            return file, line
        if change.new is None:
            return None
        shift = 0
        for hunk in change.hunks:
            first = hunk.old_start if hunk.old_count else hunk.old_start + 1
            if line < first:
                break
            if line < first + hunk.old_count:
                return None
            shift += hunk.new_count - hunk.old_count
        return change.new, line + shift


@dataclass(frozen=True, slots=True)
class SiteMatch:
    """The sites of head only, of base only, and of both, as ``(base, head)``."""

    new: tuple[EscapeSite, ...]
    gone: tuple[EscapeSite, ...]
    kept: tuple[tuple[EscapeSite, EscapeSite], ...]


def match_sites(
    base: Sequence[EscapeSite],
    head: Sequence[EscapeSite],
    diffs: Sequence[TreeDiff] | None,
    functions: tuple[frozenset[str], frozenset[str]] = (frozenset(), frozenset()),
    *,
    stay: bool = False,
) -> SiteMatch:
    """Match the sites of two revisions.

    Args:
        base, head: sites of the older and of the newer revision.
        diffs: the steps from base to head in order; empty if the trees are equal, ``None`` if the
            way is not known.
        functions: ``package.function`` names that exist in base and in head; a site may change
            its function only where one of the two has appeared or vanished.
        stay: a site is matched on its own line only.
    """
    matcher = _Matcher(base, head)
    if diffs is not None:
        matcher.pair_untouched({f for d in diffs for c in d.files for f in (c.old, c.new)})
        maps = [LineMap(d) for d in diffs]
        matcher.pair(lambda s: _mapped_key(s, maps), lambda s: _mapped_key(s, ()))
        if not any(d.files for d in diffs):
            matcher.pair(_place_key, _place_key)
    if stay:
        return matcher.result()
    matcher.pair(_function_key, _function_key)
    matcher.pair(
        _package_key, _package_key, lambda old, new: _function_may_differ(old, new, functions)
    )
    if diffs is not None and len(diffs) == 1:
        hunks = HunkIndex(diffs[0].files)
        matcher.pair(lambda s: hunks.key(s, old=True), lambda s: hunks.key(s, old=False))
    matcher.pair(_words_key, _words_key)
    if diffs is not None:
        matcher.pair(lambda s: _spot(s, maps), lambda s: _spot(s, ()))
    return matcher.result()


class _Matcher:
    def __init__(self, base: Sequence[EscapeSite], head: Sequence[EscapeSite]) -> None:
        self._base = list(base)
        self._head = list(head)
        self._kept: list[tuple[EscapeSite, EscapeSite]] = []

    def pair_untouched(self, touched: Collection[str | None]) -> None:
        """Match the sites of files that no diff touched, where both sides have the same ones."""
        sides = []
        for sites in (self._base, self._head):
            files: dict[str, list[EscapeSite]] = defaultdict(list)
            for site in sites:
                if site.position.file not in touched:
                    files[site.position.file].append(site)
            sides.append(files)
        before, after = sides
        same = set()
        for file, new in after.items():
            old = before.get(file, [])
            if len(old) == len(new) and list(map(_order, old)) == list(map(_order, new)):
                same.add(file)
                self._kept.extend(zip(old, new, strict=True))
        self._base = [s for s in self._base if s.position.file not in same]
        self._head = [s for s in self._head if s.position.file not in same]

    def pair(
        self,
        base_key: Callable[[EscapeSite], Hashable | None],
        head_key: Callable[[EscapeSite], Hashable | None],
        allowed: Callable[[EscapeSite, EscapeSite], bool] = lambda _old, _new: True,
    ) -> None:
        """Match sites of equal key one to one, in the order of the source."""
        waiting: dict[Hashable, list[EscapeSite]] = defaultdict(list)
        for site in sorted(self._base, key=_order):
            key = base_key(site)
            if key is not None:
                waiting[key].append(site)
        used: set[int] = set()
        rest: list[EscapeSite] = []
        for site in sorted(self._head, key=_order):
            candidates = waiting.get(head_key(site), [])
            partner = next((c for c in candidates if allowed(c, site)), None)
            if partner is None:
                rest.append(site)
                continue
            candidates.remove(partner)
            used.add(id(partner))
            self._kept.append((partner, site))
        self._head = rest
        self._base = [s for s in self._base if id(s) not in used]

    def result(self) -> SiteMatch:
        return SiteMatch(
            new=tuple(sorted(self._head, key=_order)),
            gone=tuple(sorted(self._base, key=_order)),
            kept=tuple(sorted(self._kept, key=lambda pair: _order(pair[1]))),
        )


class HunkIndex:
    """The hunk of a diff that a line of the old or the new tree is in."""

    def __init__(self, changes: Iterable[FileChange]) -> None:
        self._old: dict[str, FileChange] = {}
        self._new: dict[str, FileChange] = {}
        for change in changes:
            if change.old is not None and change.new is not None:
                self._old[change.old] = change
                self._new[change.new] = change

    def key(self, site: EscapeSite, *, old: bool) -> Hashable | None:
        """Return :meth:`place` and kind."""
        place = self.place(site, old=old)
        return None if place is None else (place, *_kind(site))

    def place(self, site: EscapeSite, *, old: bool) -> Hashable | None:
        """Return hunk and function; ``None`` outside of every hunk."""
        change = (self._old if old else self._new).get(site.position.file)
        if change is None:
            return None
        for number, hunk in enumerate(change.hunks):
            start = hunk.old_start if old else hunk.new_start
            count = hunk.old_count if old else hunk.new_count
            if start <= site.position.line < start + count:
                return (change.new, number, site.function)
        return None


def _order(site: EscapeSite) -> tuple[str, str, int, int, str]:
    where = site.position
    return (site.package, where.file, where.line, where.column, site.message)


def _place_key(site: EscapeSite) -> Hashable | None:
    where = site.position
    return (where, _generated_in(site), site.kind) if where.column else None


def _kind(site: EscapeSite) -> tuple[SiteKind, bool]:
    """Return the kind of a site, and whether it is a literal whose address is taken."""
    return site.kind, site.kind is SiteKind.LITERAL and site.expression.startswith("&")


def _generated_in(site: EscapeSite) -> str:
    """Return the package of code of the compiler or cgo, in files of the same name everywhere."""
    return site.package if site.position.generated else ""


def _mapped_key(site: EscapeSite, maps: Sequence[LineMap]) -> Hashable | None:
    where = _mapped(site, maps)
    return None if where is None else (*where, _generated_in(site), normal_message(site.message))


def _spot(site: EscapeSite, maps: Sequence[LineMap]) -> Hashable | None:
    # Everything that the compiler makes is at one place.
    where = None if site.position.generated else _mapped(site, maps)
    return None if where is None else (*where, site.position.column, site.package, *_kind(site))


def _mapped(site: EscapeSite, maps: Sequence[LineMap]) -> tuple[str, int] | None:
    where: tuple[str, int] | None = (site.position.file, site.position.line)
    for line_map in maps:
        if where is None:
            return None
        where = line_map.new_line(*where)
    return where


def _function_key(site: EscapeSite) -> Hashable:
    return (site.package, normal_function(site.function), normal_message(site.message))


def _package_key(site: EscapeSite) -> Hashable:
    return (site.package, normal_message(site.message))


def _words_key(site: EscapeSite) -> Hashable | None:
    """Return function, kind and the string constants; ``None`` if these are no more than a word."""
    texts = tuple(_TEXT.findall(site.message))
    if sum(len(text) for text in texts) < _MANY_LETTERS:
        return None
    return (site.package, normal_function(site.function), site.kind, texts)


def _function_may_differ(
    old: EscapeSite, new: EscapeSite, functions: tuple[frozenset[str], frozenset[str]]
) -> bool:
    if any(not site.function or _NUMBERED.search(site.function) for site in (old, new)):
        return True
    in_base, in_head = functions
    return (
        f"{old.package}.{old.function}" not in in_head
        or f"{new.package}.{new.function}" not in in_base
    )
