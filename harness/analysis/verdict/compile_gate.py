"""The gate without running anything: new escapes and the compiled code held against a policy.

It serves a hook before a commit and has no thresholds and no budgets of benchmarks. Code that no
rule is about is not compiled, so that it is not known whether a site allocates; constants put into
an interface are left out, since the compiler keeps them in read-only data.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

from harness.analysis.compare.escapes import diff_escapes
from harness.analysis.compare.renames import Renames, diff_benchmarks
from harness.analysis.verdict.gate import GateError, GateReport, Verdict, errors_of, unmeasured
from harness.analysis.verdict.policy import judge_policy
from harness.model import EscapeSite, PackageError, Record, SiteKind, TreeDiff
from harness.policy.model import EscapeRule, NoEscape, Policy, Scope


def judge_compiled(
    base: Record,
    head: Record,
    diffs: Sequence[TreeDiff] | None,
    *,
    policy: Policy | None = None,
    today: date | None = None,
    marks: Sequence[NoEscape] = (),
    renames: Renames | None = None,
    untold: Sequence[PackageError] = (),
) -> GateReport:
    """Compare the escape sites of two revisions that were compiled and not run.

    Args:
        head: with the compiled code that rules are about.
        policy: what fails; ``forbid-if-covered`` only lists, since nothing was run.
        today, marks, untold: as for :func:`judge_gate`.
    """
    policy = policy or Policy()
    renames = renames or Renames()
    benchmarks = diff_benchmarks(renames.apply(base), head, renames, declared=True)
    escapes = diff_escapes(base, head, diffs)
    new = [site for site in escapes.new if not _constant(site)]
    errors = [*unmeasured(base, head), *_nothing(base), *_nothing(head)]
    errors += errors_of(head, untold)
    forbid = policy.new_escapes is EscapeRule.FORBID
    about_code = replace(
        policy,
        budgets=tuple(b for b in policy.budgets if b.scope is not Scope.BENCHMARK),
        benchmarks=(),
        new_escapes=EscapeRule.FORBID if forbid else EscapeRule.REPORT,
    )
    judged = judge_policy(
        about_code, (), head, new, today or date.min, marks=marks, gone=benchmarks.gone
    )
    # Code that was not compiled may use them.
    judgement = replace(judged, unused=(), idle=())
    verdict = Verdict.FAIL if judgement.violations else Verdict.PASS
    return GateReport(
        base=base,
        head=head,
        changes=(),
        escapes=escapes,
        errors=tuple(dict.fromkeys(errors)),
        benchmarks=benchmarks,
        inexact=(),
        verdict=Verdict.ERROR if errors else verdict,
        policy=policy,
        judgement=judgement,
    )


def _nothing(record: Record) -> list[GateError]:
    """The errors of a side without any compiled package; else empty."""
    if record.compiled:
        return []
    nothing = PackageError("", "build", "nothing was compiled: Go finds no package in it")
    return errors_of(record, record.errors or (nothing,))


def _constant(site: EscapeSite) -> bool:
    """Return whether a constant is put into an interface: a number, a text, a truth value."""
    if site.kind is not SiteKind.BOXED:
        return False
    text = site.expression
    return text in ("true", "false") or text[:1] in ('"', "`", "'") or text[:1].isdigit()
