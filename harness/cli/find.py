"""``esv find``: bisect a step between two revisions to its commit."""

from harness.cli.context import emit, open_session
from harness.cli.options import FindOptions
from harness.engine.jobs.bisect import find_step
from harness.errors import EXIT_CLEAN, UsageError
from harness.outputs.text.format import json_text, one_line, plural, value, visible, with_unit


def run(options: FindOptions) -> int:
    """Bisect along the first parents and name the commit."""
    base, separator, head = options.range.partition("..")
    if not separator:
        raise UsageError(f"{options.range!r} is not a range A..B")
    with open_session(options, bench=options.bench) as (session, _):
        first, last = session.resolve(base or "HEAD"), session.resolve(head or "HEAD")
        inside = list(reversed(session.repository.range(f"{first}..{last}")))
        if not inside:
            raise UsageError(f"the range {options.range!r} has no revisions")
        spec = session.environments([options.go] if options.go else ())[0]
        found = find_step(session, spec, [first, *inside], options.unit)
    bad = found.bad.revision
    if options.format == "json":
        ends = {"revision": bad.hash, "previous": found.good.revision.hash}
        names = ("between", "package", "benchmark", "unit", "before", "after", "looked_at")
        own = {name: getattr(found, name) for name in names}
        document = {"schema": "esv.find/1", **ends, **own}
        emit(options, json_text(document))
        return EXIT_CLEAN
    lines = [
        f"{visible(found.package)} {visible(found.benchmark)}:"
        f" {value(found.before, found.unit)} → {with_unit(found.after, found.unit)}",
        f"at {bad.hash} {visible(one_line(bad.subject, 80))}",
    ]
    if found.between:
        lines.append(
            f"or in one of {plural(len(found.between), 'commit')} before it without a value:"
            f" {', '.join(h[:8] for h in found.between)}"
        )
    lines.append(f"{found.looked_at} of {plural(len(inside) + 1, 'revision')} looked at")
    lines.append(f"why: esv explain {bad.short} --bench '^{found.benchmark.split('/')[0]}'")
    emit(options, "\n".join(lines) + "\n")
    return EXIT_CLEAN
