"""Machine, toolchain and settings of a record, in words. Pure."""

from harness.analysis.verdict.summary import RevisionSummary
from harness.model import BYTES, Record
from harness.outputs.site.shared.values import Fact
from harness.outputs.text.format import clip, minute, plural, value


def toolchain(record: Record) -> str:
    """The Go release that ran, with its platform."""
    used = record.environment.toolchain
    return f"{used.release} {used.goos}/{used.goarch}"


def variables(record: Record) -> str:
    """Variables of the environment, ``GOAMD64=v3 GOGC=off``."""
    settings = {**record.environment.build_variables, **record.environment.run_variables}
    return " ".join(f"{k}={v}" for k, v in sorted(settings.items()))


def machine_detail(record: Record) -> str:
    """Processor, number of processors and memory, as far as they are known."""
    machine = record.machine
    ram = value(float(machine.ram), BYTES) if machine.ram.isdecimal() else machine.ram
    parts = (machine.cpu, machine.num_cpu and f"{machine.num_cpu} CPUs", ram)
    return ", ".join(p for p in parts if p)


def measured_under(record: Record, summary: RevisionSummary) -> tuple[Fact, ...]:
    """The settings of a record's measurement, and its compiler's figures on heap sites."""
    settings = record.settings
    time = (
        f"{settings.count} times {settings.benchtime}"
        if settings.benchtime is not None
        else "not taken (--alloc-only)"
    )
    machine = record.machine
    facts = (
        Fact("Go release", toolchain(record) + (" with cgo" if _cgo(record) else ", cgo off")),
        Fact("found in", record.environment.toolchain.source),
        Fact("variables", variables(record)),
        Fact("machine", f"{machine.machine} ({machine.os}, {machine.arch})"),
        Fact("hardware", machine_detail(record)),
        Fact("benchmarks", f"-bench {settings.bench} in {' '.join(settings.packages)}"),
        Fact("allocation lane", f"-benchtime={settings.alloc_benchtime} -cpu=1"),
        Fact("time lane", time),
        Fact("measured", f"{minute(record.started)}, in {record.duration:,.1f} s"),
        Fact("harness", record.harness),
        Fact("escape sites", f"{summary.sites[0]:,} in code, {summary.sites[1]:,} in tests"),
        Fact(
            "compiled code not read", "; ".join(f"{e.package}: {e.message}" for e in record.unread)
        ),
        Fact(
            "compiler lines not understood",
            f"{plural(len(record.unparsed), 'line')}, kept in the record"
            if record.unparsed
            else "none",
        ),
    )
    return tuple(Fact(f.label, clip(f.text, 300)) for f in facts if f.text)


def _cgo(record: Record) -> bool:
    return record.environment.toolchain.cgo
