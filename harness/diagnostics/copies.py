"""Sites that are printed several times because a function is compiled several times. Pure.

A literal is compiled again wherever the function around it is inlined, and a generic function for
each shape; every time its sites are printed, at their own place. Each is one site of the source.

Within a package :func:`mark_copies` gives them names by which they are counted once. Go 1.27 names
a copy of a literal like the literal, with a hash (``F.func1#7gW254ZGGfY=#``), Go 1.25 and 1.26
after the caller (``G.F.func1``), and older releases name neither copies nor shapes.

A package that inlines or instantiates functions of another one prints the other's sites, with the
other's names in its messages: :func:`settle` gives them to the package that the file belongs to.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Protocol

from harness.diagnostics.functions import Functions
from harness.diagnostics.messages import generic_name
from harness.diagnostics.normal import unshaped
from harness.model import EscapeSite, ParameterFlow, Position, SiteKind


def mark_copies(
    sites: Sequence[EscapeSite],
    unnamed: Collection[int],
    inlined: Collection[str],
    functions: Functions,
) -> list[EscapeSite]:
    """Return the sites of one compile of a package, in the order of the output, copies marked.

    ``unnamed`` are the indices of those whose function the compiler does not name, ``inlined`` the
    functions with inlined calls.
    """
    marked = list(sites)
    places: dict[tuple[Position, str], list[int]] = defaultdict(list)
    for index, site in enumerate(sites):
        # Places without a column are several.
        if site.position.column:
            places[site.position, unshaped(site.message)].append(index)
    for indices in places.values():
        first = indices[0]
        # A package that inlines from another one may have a single copy.
        if len(indices) > 1 or (first not in unnamed and ".func" in sites[first].function):
            _mark(marked, indices, unnamed, inlined, functions)
    return marked


def _mark(
    sites: list[EscapeSite],
    indices: list[int],
    unnamed: Collection[int],
    inlined: Collection[str],
    functions: Functions,
) -> None:
    first = sites[indices[0]]
    literal = functions.literal(first.position, first.expression)
    named: dict[str, int] = {}
    seen: Counter[SiteKind] = Counter()
    for index in indices:
        site = sites[index]
        function = generic_name(site.function)
        if index in unnamed:
            # The box of a value and the value are two sites; more of a kind are copies.
            copy = seen[site.kind]
            seen[site.kind] += 1
            may_be = "[...]" in function or (literal is not None and literal.declared in inlined)
        else:
            copy = named.setdefault(site.function, len(named) + 1)
            may_be = literal is not None and function != literal.name
            function = literal.name if literal is not None else function
        if copy and may_be:
            sites[index] = replace(site, function=f"{function}#{copy}#")


class _Package(Protocol):
    """The fields of :class:`harness.diagnostics.parse.PackageDiagnostics` that copies are in."""

    path: str
    sites: list[EscapeSite]
    stack_sites: list[EscapeSite]
    parameters: list[ParameterFlow]


def settle(packages: Sequence[_Package], owners: Mapping[str, str]) -> None:
    """Give each site to the package that its file belongs to; ``packages`` are changed in place.

    A copy is dropped where the owner has a site of the kind at the place, else moved there: code
    that is instantiated nowhere in its own package is known from others only. ``owners`` are import
    paths by directory.
    """
    by_path = {package.path: package for package in packages}
    for package in packages:
        package.sites, copies = _split(package, package.sites, owners)
        for site, owner in copies:
            _adopt(by_path[owner].sites, site, owner)
        package.stack_sites, copies = _split(package, package.stack_sites, owners)
        for site, owner in copies:
            _adopt(by_path[owner].stack_sites, site, owner)
        package.parameters = [
            p for p in package.parameters if _owner(p.position, owners) in (None, package.path)
        ]


def _split(
    package: _Package, sites: list[EscapeSite], owners: Mapping[str, str]
) -> tuple[list[EscapeSite], list[tuple[EscapeSite, str]]]:
    own, others = [], []
    for site in sites:
        owner = _owner(site.position, owners)
        if owner is None or owner == package.path:
            own.append(site)
        else:
            others.append((site, owner))
    return own, others


def _owner(where: Position, owners: Mapping[str, str]) -> str | None:
    """Return the package of a file; ``None`` for one that the project does not have."""
    if where.generated:
        return None
    return owners.get(where.file.rpartition("/")[0] or ".")


def _adopt(sites: list[EscapeSite], site: EscapeSite, owner: str) -> None:
    if any((s.position, s.kind) == (site.position, site.kind) for s in sites):
        return
    sites.append(in_own_words(site, owner))
    sites.sort(key=lambda s: (s.position, s.message, s.function))


def in_own_words(site: EscapeSite, owner: str) -> EscapeSite:
    """Return a site that another package prints with the names unqualified, as ``owner`` does."""
    element, _, last = owner.rpartition("/")
    if re.fullmatch(r"v\d+", last) and element:
        last = element.rpartition("/")[2]
    last = re.sub(r"\.v\d+$", "", last)
    name = re.compile(rf"(?<![\w.]){re.escape(last)}\.(?=[^\W\d])")
    return replace(
        site,
        package=owner,
        function=name.sub("", site.function),
        expression=name.sub("", site.expression),
        message=name.sub("", site.message),
    )
