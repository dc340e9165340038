"""The gate without running anything: what a policy makes of the new escape sites. Pure.

Made for a hook before a commit: the messages of the compiler alone, so no thresholds, and no budget
of what is read from linked binaries. Without these it is not known whether a site allocates;
constants put into an interface are left out, since the compiler keeps them in read-only data.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

from harness.analysis.escapes import diff_escapes
from harness.analysis.gate import GateError, GateReport, Verdict, unmeasured
from harness.analysis.policy import judge_policy
from harness.model import ESCAPES, EscapeSite, PackageError, Record, SiteKind, TreeDiff
from harness.model.policy import EscapeRule, NoEscape, Policy, Scope


def judge_compiled(
    base: Record,
    head: Record,
    diffs: Sequence[TreeDiff] | None,
    *,
    policy: Policy | None = None,
    today: date | None = None,
    marks: Sequence[NoEscape] = (),
) -> GateReport:
    """Compare the escape sites of two revisions that were compiled and not run.

    Args:
        base: the older side.
        head: the candidate.
        diffs: the steps from base to head, ``None`` if not known.
        policy: what fails; ``forbid-if-covered`` only lists, since nothing was run.
        today: by which waivers expire; without it none does.
        marks: code that comments in the source declare free of escapes.
    """
    policy = policy or Policy()
    escapes = diff_escapes(base, head, diffs)
    new = [site for site in escapes.new if not _constant(site)]
    errors = [*unmeasured(base, head), *_nothing(base), *_nothing(head)]
    day = today or date.min
    # Rules about code are held against what is new: the rest was there before.
    judged = judge_policy(
        _about_code(policy), (), replace(head, escapes=tuple(new)), new, day,
        marks=marks,
    )  # fmt: skip
    budgets = judge_policy(_budgets(policy), (), head, (), day)
    judgement = replace(
        judged,
        violations=(*judged.violations, *budgets.violations),
        # What was not looked at may use them.
        unused=(),
        idle=(),
    )
    verdict = Verdict.FAIL if judgement.violations else Verdict.PASS
    return GateReport(
        base=base,
        head=head,
        changes=(),
        escapes=escapes,
        errors=tuple(dict.fromkeys(errors)),
        compared=0,
        inexact=(),
        verdict=Verdict.ERROR if errors else verdict,
        policy=policy,
        judgement=judgement,
    )


def _nothing(record: Record) -> list[GateError]:
    """Why nothing of a side compiled; empty where anything did."""
    if record.compiled:
        return []
    nothing = PackageError("", "build", "nothing was compiled: Go finds no package in it")
    return [
        GateError(e.stage, record.revision.hash, e.package, e.message)
        for e in record.errors or (nothing,)
    ]


def _about_code(policy: Policy) -> Policy:
    new = EscapeRule.FORBID if policy.new_escapes is EscapeRule.FORBID else EscapeRule.REPORT
    waivers = tuple(w for w in policy.waivers if w.escape)
    return replace(policy, budgets=(), benchmarks=(), new_escapes=new, waivers=waivers)


def _budgets(policy: Policy) -> Policy:
    """Those of which the compiler's messages are enough."""
    budgets = tuple(
        replace(budget, limits={ESCAPES: budget.limits[ESCAPES]})
        for budget in policy.budgets
        if budget.scope is Scope.PACKAGE and ESCAPES in budget.limits
    )
    return Policy(source=policy.source, budgets=budgets)


def _constant(site: EscapeSite) -> bool:
    """Whether what is put into an interface is a constant: a number, a text, a truth value."""
    if site.kind is not SiteKind.BOXED:
        return False
    text = site.expression
    return text in ("true", "false") or text[:1] in ('"', "`", "'") or text[:1].isdigit()
