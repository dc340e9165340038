"""Records as answers to a question: which benchmarks, in which packages, counted how. Pure.

A gate, an explanation or a bisection asks for the counts of a revision. A record that holds them
answers, be it of more benchmarks than are asked for; it is then narrowed to those. Of one in which
a benchmark failed, that benchmark alone is run again: the failure may have been of the day.
"""

from dataclasses import replace

from harness import __version__
from harness.model import Lane, PackageOutcome, PackageResult, Record, RunSettings
from harness.model.record import outcome_of, with_failures
from harness.model.selection import enters, exactly, selects


def narrowed(record: Record, wanted: RunSettings) -> Record | None:
    """The part of a record that is about the benchmarks of a question.

    Never to be written in place of the record: it has less.

    Args:
        wanted: the question; its packages are not looked at here (:func:`answers`).

    Returns:
        ``None`` if the record does not hold them: it was asked for others, counted otherwise, is
        imported or of another version, or its compiled code was not read.
    """
    there = record.settings
    read = record.functions or record.unread or not record.benchmarks()
    if (
        record.harness != __version__
        or there.alloc_benchtime != wanted.alloc_benchtime
        or not there.covers(wanted)
        or not read
    ):
        return None
    packages = tuple(_counted(narrowed_package(p, wanted.bench)) for p in record.packages)
    if packages == record.packages:
        return record
    wanted_names = {(p.path, b.name) for p in packages for b in p.benchmarks}
    errors = with_failures((e for e in record.errors if e.stage != "run"), packages)
    return replace(
        record,
        settings=replace(there, bench=wanted.bench),
        packages=packages,
        errors=errors,
        outcome=outcome_of(packages, errors),
        accounts=tuple(a for a in record.accounts if (a.package, a.benchmark) in wanted_names),
        # Another benchmark may have executed them.
        executions=record.executions if there.bench == wanted.bench else (),
    )


def narrowed_package(package: PackageResult, bench: str) -> PackageResult:
    """A package's result, reduced to the benchmarks that an expression selects."""
    benchmarks = tuple(b for b in package.benchmarks if selects(bench, b.name))
    failures = tuple(f for f in package.failures if not f.name or enters(bench, f.name))
    if (benchmarks, failures) == (package.benchmarks, package.failures):
        return package
    if benchmarks or failures or package.outcome is PackageOutcome.BUILD_FAILED:
        return replace(package, benchmarks=benchmarks, failures=failures)
    return replace(
        package, outcome=PackageOutcome.NOT_SELECTED, key="", carried_from=None, benchmarks=(),
        failures=(), raw=None,
    )  # fmt: skip


def _counted(package: PackageResult) -> PackageResult:
    """A package's result without the failures of the time lane, which matter to no count."""
    failures = tuple(f for f in package.failures if f.lane is Lane.ALLOCATION)
    return package if failures == package.failures else replace(package, failures=failures)


def answers(record: Record, wanted: RunSettings) -> bool:
    """Return whether a narrowed record leaves nothing to measure of a question."""
    failed = any(p.failures for p in record.packages)
    # A module that Go refuses may lack the network; a package that it refuses is as it is.
    refused = any(e.stage == "module" for e in record.errors)
    return record.settings.packages == wanted.packages and not failed and not refused


def none_matched(record: Record) -> bool:
    """Return whether there are benchmarks and the settings select none of them."""
    declaring = [p for p in record.packages if p.declared]
    tried = [p for p in declaring if p.failures or p.outcome is PackageOutcome.BUILD_FAILED]
    return bool(declaring) and not tried and not record.benchmarks()


def retried(package: PackageResult, bench: str) -> str:
    """The expression that selects the failed benchmarks of a package; empty without any."""
    functions = {f.name.split("/", 1)[0] for f in package.failures}
    return bench if "" in functions else exactly(sorted(functions))
