"""Reports of the gate made by hand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from functools import cache

from harness.analysis.causes.attribution import Attribution, Cause
from harness.analysis.causes.crossing import Crossing
from harness.analysis.compare.renames import Renames
from harness.analysis.verdict.gate import GateReport, judge_gate
from harness.model import ALLOCS, EscapeSite, FlowStep, FunctionCode, PackageError, Position, Record
from harness.outputs.gate.base import Surroundings
from harness.policy.file import parse_policy
from tests.builders import MODULE, make_benchmark, make_package, make_record, make_site
from tests.hostile import HOSTILE

TODAY = date(2026, 11, 23)
P = f"{MODULE}/p"
POLICY = "escape-velocity.toml"

# One rule of each kind, and everything that can be said of a waiver.
RULES = """\
[thresholds.benchmarks."BenchmarkTime.*"]
"allocs/op" = 2

[budgets]
"BenchmarkBudget" = { "allocs/op" = 0 }

[escapes]
new = "forbid"
no-escape = ["p/hot.go:Hot"]

[budgets.functions]
"example.com/m/p.Nowhere" = { "frame-B" = 1 }

[[waivers]]
benchmark = "BenchmarkWaived"
allow = 5
owner = "ann"
reason = "the parser is rewritten next week"
expires = 2026-12-24

[[waivers]]
benchmark = "BenchmarkLate"
owner = "bob"
reason = "was to be gone by now"
expires = 2026-11-01

[[waivers]]
escape = "moved to heap: never"
owner = "cleo"
reason = "none"
expires = 2027-01-01
"""

FLOW = (
    FlowStep("flow: ~r0 ← &x:", None),
    FlowStep("from &x (address-of)", Position("p/p.go", 13, 9)),
    FlowStep("from return &x (return)", Position("p/p.go", 14, 2)),
)
NEW = make_site("moved to heap: x", flow=FLOW)
HOT = make_site("make([]byte, n) escapes to heap", function="Hot", file="p/hot.go", line=7)
OLD = make_site("moved to heap: old", function="Old", line=90)


def record(number: int, allocs: Mapping[str, float], sites: Sequence[EscapeSite] = ()) -> Record:
    """A record of package ``p`` with these allocs/op."""
    benchmarks = [make_benchmark(name, value, 8 * value) for name, value in allocs.items()]
    made = make_record(
        number, [make_package(P, benchmarks)], message="Teach it to fly", escapes=sites
    )
    return replace(
        made,
        functions=(FunctionCode(P, "BenchmarkBudget", 64, "p/p_test.go", 40),),
    )


def cause(
    delta: float = 1, site: EscapeSite | None = NEW, *, at_base: bool = False, via: str = ""
) -> Cause:
    """A cause at the place of a site."""
    where = site.position if site else Position("p/p.go", 30, 0)
    return Cause(
        file=where.file,
        line=where.line,
        at_base=at_base,
        function="F",
        delta=delta,
        outcome="escape" if site else "library",
        escape=("gone" if at_base else "new") if site else "none",
        site=site,
        via=via,
        note="",
    )


def attributed(report: GateReport, benchmark: str, *causes: Cause) -> GateReport:
    """The report with an account of one benchmark."""
    delta = sum(c.delta for c in causes)
    account = Attribution(P, benchmark, ALLOCS, delta, causes, 0.0, 1.0, "escape", True)
    return replace(report, attributions={**report.attributions, (P, benchmark, ALLOCS): account})


def judged(
    base: Record, head: Record, text: str = "", errors: Sequence[PackageError] = ()
) -> GateReport:
    """The verdict by a policy that is given as text."""
    policy = parse_policy(text, POLICY) if text else None
    head = replace(head, errors=(*head.errors, *errors))
    return judge_gate(base, head, (), policy=policy, today=TODAY)


def full_report() -> GateReport:
    """One of everything that a gate without an error can say."""
    base = record(
        0,
        {"BenchmarkX/a": 0, "BenchmarkWaived": 1, "BenchmarkLate": 1, "BenchmarkBudget": 3,
         "BenchmarkGone": 10, "BenchmarkTimed": 4, "BenchmarkSame": 2},
        [OLD],
    )  # fmt: skip
    head = record(
        1,
        {"BenchmarkX/a": 1, "BenchmarkWaived": 3, "BenchmarkLate": 2, "BenchmarkBudget": 3,
         "BenchmarkGone": 0, "BenchmarkTimed": 6, "BenchmarkSame": 2},
        [NEW, HOT],
    )  # fmt: skip
    report = judged(base, head, RULES)
    report = attributed(report, "BenchmarkX/a", cause())
    library = cause(1, None, via="strings.Join")
    gone = cause(-10, OLD, at_base=True)
    report = attributed(report, "BenchmarkLate", cause(-1, OLD, at_base=True), library)
    return attributed(report, "BenchmarkGone", gone)


def unmatched_report(policy: str = "") -> GateReport:
    """Benchmarks that only one side has, and one that has another name."""
    old = {"BenchmarkSame": 2, "BenchmarkGone/of=both": 3, "BenchmarkNew": 1}
    base, head = (
        record(0, old),
        record(1, {"BenchmarkSame": 2, "BenchmarkNew": 1, "BenchmarkMore": 0}),
    )
    base = replace(base, functions=(FunctionCode(P, "BenchmarkGone", 64, "p/p_test.go", 40),))
    renames = Renames(functions={(P, "BenchmarkOld"): "BenchmarkNew"})
    parsed = parse_policy(policy, POLICY)
    crossing = Crossing(base, head, renames=renames)
    return judge_gate(base, head, (), crossing, policy=parsed, today=TODAY)


def passing_report() -> GateReport:
    """Nothing changed."""
    side = {"BenchmarkX/a": 1, "BenchmarkY": 0}
    return judged(record(0, side), record(1, side))


def error_report() -> GateReport:
    """The head does not compile, and a benchmark got worse all the same."""
    broken = PackageError(
        f"{MODULE}/q", "build", "q/q.go:3:2: undefined: y\nq/q.go:4:2: too", "q/q.go", 3
    )
    return judged(record(0, {"BenchmarkX": 0}), record(1, {"BenchmarkX": 1}), errors=[broken])


@cache
def long_report(number: int = 500) -> GateReport:
    """More findings than any host shows."""
    names = [f"BenchmarkMany/case={n:04}" for n in range(number)]
    sites = [make_site(f"moved to heap: v{n}", line=n + 1) for n in range(number)]
    report = judged(
        record(0, dict.fromkeys(names, 0.0)), record(1, dict.fromkeys(names, 1.0), sites)
    )
    for name, site in zip(names[:50], sites, strict=False):
        report = attributed(report, name, cause(1, site))
    return report


TRAPS = (
    *HOSTILE,
    "a | b \\| c \\",
    "`tick` ``two`` ```",
    "@octocat and @org/team, a@b.example",
    "*bold* _em_ ~~no~~ [l](javascript:alert(1)) ![i](x)",
    "-->\n\n# heading\n\n- item",
    "</code></td></tr></table><h1>x</h1>",
    "</details><!--",
    "https://evil.example/ www.evil.example",
    "::error file=x::y\n::add-mask::z\r\n##[error]w",
    "%0A::error::no",
    "]]> <![CDATA[ &amp; &lt;",
    "#1 GH-2 owner/repo#3 :tada: $x^2$",
    "/close\n/merge",
    "",
    "\ufffe\uffff\ud800\x0b",
)


def trapped_report(trap: str, *, failing: bool = True) -> GateReport:
    """A report in which every text is the same trap."""
    name = f"Benchmark{trap}"
    where = Position(f"{trap}.go", 3, 4)
    site = make_site(
        f"moved to heap: {trap}",
        function=trap,
        file=f"{trap}.go",
        line=3,
        flow=(FlowStep(f"flow: {trap}:", None), FlowStep(f"from {trap} (x)", where)),
    )
    sides = ({name: 0.0, f"{name}/gone": 1.0}, {name: float(failing), f"{name}/new": 1.0})
    base, head = (
        replace(
            record(number, sides[number], [site] * number),
        )
        for number in (0, 1)
    )
    head = replace(head, revision=replace(head.revision, message=trap, author=trap))
    errors = [] if failing else [PackageError(f"{MODULE}/{trap}", "build", trap, f"{trap}.go", 3)]
    report = judged(base, head, errors=errors)
    if failing:
        report = attributed(report, name, replace(cause(1, site), function=trap, note=trap))
    return report


def trapped_surroundings(trap: str) -> Surroundings:
    """Source lines and links that are the trap too."""
    return Surroundings(lambda *_: trap, lambda *_: f"https://host.example/{trap}")
