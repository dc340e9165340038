"""Escape sites of two records, compared."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from harness.analysis.costs import UNKNOWN, SiteCost, site_costs
from harness.diagnostics.identity import SiteMatch, match_sites
from harness.model import EscapeSite, PackageOutcome, Record, TreeDiff


@dataclass(frozen=True, slots=True)
class EscapeDiff:
    """Which escape sites a revision brings and which it takes away; test files left out.

    Attributes:
        new: sites of the head that the base does not have.
        gone: sites of the base that the head does not have.
        kept: how many sites both have.
        unknown: packages that one of the two could not compile, so nothing is said of them.
        costs: what is known of the cost of the new sites at head and of the gone ones at base.
    """

    new: tuple[EscapeSite, ...]
    gone: tuple[EscapeSite, ...]
    kept: int
    unknown: tuple[str, ...]
    costs: Mapping[EscapeSite, SiteCost] = field(default_factory=dict)

    def cost(self, site: EscapeSite) -> SiteCost:
        """What is known of the cost of one of the sites."""
        return self.costs.get(site, UNKNOWN)


def diff_escapes(base: Record, head: Record, diffs: Sequence[TreeDiff] | None) -> EscapeDiff:
    """Compare the escape sites of two records.

    Args:
        base: the older record.
        head: the newer one.
        diffs: the steps from base to head, ``None`` if not known; see
            :func:`harness.diagnostics.identity.match_sites`.
    """
    unknown = _uncompiled(base) | _uncompiled(head)
    matched = match_records(base, head, diffs)
    return EscapeDiff(
        matched.new,
        matched.gone,
        len(matched.kept),
        tuple(sorted(unknown)),
        # A site that is new here and gone there, as after a move that was not seen, is the head's.
        {**site_costs(base, matched.gone), **site_costs(head, matched.new)},
    )


def match_records(base: Record, head: Record, diffs: Sequence[TreeDiff] | None) -> SiteMatch:
    """The escape sites of two records, told apart; of packages that both could compile."""
    unknown = _uncompiled(base) | _uncompiled(head)
    return match_sites(
        [s for s in base.code_escapes() if s.package not in unknown],
        [s for s in head.code_escapes() if s.package not in unknown],
        diffs,
        (_functions(base), _functions(head)),
    )


def _uncompiled(record: Record) -> set[str]:
    return {p.path for p in record.packages if p.outcome is PackageOutcome.BUILD_FAILED}


def _functions(record: Record) -> frozenset[str]:
    return frozenset(f"{d.package}.{d.function}" for d in record.inlining)
