"""Sites that are printed several times because a function is compiled several times. Pure.

A literal is compiled again wherever the function around it is inlined, and a generic function for
each shape; every time its sites are printed, at their own place. Each is one site of the source.

Within a package :func:`mark_copies` gives them names by which they are counted once. Go 1.27 names
a copy of a literal like the literal, with a hash (``F.func1#7gW254ZGGfY=#``), Go 1.25 and 1.26
after the caller (``G.F.func1``), and older releases name neither copies nor shapes.

A package that inlines or instantiates functions of another one prints the other's sites, with the
other's names in its messages: :func:`in_own_words` takes these away.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Collection, Sequence
from dataclasses import replace

from harness.diagnostics.functions import Functions
from harness.diagnostics.messages import generic_name
from harness.diagnostics.normal import unshaped
from harness.model import EscapeSite, Position, SiteKind


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
        first = sites[indices[0]]
        # A package that inlines from another one may have a single copy.
        if len(indices) == 1 and (indices[0] in unnamed or ".func" not in first.function):
            continue
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
                may_be = "[...]" in function or (
                    literal is not None and literal.declared in inlined
                )
            else:
                copy = named.setdefault(site.function, len(named) + 1)
                may_be = literal is not None and function != literal.name
                function = literal.name if literal is not None else function
            if copy and may_be:
                marked[index] = replace(site, function=f"{function}#{copy}#")
    return marked


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
