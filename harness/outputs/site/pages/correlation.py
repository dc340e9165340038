"""The page of how numbers go with escapes that come. Pure."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from types import SimpleNamespace

from markupsafe import Markup

from harness.analysis.frames.correlation import FEWEST, Association, Correlation, Observation
from harness.analysis.series.series import UNIT_ORDER
from harness.outputs.site.draw import names
from harness.outputs.site.draw.scatter import Dot, scatter
from harness.outputs.site.shared.section import Section
from harness.outputs.text.format import confidence, percent, plural

# Points of a chart, and packages with charts: more cannot be told apart, and cost the browser.
_MOST_DOTS = 60
_DRAWN_PACKAGES = 10
_WORDS = {
    "rises": "▲ rises with it",
    "falls": "▼ falls with it",
    "none": "no association shown",
    "too few": "too few to say",
}
_TONES = {"rises": "regression", "falls": "improvement"}


@dataclass(frozen=True, slots=True)
class AssociationRow:
    """The correlation of a unit of a package with escapes that come or go.

    Attributes:
        unit, event: ``new`` or ``gone``.
        events: how many of the pairs of neighbouring measurements have such a site.
        changed: how many of those changed the value, and how many of the others.
        effect, interval, confidence: empty where there are too few.
        words, tone: the verdict.
    """

    unit: str
    event: str
    events: str
    changed: str
    effect: str
    interval: str
    confidence: str
    words: str
    tone: str


@dataclass(frozen=True, slots=True)
class ScatterView:
    """New escapes against the change of a unit, a point for each pair of measurements."""

    unit: str
    caption: str
    drawing: Markup


@dataclass(frozen=True, slots=True)
class PackageCorrelation:
    """A package."""

    package: str
    identity: str
    rows: tuple[AssociationRow, ...]
    charts: tuple[ScatterView, ...]


def correlation_view(section: Section) -> SimpleNamespace:
    """Everything that the page shows."""
    history, counts = section.summary.history, section.plan.sites.counts
    seen = Correlation(history, counts, UNIT_ORDER)
    found = seen.associations(benchmarks=False)
    rows: dict[str, list[Association]] = defaultdict(list)
    for association in found:
        rows[association.package].append(association)
    packages = sorted(rows, key=lambda p: (_rank(rows[p]), -_events(rows[p]), p))
    return SimpleNamespace(
        chrome=section.chrome("Correlation", "correlation.html"),
        sentence=_sentence(found),
        packages=tuple(_package(section, p, rows[p], seen) for p in packages[:_DRAWN_PACKAGES]),
        others=tuple(_package(section, p, rows[p], None) for p in packages[_DRAWN_PACKAGES:]),
        fewest=FEWEST,
    )


def _rank(rows: Sequence[Association]) -> int:
    verdicts = {r.verdict for r in rows}
    if verdicts & {"rises", "falls"}:
        return 0
    return 1 if "none" in verdicts else 2


def _events(rows: Sequence[Association]) -> int:
    return sum(r.events for r in rows)


def _sentence(found: Sequence[Association]) -> str:
    """A summary of all associations, without any claim beyond them."""
    if not found:
        return "Nothing was measured twice, so nothing can be said."
    shown = [a for a in found if a.verdict in _TONES]
    told = [a for a in found if a.verdict != "too few"]
    few = len(found) - len(told)
    if shown:
        said = (
            f"{len(shown)} of {plural(len(told), 'pairing')} of a package with a unit"
            " and with escapes that come or go show an association."
        )
    elif told:
        said = (
            f"None of {plural(len(told), 'pairing')} of a package with a unit and with escapes"
            " that come or go shows an association: the numbers do not change more where escapes"
            " come or go than where none do, as far as so few revisions can tell."
        )
    else:
        said = (
            "Nothing can be said: no package has"
            f" {FEWEST} revisions in which escapes came, or went, and as many in which none did."
        )
    if few and told:
        said += f" Of {few} more there are too few revisions to say."
    return said


def _package(
    section: Section, package: str, rows: Sequence[Association], seen: Correlation | None
) -> PackageCorrelation:
    return PackageCorrelation(
        package=section.short_package(package),
        identity=f"p-{names.digest(package)}",
        rows=tuple(_row(a) for a in sorted(rows, key=_order)),
        charts=tuple(
            _chart(section, package, unit, observed)
            for unit in (() if seen is None else UNIT_ORDER)
            if seen is not None and (observed := seen.observations(package, unit))
        ),
    )


def _order(association: Association) -> tuple[int, bool]:
    return UNIT_ORDER.index(association.unit), association.event == "gone"


def _row(a: Association) -> AssociationRow:
    few = a.verdict == "too few"
    return AssociationRow(
        unit=a.unit,
        event=a.event,
        events=f"{a.events:,} of {a.pairs:,}",
        changed=f"{a.changed:,} and {a.changed_without:,}",
        effect="" if few else percent(1 + a.effect),
        interval="" if few else f"{percent(1 + a.low)} to {percent(1 + a.high)}",
        confidence="" if few else confidence(a.p),
        words=_WORDS[a.verdict],
        tone=_TONES.get(a.verdict, ""),
    )


def _chart(
    section: Section, package: str, unit: str, observed: Sequence[Observation]
) -> ScatterView:
    """Pairs in which nothing came and nothing changed are one point together."""
    still = [o for o in observed if not o.new and not o.change]
    moving = [o for o in observed if o.new or o.change]
    shown = sorted(moving, key=lambda o: (-o.new, -abs(o.change)))[:_MOST_DOTS]
    order = {o.revision: i for i, o in enumerate(observed)}
    dots = [
        Dot(
            o.new,
            o.change,
            f"{_commit(section, o.revision)}: {plural(o.new, 'new escape')},"
            f" {unit} {percent(1 + o.change)}",
            names.revision_page(o.revision),
        )
        for o in sorted(shown, key=lambda o: order[o.revision])
    ]
    if still:
        label = f"{plural(len(still), 'revision')} without a new escape and without a change"
        dots.insert(0, Dot(0, 0.0, label, ""))
    left = len(moving) - len(shown)
    caption = plural(len(observed), "pair") + " of measurements"
    if still:
        caption += f", {len(still):,} with neither in one point"
    if left:
        caption += f", {left:,} of the smallest changes left out"
    label = f"New escapes of {section.short_package(package)} against the change of {unit}"
    return ScatterView(unit, caption, scatter(dots, label))


def _commit(section: Section, revision: str) -> str:
    commit = section.commit(revision, "")
    return f"{commit.short} {commit.subject}"
