"""Accounts that were made before, so that none is made twice."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from harness.model import Account, Record


class AccountCache:
    """Accounts by environment, key of the package and benchmark.

    An equal test binary allocates the same on the same lines, whatever revision it is of.
    """

    def __init__(self) -> None:
        self._accounts: dict[tuple[str, str, str], Account] = {}

    def add(self, record: Record) -> None:
        """Add the accounts of a record."""
        keys = {p.path: p.key for p in record.packages}
        for account in record.accounts:
            key = keys.get(account.package)
            if key:
                self._accounts[record.environment.name, key, account.benchmark] = account

    def look_up(
        self,
        record: Record,
        benchmarks: Iterable[tuple[str, str]],
        is_current: Callable[[Account], bool],
    ) -> tuple[list[Account], list[tuple[str, str]]]:
        """The accounts that a record lacks of these benchmarks: those in the cache, those to make.

        Args:
            benchmarks: ``(import path, full name)``, also such as the record does not have.
            is_current: whether an account has today's form.
        """
        keys = {p.path: p.key for p in record.packages}
        in_record = {(path, b.name) for path, b in record.benchmarks()}
        found: list[Account] = []
        missing: list[tuple[str, str]] = []
        for benchmark in dict.fromkeys(benchmarks):
            account = record.account(*benchmark)
            if benchmark not in in_record or (account is not None and is_current(account)):
                continue
            cached = self._accounts.get((record.environment.name, keys[benchmark[0]], benchmark[1]))
            if cached is None or not is_current(cached):
                missing.append(benchmark)
            else:
                found.append(cached)
        return found, missing


def with_accounts(record: Record, made: Sequence[Account]) -> Record:
    """The record with these accounts in place of the former ones of their benchmarks."""
    replaced = {(a.package, a.benchmark) for a in made}
    others = [a for a in record.accounts if (a.package, a.benchmark) not in replaced]
    return replace(record, accounts=(*others, *made))
