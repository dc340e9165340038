"""``esv publish``: write the site from the records."""

import gc
import sys
from datetime import UTC, datetime
from pathlib import Path

from harness.analysis.history.history import History
from harness.analysis.verdict.findings import findings
from harness.analysis.verdict.news import compared
from harness.analysis.verdict.regressions import Standard, to_look_at
from harness.cli.context import configuration
from harness.cli.lookup import newest_policy
from harness.cli.options import PublishOptions
from harness.cli.publishing import Publishing, require_records
from harness.engine.session import Session
from harness.errors import EXIT_CLEAN, EscapeVelocityError
from harness.outputs.nightly.report import stopped_text
from harness.outputs.site.publish import SiteReport
from harness.outputs.text.format import plural
from harness.outputs.text.terminal import finding_lines

_FINDINGS = 3


def run(options: PublishOptions) -> int:
    """Write the site and name what to look at first."""
    # A long history is millions of objects without a cycle: looking for some takes half the time.
    gc.disable()
    config = configuration(options)
    output = Path(options.html_dir).resolve() if options.html_dir else config.html_dir
    require_records(config)
    with Session(config) as session:
        standard = _standard(session)
        publishing = Publishing(session, output)
        done = publishing.publish(standard)
    if not options.quiet:
        lines = _summary(publishing.histories[0], done, options, standard)
        if session.store.set_aside:
            number = plural(len(session.store.set_aside), "record")
            lines += ["", f"set aside: {number} that cannot be read; see esv check"]
        print("\n".join(lines), flush=True)
    return EXIT_CLEAN


def _standard(session: Session) -> Standard:
    """The policy by which histories are judged today; a warning if it cannot be read."""
    try:
        return Standard.on(newest_policy(session), datetime.now(UTC).date())
    except EscapeVelocityError as err:
        print(f"warning: {err}; nothing counts as waived", file=sys.stderr)
        return Standard(problem=str(err))


def _summary(
    history: History, done: SiteReport, options: PublishOptions, standard: Standard
) -> list[str]:
    """The place of the site, and the findings to look at first."""
    found, waived = to_look_at(findings(history), standard)
    lines = [
        f"{plural(len(history.records), 'revision')} in {plural(done.pages, 'page')}:"
        f" open {done.index.as_uri()}",
        "or serve it with: esv preview" + (f" --config {options.config}" if options.config else ""),
    ]
    if found:
        first = "the most important of " if len(found) > _FINDINGS else ""
        lines += ["", f"{first}{plural(len(found), 'finding')}:"]
    for number, finding in enumerate(found[:_FINDINGS], 1):
        lines += finding_lines(finding, history.by_hash[finding.revision], number)
    if not found:
        newer, _ = compared(history, ())
        lines += [
            "",
            f"no finding in {plural(newer, 'revision')} compared with an earlier one"
            if newer
            else "nothing to compare with yet: the baseline is recorded",
        ]
    if history.stopped is not None:
        lines += ["", f"warning: {stopped_text(history.stopped)}"]
    if waived:
        lines += ["", f"left out: {plural(len(waived), 'regression')} waived by the policy"]
    return lines
