"""The page that compares any two revisions, and its data: a shard for each revision. Pure."""

import shlex
from types import SimpleNamespace

from harness.analysis.series.series import unit_order
from harness.model import HEAP_COSTS, BenchmarkResult, Lane, PackageResult, Record
from harness.outputs.site.draw import names
from harness.outputs.site.draw.shards import Json, assembled, fragment
from harness.outputs.site.shared.records import machine_detail, toolchain, variables
from harness.outputs.site.shared.section import Section
from harness.outputs.text.format import clip, day, one_line, visible

INDEX = "data/revisions.js"


def compare_view(section: Section) -> SimpleNamespace:
    """The page without its data."""
    recorded = section.summary.recorded
    command = ""
    if len(recorded) > 1:
        base, head = (r.slot.revision for r in recorded[-2:])
        command = f"esv compare {shlex.quote(base)} {shlex.quote(head)}"
    return SimpleNamespace(
        chrome=section.chrome("Compare", "compare.html"), command=command, recorded=len(recorded)
    )


def index(section: Section) -> Json:
    """The recorded revisions, newest first, and the environments of the site.

    A revision is its hash, page, shard, short name, subject and date; an environment its id, name
    and the way from this one's root to its root.
    """
    history = section.summary.history
    top = "../" * section.root.count("/")
    return {
        "environment": names.environment_id(history),
        "environments": [
            [s.id, visible(clip(s.name, 120)), top + s.root] for s in section.siblings
        ],
        "revisions": [
            [
                r.slot.revision,
                names.revision_page(r.slot.revision),
                names.revision_shard(r.slot.revision),
                r.slot.record.revision.short,
                visible(one_line(r.slot.record.revision.subject, 100)),
                day(r.slot.record.revision.date),
            ]
            for r in reversed(section.summary.recorded)
            if r.slot.record is not None
        ],
    }


class Numbers:
    """Every number of a revision; those of a package that are carried on are written once."""

    def __init__(self, section: Section) -> None:
        self._section = section
        # By package: its results, their units; and those of the revision, what is written of them.
        self._known: dict[str, tuple[tuple[BenchmarkResult, ...], frozenset[str]]] = {}
        self._written: dict[
            str, tuple[tuple[BenchmarkResult, ...], tuple[str, ...], list[str]]
        ] = {}

    def shard(self, revision: str) -> bytes:
        """The shard of a recorded revision; it depends on its record only."""
        return assembled("revision", self.of(self._section.summary.history.by_hash[revision]))

    def of(self, record: Record) -> str:
        """The fragment of a record.

        ``conditions`` is what it was measured under, as name and text. A benchmark is its page (the
        same for ever), name and package, and its measurements: the number of the unit, 1 for the
        time lane, 1 where every repetition agrees, how many there are, and the samples (one where
        they agree); of allocs/op the least and the most before they are cut, where that is known.
        """
        packages = [p for p in record.packages if p.benchmarks]
        units = tuple(sorted({u for p in packages for u in self._units(p)}, key=unit_order))
        head = fragment(
            {
                "revision": record.revision.hash,
                "conditions": [[n, visible(clip(text, 300))] for n, text in _conditions(record)],
                "units": [visible(clip(u, 80)) for u in units],
            }
        )
        rows = [row for p in packages for row in self._rows(p, units)]
        return f'{head[:-1]},"benchmarks":[{",".join(rows)}]}}'

    def _units(self, package: PackageResult) -> frozenset[str]:
        known = self._known.get(package.path)
        if known is None or known[0] is not package.benchmarks:
            units = {m.unit for b in package.benchmarks for m in b.measurements} - set(HEAP_COSTS)
            known = self._known[package.path] = (package.benchmarks, frozenset(units))
        return known[1]

    def _rows(self, package: PackageResult, units: tuple[str, ...]) -> list[str]:
        known = self._written.get(package.path)
        if known is None or known[0] is not package.benchmarks or known[1] != units:
            rows = [fragment(self._row(package.path, b, units)) for b in package.benchmarks]
            known = self._written[package.path] = (package.benchmarks, units, rows)
        return known[2]

    def _row(self, package: str, result: BenchmarkResult, units: tuple[str, ...]) -> Json:
        measured: list[Json] = []
        for m in result.measurements:
            if m.unit in HEAP_COSTS:
                continue
            counted = m.exact and m.lane is Lane.ALLOCATION
            samples = m.samples[:1] if counted else m.samples
            time = int(m.lane is Lane.TIME)
            cut = [[min(m.untruncated), max(m.untruncated)]] if m.untruncated else []
            measured.append(
                [units.index(m.unit), time, int(counted), len(m.samples), *samples, *cut]
            )
        return [
            names.benchmark_page(package, result.name),
            visible(clip(result.name, 200)),
            visible(self._section.short_package(package)),
            measured,
        ]


def _conditions(record: Record) -> list[tuple[str, str]]:
    settings, machine = record.settings, record.machine
    return [
        ("Go release", toolchain(record)),
        ("cgo", "on" if record.environment.toolchain.cgo else "off"),
        ("variables", variables(record)),
        ("machine", f"{machine.machine} ({machine.os}, {machine.arch})"),
        ("hardware", machine_detail(record)),
        ("allocation lane", f"-benchtime={settings.alloc_benchtime}"),
        (
            "time lane",
            f"{settings.count} times {settings.benchtime}" if settings.benchtime else "not taken",
        ),
    ]
