"""Accounts of steps as pages show them: which lines changed by how much, and why. Pure.

Benchmarks of one revision that changed on the same lines share one account.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from harness.analysis.causes.attribution import Attribution, Cause
from harness.analysis.causes.garbage import collections
from harness.analysis.compare.comparison import Direction
from harness.analysis.series.series import unit_order
from harness.analysis.series.steps import Step
from harness.model import BYTES, EscapeSite
from harness.outputs.site.draw.svg import share_bar
from harness.outputs.site.shared.account_views import (
    AccountView,
    AmountView,
    BriefView,
    CauseView,
    OutcomeView,
    SharerRow,
    ShareView,
)
from harness.outputs.site.shared.escapes import UseView, short_function
from harness.outputs.site.shared.links import BenchmarkLink
from harness.outputs.site.shared.section import Section
from harness.outputs.text.explanation import (
    OUTCOMES,
    TESTS_CHANGED,
    change_of_collections,
    describe_calls,
)
from harness.outputs.text.format import clip, signed

_SHOWN_CAUSES = 8
# Lines with less of every unit's change than this stand below the others.
_SLIGHT = 0.05
_MOST_SHARERS = 200
_MOST_COLLECTED = 6
# A remainder below this is noise of the profile: allocations, and bytes, per operation.
_NOISE_ALLOCS = 0.05
_NOISE_BYTES = 0.5
# From this share on the lines give the whole change, and a remainder is a matter of rounding.
_WHOLE = 0.9995
Place = tuple[str, int]
_Line = tuple[str, int, bool, str, str, str, EscapeSite | None, str]
_NOTHING = AmountView("", "")


@dataclass(frozen=True, slots=True)
class _Member:
    """A benchmark that changed, with its accounts by unit."""

    steps: tuple[Step, ...]
    accounts: Mapping[str, Attribution]

    @property
    def lines(self) -> dict[_Line, dict[str, Cause]]:
        """The lines by unit: in the order of the first, then what only another one has."""
        found: dict[_Line, dict[str, Cause]] = {}
        for unit, account in self.accounts.items():
            for cause in account.causes:
                found.setdefault(_line(cause), {})[unit] = cause
        return found

    @property
    def key(self) -> object:
        """A key that is equal for benchmarks that share an account."""
        return tuple(
            (unit, a.outcome, a.exact, frozenset(_line(c) for c in a.causes))
            for unit, a in self.accounts.items()
        )

    @property
    def rank(self) -> tuple[bool, float, float, str]:
        """Regressions first, the largest first; by the first unit."""
        step = self.steps[0]
        ratio, delta = step.size
        return step.direction is not Direction.REGRESSION, -ratio, -delta, step.benchmark


def account_views(
    section: Section, steps: Sequence[Step], up: str
) -> tuple[tuple[AccountView, ...], Mapping[Place, UseView]]:
    """The accounts of a revision, and the places of the escape sites that they use.

    Args:
        section: of the site.
        steps: of the revision; those without an account are passed over.
        up: prefix of links.
    """
    groups: dict[object, list[_Member]] = {}
    for member in sorted(_members(section, steps), key=lambda m: m.rank):
        groups.setdefault(member.key, []).append(member)
    views: list[AccountView] = []
    uses: dict[Place, UseView] = {}
    for number, members in enumerate(groups.values(), 1):
        identity = f"account-{number}"
        views.append(_account(section, identity, members, up))
        for unit, account in members[0].accounts.items():
            for cause in account.causes:
                if cause.site is not None and cause.escape in ("new", "gone"):
                    text = f"{signed(cause.delta, unit)} {'' if unit == BYTES else unit}".strip()
                    use = UseView(f"{text} on its line", f"#{identity}")
                    uses.setdefault(place_of(cause.site), use)
    return tuple(views), uses


def place_of(site: EscapeSite) -> Place:
    """The line of a site: what is measured is known by line, not by expression."""
    return site.position.file, site.position.line


def brief_view(
    attribution: Attribution,
    before: Attribution | None = None,
    link: Callable[[Cause], str] = lambda _: "",
) -> BriefView:
    """An account in passing.

    Args:
        attribution: what is shown.
        before: the one above it in a list.
        link: the page of a cause's line, see :meth:`.section.Section.cause_link`.
    """
    causes = attribution.causes
    unit = attribution.unit
    return BriefView(
        outcome=_outcome("", attribution),
        share=_share("", attribution),
        cause=_cause({unit: causes[0]}, (unit,), (attribution,), link) if causes else None,
        total=_amount(attribution.delta, unit),
        rounded=_rounded(attribution),
        more=len(causes[1:]),
        again=before is not None
        and [_line(c) for c in before.causes[:1]] == [_line(c) for c in causes[:1]] != [],
    )


def _members(section: Section, steps: Iterable[Step]) -> list[_Member]:
    found: dict[tuple[str, str], list[Step]] = {}
    for step in sorted(steps, key=lambda s: unit_order(s.unit)):
        if step in section.attributions:
            found.setdefault((step.package, step.benchmark), []).append(step)
    return [
        _Member(tuple(own), {s.unit: section.attributions[s] for s in own})
        for own in found.values()
    ]


def _account(section: Section, identity: str, members: list[_Member], up: str) -> AccountView:
    leader, *others = members
    units = tuple(leader.accounts)
    accounts = tuple(leader.accounts.values())
    lines, count = _ordered(leader)
    link = section.cause_link(leader.steps[0], up)
    causes = tuple(_cause(by_unit, units, accounts, link) for by_unit in lines.values())
    shown, hidden = list(lines)[:count], list(lines.values())[count:]
    remainders = _remainders(leader)
    first = leader.steps[0]
    return AccountView(
        identity=identity,
        tone=first.direction.value,
        outcomes=_same([_outcome(u, a) for u, a in leader.accounts.items()]),
        shares=_shares(leader),
        steps=tuple(tuple(section.step(s, up) for s in m.steps) for m in members),
        units=units,
        benchmark=section.benchmark(first.package, first.benchmark, up),
        causes=causes[:count],
        more_causes=causes[count:],
        rest=tuple(
            _amount(sum(by_unit[u].delta for by_unit in hidden if u in by_unit), u) for u in units
        ),
        remainders=remainders,
        total=tuple(_amount(a.delta, u) for u, a in leader.accounts.items())
        if len(causes) > 1 or remainders
        else (),
        sharers=tuple(
            SharerRow(
                section.benchmark(m.steps[0].package, m.steps[0].benchmark, up),
                tuple(_amounts(own.get(key, {}), units) for key in shown),
                _shares(m),
            )
            for m, own in [(m, m.lines) for m in others[:_MOST_SHARERS]]
        ),
        collected=_collected(section, members, up),
        exact=all(a.exact for a in accounts),
    )


def _ordered(member: _Member) -> tuple[dict[_Line, dict[str, Cause]], int]:
    """The lines of a benchmark, slight ones last, and how many are shown at once."""

    def slight(by_unit: Mapping[str, Cause]) -> bool:
        totals = {u: abs(member.accounts[u].delta) for u in by_unit}
        return all(abs(c.delta) < _SLIGHT * totals[u] for u, c in by_unit.items())

    lines = member.lines
    main = [key for key, by_unit in lines.items() if not slight(by_unit)] or list(lines)[:1]
    rest = [key for key in lines if key not in main]
    count = min(len(main), _SHOWN_CAUSES)
    # One line takes no more room than the words that stand for it.
    if len(lines) - count == 1:
        count += 1
    return {key: lines[key] for key in (*main, *rest)}, count


def _collected(
    section: Section, members: Sequence[_Member], up: str
) -> tuple[tuple[BenchmarkLink, str], ...]:
    records = section.summary.history.by_hash
    found = []
    for step in [m.steps[0] for m in members[:_MOST_COLLECTED]]:
        pair = (records[step.previous], records[step.revision])
        moved = collections(*pair, step.package, step.benchmark)
        if moved is not None:
            link = section.benchmark(step.package, step.benchmark, up)
            found.append((link, change_of_collections(moved)))
    return tuple(found)


def _line(cause: Cause) -> _Line:
    return (
        cause.file,
        cause.line,
        cause.at_base,
        cause.function,
        cause.via,
        cause.escape,
        cause.site,
        cause.note,
    )


def _cause(
    by_unit: Mapping[str, Cause],
    units: Sequence[str],
    accounts: Sequence[Attribution],
    link: Callable[[Cause], str],
) -> CauseView:
    cause = next(iter(by_unit.values()))
    word, _, rest = cause.note.partition(": ")
    split = word in ("inlining lost", "inlining won")
    return CauseView(
        amounts=_amounts(by_unit, units),
        where=clip(f"{cause.file}:{cause.line}", 300),
        function=short_function(cause.function),
        at_base=cause.at_base,
        word="" if cause.outcome in {a.outcome for a in accounts} else cause.outcome,
        standing=cause.escape,
        message="" if cause.site is None else clip(cause.site.message, 400),
        flow=() if cause.site is None else cause.site.flow,
        hint=_hint(cause),
        via=clip(cause.via, 200),
        note_word=word if split else "",
        note=clip(rest if split else cause.note, 400),
        href=link(cause),
    )


def _hint(cause: Cause) -> str:
    """A remark on a line without an escape and without a library call."""
    if cause.via or cause.site is not None:
        return ""
    if cause.outcome == "benchmark":
        return TESTS_CHANGED
    if cause.calls:
        return f"no escape is reported here; {clip(describe_calls(cause.calls), 400)}"
    if cause.outcome == "growth":
        return "growth of a slice, map or channel; no escape is reported here"
    return "no escape is reported here"


def _amounts(by_unit: Mapping[str, Cause], units: Sequence[str]) -> tuple[AmountView, ...]:
    return tuple(_amount(by_unit[u].delta, u) if u in by_unit else _NOTHING for u in units)


def _amount(number: float, unit: str) -> AmountView:
    if number == 0:
        return _NOTHING
    return AmountView(signed(number, unit), "regression" if number > 0 else "improvement")


def _remainders(member: _Member) -> tuple[tuple[tuple[AmountView, ...], str], ...]:
    """The part of a change that no line gives: cut off by rounding, or not explained."""
    found = []
    for text, rounded in (("cut off by rounding", True), ("no line accounts for this", False)):
        amounts = tuple(
            AmountView(signed(a.unexplained, unit), "")
            if _left(a) and _rounded(a) is rounded
            else _NOTHING
            for unit, a in member.accounts.items()
        )
        if any(a.text for a in amounts):
            found.append((amounts, text))
    return tuple(found)


def _left(account: Attribution) -> bool:
    noise = _NOISE_BYTES if account.unit == BYTES else _NOISE_ALLOCS
    return abs(account.unexplained) >= noise


def _rounded(account: Attribution) -> bool:
    """Return whether the remainder is a matter of rounding."""
    return _left(account) and account.explained >= _WHOLE


def _outcome(unit: str, attribution: Attribution) -> OutcomeView:
    return OutcomeView(unit, attribution.outcome, OUTCOMES[attribution.outcome])


def _share(unit: str, attribution: Attribution) -> ShareView:
    return ShareView(
        unit, f"{_percent(attribution.explained)} explained", share_bar(attribution.explained)
    )


def _shares(member: _Member) -> tuple[ShareView, ...]:
    shares = [_share(u, a) for u, a in member.accounts.items()]
    if len({s.text for s in shares}) == 1:
        return (_share("", next(iter(member.accounts.values()))),)
    return tuple(shares)


def _same(outcomes: list[OutcomeView]) -> tuple[OutcomeView, ...]:
    if len({o.word for o in outcomes}) == 1:
        return (OutcomeView("", outcomes[0].word, outcomes[0].text),)
    return tuple(outcomes)


def _percent(share: float) -> str:
    """A share in whole per cent, of which 0 and 100 are exactly that."""
    if share >= _WHOLE:
        return "100\N{NARROW NO-BREAK SPACE}%"
    if 0 < share < 0.01:
        return "under 1\N{NARROW NO-BREAK SPACE}%"
    return f"{int(share * 100)}\N{NARROW NO-BREAK SPACE}%"


def brief_of(section: Section, steps: Sequence[Step]) -> tuple[str, BriefView | None]:
    """The account of the first step that has one, and whose it is where there are several."""
    step = next((s for s in steps if s in section.attributions), None)
    if step is None:
        return "", None
    several = len({(s.package, s.benchmark) for s in steps}) > 1
    name = section.benchmark(step.package, step.benchmark, "").name if several else ""
    return name, brief_view(section.attributions[step], link=section.cause_link(step, ""))
