"""``esv gate --explain-policy``: which rule applies to what."""

from datetime import date

from harness.analysis.verdict.policy import Judgement
from harness.model import ALLOCS, BYTES, SECONDS, Record
from harness.outputs.text.format import plural, visible
from harness.outputs.text.terminal import table
from harness.policy.model import Policy, Scope, Waiver


def explain_policy(policy: Policy, head: Record, judgement: Judgement, today: date) -> str:
    """Every rule with the benchmarks of the head that it applies to, and idle rules."""
    lines = [f"policy: {visible(policy.source) or 'built in; there is no escape-velocity.toml'}"]
    named = [unit for rule in policy.benchmarks for unit in rule.thresholds]
    units = list(dict.fromkeys([ALLOCS, BYTES, SECONDS, *named, *policy.thresholds]))
    rows = []
    for package, result in head.benchmarks():
        row = [visible(f"{package.rsplit('/', 1)[-1]}.{result.name}")]
        for unit in units:
            threshold, line = policy.threshold(result.name, unit)
            row.append(f"{threshold}" + (f" (line {line})" if line else ""))
        rows.append(row)
    if rows:
        lines += ["", "how much worse a benchmark may get", ""]
        lines += [table(rows, ["benchmark", *units])]
    if policy.budgets:
        lines += ["", "budgets"]
        for budget in policy.budgets:
            limits = ", ".join(f"{limit:g} {unit}" for unit, limit in budget.limits.items())
            pattern = visible(budget.pattern)
            what = f"{budget.scope} {pattern}" if budget.scope is not Scope.BENCHMARK else pattern
            lines.append(f"  line {budget.line}: {what}: at most {limits}")
    lines += ["", f"benchmarks that are gone: {policy.gone}"]
    lines += ["", f"new escapes: {policy.new_escapes}"]
    if policy.no_escape:
        lines += ["", "code in which nothing may be allocated"]
        lines += [
            f"  line {ban.line}: {visible(ban.file)}"
            + (f", function {visible(ban.function)}" if ban.function else "")
            for ban in policy.no_escape
        ]
    if policy.waivers:
        lines += ["", plural(len(policy.waivers), "waiver")]
        lines += [f"  {_waiver(waiver, today)}" for waiver in policy.waivers]
    if judgement.idle:
        lines += ["", "rules that concern nothing"]
        lines += [f"  {visible(text)}" for text in judgement.idle]
    return "\n".join(lines) + "\n"


def _waiver(waiver: Waiver, today: date) -> str:
    what = waiver.benchmark or waiver.escape
    room = f", {waiver.allow} more {waiver.unit}".rstrip() if waiver.allow is not None else ""
    state = "expired on" if waiver.expires < today else "until"
    return (
        f"line {waiver.line}: {visible(what)}{room}: {visible(waiver.owner)},"
        f" {state} {waiver.expires}: {visible(waiver.reason)}"
    )
