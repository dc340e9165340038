"""``esv publish``."""

from __future__ import annotations

import argparse
import gc
import sys
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from harness.analysis import History, findings
from harness.analysis.regressions import Standard, to_look_at
from harness.cli.context import configuration
from harness.cli.gate import newest_policy
from harness.config import Config
from harness.engine import Session
from harness.errors import EXIT_CLEAN, EscapeVelocityError, StoreError, UsageError
from harness.model import CodePart, Record
from harness.outputs.dashboard import SiteReport, publish
from harness.outputs.format import plural
from harness.outputs.terminal import finding_lines
from harness.store import RecordKey, RecordReader, RecordStore

_FINDINGS = 3


def publish_site(arguments: argparse.Namespace) -> int:
    """Write the site from the records."""
    # A long history is millions of objects without a cycle: looking for some takes half the time.
    gc.disable()
    config = configuration(arguments)
    output = Path(arguments.html_dir).resolve() if arguments.html_dir else config.html_dir
    histories = load_histories(config)
    with Session(config) as session:
        standard = standard_of(session)
        done = publish(
            histories,
            output,
            project=config.project,
            commit_url=config.show_commit_url,
            sources=session.repository.file_bytes,
            standard=standard,
        )
    if not arguments.quiet:
        print("\n".join(_summary(histories[0], done, arguments, standard)), flush=True)
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
    if waived:
        lines += ["", f"left out: {plural(len(waived), 'regression')} waived by the policy"]
    return lines


def load_histories(config: Config) -> list[History]:
    """One history for each machine, environment and branch.

    That of the environment with the newest record comes first, its branches as they are configured.
    As in asv, a branch has what it shares with others, too: it is a history of its own.

    Raises:
        StoreError: a record cannot be read.
        UsageError: there are none.
    """
    groups: dict[tuple[str, str], list[Record]] = {}
    reader = RecordReader(RecordStore(config.results_dir, config.hash_length))
    for record in reader.records():
        key = (record.machine.machine, record.environment.name)
        groups.setdefault(key, []).append(record)
    if not groups:
        raise UsageError(f"no records in {config.results_dir}; measure something first (`esv run`)")
    with Session(config) as session:
        lines = session.branch_lines()
    several = len(lines) > 1
    newest_first = sorted(
        groups.items(), key=lambda item: max(r.started for r in item[1]), reverse=True
    )
    histories = [
        replace(
            History.build(records, line, partial(_parts, reader, *key)),
            branch=branch if several else "",
            beside=number > 0,
        )
        for key, records in newest_first
        for number, (branch, line) in enumerate(lines)
    ]
    histories = [h for h in histories if h.records]
    if not histories:
        raise UsageError("none of the recorded revisions is on a configured branch")
    return histories


def _parts(
    reader: RecordReader, machine: str, environment: str, revision: str
) -> dict[str, CodePart]:
    return reader.parts(RecordKey(machine, revision, environment))


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
