"""One bad record is named and left alone, and everything else goes on."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

import harness
from harness.errors import NewerRecordError, RecordWarning, StoreError
from harness.model import RECORD_SCHEMA, Lane, PackageResult, Record
from harness.store import RecordReader, RecordStore, key_of
from harness.store.asv.layout import rebuild
from harness.store.encoding import encode
from tests.builders import make_benchmark, make_package, make_record, make_site


def output(package: PackageResult, text: str) -> PackageResult:
    return replace(package, raw={Lane.ALLOCATION: text})


def record(number: int) -> Record:
    """Of two packages, of which one is the same in all records."""
    sites = (make_site(package="example.com/m/q"), make_site(line=number + 3))
    packages = [
        output(make_package(benchmarks=[make_benchmark("BenchmarkA")]), "ok"),
        output(make_package("example.com/m/q"), f"{number}"),
    ]
    return replace(make_record(number, packages), escapes=sites)


@pytest.fixture
def store(tmp_path: Path) -> RecordStore:
    store = RecordStore(tmp_path)
    for number in range(4):
        store.write(record(number))
    return store


def newer(path: Path, number: int = 2) -> None:
    path.write_bytes(encode(replace(record(number), schema=RECORD_SCHEMA + 1)))


def truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-9])


def read_whole(store: RecordStore) -> Iterator[object]:
    return store.records()


def read_numbers(store: RecordStore) -> Iterator[object]:
    return RecordReader(store).records()


def read_for_asv(store: RecordStore) -> Iterator[object]:
    return store.numbers_and_sites()


READERS = [read_whole, read_numbers, read_for_asv]


@pytest.mark.parametrize("read", READERS)
@pytest.mark.parametrize("spoil", [newer, truncate, lambda p: p.write_bytes(b"")])
def test_it_is_named_once_and_the_others_are_read(
    store: RecordStore,
    read: Callable[[RecordStore], Iterator[object]],
    spoil: Callable[[Path], object],
) -> None:
    bad = store.path(key_of(record(2)))
    spoil(bad)
    before = bad.read_bytes()
    with pytest.warns(RecordWarning) as caught:
        found = list(read(store))
    (warning,) = (w for w in caught if w.category is RecordWarning)
    assert str(warning.message).startswith(f"record set aside: {bad}: ")
    assert len(found) == 3
    assert list(store.set_aside) == [bad]
    with warnings.catch_warnings():
        warnings.simplefilter("error", RecordWarning)
        assert len(list(read(store))) == 3  # not named again
    assert bad.read_bytes() == before
    bad.unlink()
    store.write(record(2))
    assert len(list(read(store))) == 4
    assert store.set_aside == {}


@pytest.mark.parametrize("read", READERS)
def test_a_bit_that_flipped_is_found_wherever_it_is(
    store: RecordStore, read: Callable[[RecordStore], Iterator[object]]
) -> None:
    """Also in a part that a neighbour has, too, or that this reader has no use for."""
    bad = store.path(key_of(record(2)))
    data = bad.read_bytes()
    starts = [n for n in range(len(data)) if data.startswith(b"\x1f\x8b\x08", n)]
    assert len(starts) == 6
    # Of each gzip member the middle of its content: its header has nothing that is checked.
    places = [(a + 10 + b - 8) // 2 for a, b in zip(starts, [*starts[1:], len(data)], strict=True)]
    for place in (*places, len(data) - 6):
        bad.write_bytes(data[:place] + bytes([data[place] ^ 4]) + data[place + 1 :])
        with pytest.warns(RecordWarning, match=bad.name):
            assert len(list(read(store))) == 3, place
        bad.write_bytes(data)
        assert len(list(read(store))) == 4


def test_a_member_of_another_record_in_its_place_is_found(store: RecordStore) -> None:
    one, two = (store.path(key_of(record(n))) for n in (1, 2))
    sizes = [m.size for m in store.open(two).core.members]
    assert sizes == [m.size for m in store.open(one).core.members]
    two.write_bytes(two.read_bytes()[: -sum(sizes)] + one.read_bytes()[-sum(sizes) :])
    with pytest.warns(RecordWarning, match="another one than the first names"):
        assert len(list(store.records())) == 3


def test_a_file_is_verified_again_where_it_is_another(store: RecordStore) -> None:
    reader = RecordReader(store)
    assert len(list(reader.records())) == 4
    bad = store.path(key_of(record(2)))
    data = bad.read_bytes()
    bad.write_bytes(data[:-9] + bytes([data[-9] ^ 1]) + data[-8:])
    again = RecordReader(store, reader.verified)
    with pytest.warns(RecordWarning, match=bad.name):
        assert len(list(again.records())) == 3


def test_of_a_revision_another_record_serves(store: RecordStore) -> None:
    first = record(2)
    other = replace(first, machine=replace(first.machine, machine="other"))
    path = store.path(key_of(first))
    truncate(path)
    with pytest.raises(StoreError, match=path.name):
        store.of_revision(first.revision.hash)
    store.write(other)
    with pytest.warns(RecordWarning, match=path.name):
        assert store.of_revision(first.revision.hash) == [other]


def test_only_a_damaged_record_may_be_replaced(store: RecordStore) -> None:
    key = key_of(record(2))
    store.require_replaceable(key)
    truncate(store.path(key))
    store.require_replaceable(key)
    store.path(key).unlink()
    store.require_replaceable(key)
    newer(store.path(key))
    with pytest.raises(NewerRecordError, match="newer harness"):
        store.require_replaceable(key)


def test_what_asv_has_of_it_stays(store: RecordStore) -> None:
    rebuild(store)
    bad, gone = (store.path(key_of(record(n))) for n in (1, 2))
    truncate(bad)
    gone.unlink()
    with pytest.warns(RecordWarning, match=bad.name):
        done = rebuild(store, prune=True, force=True)
    files = [p.with_name(p.name.removesuffix(".esv.gz") + ".json") for p in (bad, gone)]
    assert [p.is_file() for p in files] == [True, False]
    assert done.removed == (files[1],)


def test_frames_are_made_of_the_others(store: RecordStore) -> None:
    bad = store.path(key_of(record(2)))
    truncate(bad)
    with pytest.warns(RecordWarning, match=bad.name):
        results = harness.open_results(store.directory)
    assert len(results.histories[0].records) == 3
    assert results.frame("values")["revision"].nunique() == 3


def test_files_that_nobody_touched_are_verified_once(store: RecordStore) -> None:
    """A stamp that is the same is trusted, or publishing would unpack the whole history again."""
    reader = RecordReader(store)
    list(reader.records())
    bad = store.path(key_of(record(2)))
    stamp, data = bad.stat(), bad.read_bytes()
    with bad.open("r+b") as stream:
        stream.write(data[:-9] + bytes([data[-9] ^ 1]) + data[-8:])
    os.utime(bad, ns=(stamp.st_atime_ns, stamp.st_mtime_ns))
    again = RecordReader(store, reader.verified)
    assert len(list(again.records())) == 4
    assert again.verified == reader.verified
