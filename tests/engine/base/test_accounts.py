"""Accounts that a session knows."""

from __future__ import annotations

from dataclasses import replace

from harness.engine.base.accounts import AccountCache, with_accounts
from harness.model import Account, Record
from tests.builders import MODULE, make_benchmark, make_package, make_record

P = f"{MODULE}/p"


def record(number: int, key: str, *accounts: Account) -> Record:
    package = make_package(P, [make_benchmark("BenchmarkA"), make_benchmark("BenchmarkB")])
    return replace(make_record(number, [replace(package, key=key)]), accounts=accounts)


def account(benchmark: str, allocs: float, *, timed: bool = True) -> Account:
    return Account(P, benchmark, (), allocs, 0.0, True, timed)


def is_timed(account: Account) -> bool:
    return account.timed


def test_an_equal_binary_has_the_account_of_another_revision() -> None:
    cache, first = AccountCache(), account("BenchmarkA", 1)
    cache.add(record(1, "same", first))
    both = [(P, "BenchmarkA"), (P, "BenchmarkB"), (P, "BenchmarkA"), (P, "BenchmarkGone")]
    assert cache.look_up(record(2, "same"), both, is_timed) == ([first], [(P, "BenchmarkB")])
    assert cache.look_up(record(2, "other"), both, is_timed) == ([], both[:2])
    there = record(2, "same", account("BenchmarkA", 2))
    assert cache.look_up(there, both, is_timed) == ([], [(P, "BenchmarkB")])


def test_an_account_of_an_older_form_is_made_again() -> None:
    cache, old = AccountCache(), account("BenchmarkA", 1, timed=False)
    cache.add(record(1, "same", old))
    wanted = [(P, "BenchmarkA")]
    assert cache.look_up(record(1, "same", old), wanted, is_timed) == ([], wanted)
    assert cache.look_up(record(2, "same"), wanted, lambda a: True) == ([old], [])


def test_a_new_account_takes_the_place_of_the_old() -> None:
    old, other, new = account("BenchmarkA", 1), account("BenchmarkB", 1), account("BenchmarkA", 2)
    assert with_accounts(record(1, "k", old, other), [new]).accounts == (other, new)
