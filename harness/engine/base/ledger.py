"""Which accounts a session knows, so that none is made twice."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from harness.model import Account, Record


class Ledger:
    """Accounts by environment, key of the package and benchmark.

    An equal test binary allocates the same on the same lines, whatever revision it is of.
    """

    def __init__(self) -> None:
        self._known: dict[tuple[str, str, str], Account] = {}

    def remember(self, record: Record) -> None:
        """Take note of the accounts that a record has."""
        keys = {p.path: p.key for p in record.packages}
        for account in record.accounts:
            key = keys.get(account.package)
            if key:
                self._known[record.environment.name, key, account.benchmark] = account

    def look_up(
        self,
        record: Record,
        benchmarks: Iterable[tuple[str, str]],
        is_current: Callable[[Account], bool],
    ) -> tuple[list[Account], list[tuple[str, str]]]:
        """What a record lacks of these benchmarks: accounts that are known, and what is to be made.

        Args:
            record: of the revision.
            benchmarks: ``(import path, full name)``; what the record does not have is passed over.
            is_current: whether an account has today's form.
        """
        keys = {p.path: p.key for p in record.packages}
        there = {(path, b.name) for path, b in record.benchmarks()}
        found: list[Account] = []
        wanted: list[tuple[str, str]] = []
        for benchmark in dict.fromkeys(benchmarks):
            account = record.account(*benchmark)
            if benchmark not in there or (account is not None and is_current(account)):
                continue
            known = self._known.get((record.environment.name, keys[benchmark[0]], benchmark[1]))
            if known is None or not is_current(known):
                wanted.append(benchmark)
            else:
                found.append(known)
        return found, wanted


def with_accounts(record: Record, made: Sequence[Account]) -> Record:
    """The record with these accounts, in place of what it had of their benchmarks."""
    fresh = {(a.package, a.benchmark) for a in made}
    kept = [a for a in record.accounts if (a.package, a.benchmark) not in fresh]
    return replace(record, accounts=(*kept, *made))
