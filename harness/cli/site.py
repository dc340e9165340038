"""``esv publish``."""

from __future__ import annotations

import argparse
import gc
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

from harness.analysis.history.history import History
from harness.analysis.verdict.findings import findings
from harness.analysis.verdict.news import compared
from harness.analysis.verdict.regressions import Standard, to_look_at
from harness.cli.context import configuration
from harness.cli.gate import newest_policy
from harness.cli.publishing import Publishing, require_records
from harness.config import Config
from harness.engine.session import Session
from harness.errors import EXIT_CLEAN, EscapeVelocityError, StoreError
from harness.model import Record
from harness.outputs.nightly.report import stopped_text
from harness.outputs.site.publish import SiteReport
from harness.outputs.text.format import minute, plural
from harness.outputs.text.terminal import finding_lines
from harness.store import RecordStore

_FINDINGS = 3


def publish_site(arguments: argparse.Namespace) -> int:
    """Write the site from the records."""
    # A long history is millions of objects without a cycle: looking for some takes half the time.
    gc.disable()
    config = configuration(arguments)
    output = Path(arguments.html_dir).resolve() if arguments.html_dir else config.html_dir
    require_records(config)
    with Session(config) as session:
        standard = standard_of(session)
        publishing = Publishing(session, output)
        done = publishing.publish(standard)
    if not arguments.quiet:
        lines = _summary(publishing.histories[0], done, arguments, standard)
        if session.store.set_aside:
            number = plural(len(session.store.set_aside), "record")
            lines += ["", f"set aside: {number} that cannot be read; see esv check"]
        print("\n".join(lines), flush=True)
    return EXIT_CLEAN


def standard_of(session: Session) -> Standard:
    """By what the histories of a project are judged today; a policy that cannot be read is said."""
    try:
        return Standard.on(newest_policy(session), datetime.now(UTC).date())
    except EscapeVelocityError as err:
        print(f"warning: {err}; nothing counts as waived", file=sys.stderr)
        return Standard(problem=str(err))


def _summary(
    history: History, done: SiteReport, arguments: argparse.Namespace, standard: Standard
) -> list[str]:
    """Where the site is, and what to look at first."""
    found, waived = to_look_at(findings(history), standard)
    lines = [
        f"{plural(len(history.records), 'revision')} in {plural(done.pages, 'page')}:"
        f" open {done.index.as_uri()}",
        "or serve it with: esv preview"
        + (f" --config {arguments.config}" if arguments.config else ""),
    ]
    if found:
        lines += ["", f"the most important of {plural(len(found), 'finding')}:"]
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


def _future(path: Path, record: Record, now: float) -> list[str]:
    """What of a record lies in the future; git takes any date, and clocks may be ahead."""
    told = (("measured", record.started), ("committed", record.revision.date))
    return [f"{path.name}: {word} in the future ({minute(at)})" for word, at in told if at > now]


def check_store(config: Config) -> tuple[list[str], list[str]]:
    """What is wrong with records on disk, and what is to be known of them."""
    problems, notes = [], []
    store = RecordStore(config.results_dir, config.hash_length)
    for path in store.paths():
        try:
            record = store.read_path(path)
        except StoreError as err:
            problems.append(str(err))
            continue
        notes += _future(path, record, time.time())
        if record.unread:
            packages = ", ".join(e.package for e in record.unread)
            notes.append(
                f"{path.name}: compiled code of {packages} not read: {record.unread[0].message}"
            )
        if record.unparsed:
            first = record.unparsed[0]
            where = f"{first.position}: " if first.position else ""
            problems.append(
                f"{path}: {plural(len(record.unparsed), 'heap-related line')} of"
                f" {record.environment.toolchain.release} not understood, the first:"
                f" {where}{first.text}; measure it again with a newer escape-velocity, or report it"
            )
    return problems, notes
