"""Records as bytes and as files."""

from __future__ import annotations

import gzip
import json
import os
import stat
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harness.errors import RecordWarning, StoreError
from harness.model import RECORD_SCHEMA, Environment, Machine, Record
from harness.store import RecordStore, key_of
from harness.store.codec import Shared, decode
from harness.store.encoding import encode
from harness.store.files import write_atomic
from tests.account_builders import make_account, make_place
from tests.builders import make_benchmark, make_hash, make_package, make_record, make_site

# Text that UTF-8 can hold: what the harness reads has been decoded with replacement.
TEXT = st.text(st.characters(codec="utf-8"), max_size=12)
RECORDS = st.builds(Record, schema=st.just(RECORD_SCHEMA))
for _type, _strategy in (
    (str, TEXT),
    (float, st.floats(allow_nan=False, allow_infinity=False)),
    (int, st.integers(-(2**62), 2**62)),
):
    st.register_type_strategy(_type, _strategy)


def first_member(data: bytes) -> Any:
    """What the file begins with; the members behind it are a line each."""
    return json.loads(gzip.decompress(data).splitlines()[0])


def sample(number: int = 3) -> Record:
    packages = [make_package(benchmarks=[make_benchmark("BenchmarkX/a=1", 2, 64, (1e-6, 2e-6))])]
    return make_record(number, packages, escapes=[make_site()])


@settings(max_examples=150, suppress_health_check=list(HealthCheck))
@given(RECORDS)
def test_a_record_comes_back_as_it_was(record: Record) -> None:
    data = encode(record)
    assert decode(data, "x") == record
    assert encode(decode(data, "x")) == data


@settings(max_examples=200)
@given(st.data())
def test_damaged_bytes_are_an_error_and_never_another_record(data: st.DataObject) -> None:
    record = sample()
    whole = encode(record)
    kind = data.draw(st.sampled_from(["cut", "flip", "insert"]))
    at = data.draw(st.integers(0, len(whole) - 1))
    if kind == "cut":
        damaged = whole[:at]
    elif kind == "flip":
        damaged = whole[:at] + bytes([whole[at] ^ (1 << data.draw(st.integers(0, 7)))])
        damaged += whole[at + 1 :]
    else:
        damaged = whole[:at] + data.draw(st.binary(min_size=1, max_size=9)) + whole[at:]
    try:
        found = decode(damaged, "results/m/x.esv.gz")
    except StoreError as err:
        assert str(err).startswith("results/m/x.esv.gz: ")
        assert len(str(err).splitlines()) == 1
    else:
        assert found == record, "only the gzip header was damaged"


@given(st.binary(max_size=60))
def test_other_bytes_are_an_error(data: bytes) -> None:
    for damaged in (data, gzip.compress(data), gzip.compress(b"{" + data), b"\x1f\x8b" + data):
        with pytest.raises(StoreError):
            decode(damaged, "x")


def test_a_record_of_a_newer_harness_says_so() -> None:
    document = first_member(encode(sample()))
    document.update(schema=RECORD_SCHEMA + 1, record={"another": "form"})
    with pytest.raises(StoreError, match=r"newer harness.*upgrade"):
        decode(gzip.compress(json.dumps(document).encode()), "x")


def test_fields_that_are_missing_or_of_another_type_are_damage() -> None:
    document = first_member(encode(sample()))
    del document["record"]["revision"]["hash"]
    with pytest.raises(StoreError, match=r"damaged record.*revision"):
        decode(gzip.compress(json.dumps(document).encode()), "x")


@pytest.mark.parametrize("places", [[7], [-1], [0], []], ids=str)
def test_a_layout_that_does_not_fit_is_damage(places: list[int]) -> None:
    data = encode(sample())
    document = first_member(data)
    document["layout"]["escapes" if places else "numbers"] = places
    start = sum(member["size"] for member in document["members"])
    with pytest.raises(StoreError, match=r"damaged record.*layout"):
        decode(gzip.compress(json.dumps(document).encode()) + data[-start:], "x")


def test_a_record_of_the_first_version_is_read() -> None:
    record = sample()
    whole = msgspec.json.encode(replace(record, schema=1))
    assert decode(gzip.compress(whole), "x") == record


def test_what_neighbours_have_in_common_is_one_object() -> None:
    one = replace(sample(3), escapes=(make_site(line=1), make_site(package="p/other")))
    two = replace(sample(4), escapes=(make_site(line=2), make_site(package="p/other")))
    shared = Shared()
    first, second = [decode(encode(r), "x", shared) for r in (one, two)]
    assert (first, second) == (one, two)
    assert first.escapes[1] is second.escapes[1]
    assert first.packages[0].benchmarks[0] is second.packages[0].benchmarks[0]


def test_an_account_without_set_up_is_read() -> None:
    """Of a record that was written before set-up and the calls of the runtime were kept."""
    account = replace(make_account("p", "BenchmarkX", [make_place()]), timed=True)
    record = replace(make_record(1), accounts=(account,))
    document = json.loads(msgspec.json.encode(replace(record, schema=1)))
    (older,) = document["accounts"]
    del older["timed"]
    for name in ("setup_allocs", "setup_bytes", "calls"):
        del older["sites"][0][name]
    read = decode(gzip.compress(json.dumps(document).encode()), "old")
    assert read.accounts == (replace(account, timed=False),)


def test_equal_records_give_equal_bytes() -> None:
    assert encode(sample()) == encode(sample())
    one = replace(
        sample(), environment=Environment(sample().environment.toolchain, {"A": "", "B": ""})
    )
    two = replace(one, environment=Environment(one.environment.toolchain, {"B": "", "A": ""}))
    assert encode(one) == encode(two)


# Files


def test_written_and_read_again(tmp_path: Path) -> None:
    store = RecordStore(tmp_path / "results")
    record = sample()
    path = store.write(record)
    assert path == tmp_path / "results" / "bench-1" / f"{record.revision.hash[:8]}-go1.27.3.esv.gz"
    assert not path.name.endswith(".json")
    assert store.read(key_of(record)) == record
    assert list(store.records()) == [record]
    assert stat.S_IMODE(path.stat().st_mode) == 0o644
    assert list(path.parent.iterdir()) == [path]
    changed = replace(record, duration=99.0)
    assert store.write(changed) == path
    assert store.read(key_of(record)) == changed


def test_keys_do_not_collide(tmp_path: Path) -> None:
    store = RecordStore(tmp_path)
    record = sample()
    others = [
        record,
        replace(record, machine=replace(record.machine, machine="bench-2")),
        replace(record, environment=replace(record.environment, run_variables={"GOGC": "off"})),
        sample(4),
    ]
    for other in others:
        store.write(other)
    assert len(store.paths()) == len(others)
    assert [store.read(key_of(r)) for r in others] == others


def test_a_hash_with_the_same_beginning_is_another_revision(tmp_path: Path) -> None:
    store = RecordStore(tmp_path)
    record = sample()
    store.write(record)
    twin = record.revision.hash[:8] + make_hash("twin")[8:]
    key = replace(key_of(record), revision=twin)
    assert store.read(key) is None
    assert store.path(key) == store.path(key_of(record))


def test_machine_names_stay_inside(tmp_path: Path) -> None:
    machine = Machine("m", "", "", "", "", "")
    record = replace(sample(), machine=machine)
    variables = {"X": "../../evil/../.."}
    record = replace(record, environment=replace(record.environment, build_variables=variables))
    path = RecordStore(tmp_path).write(record)
    assert path.parent == tmp_path / "m"


def test_what_is_not_there(tmp_path: Path) -> None:
    store = RecordStore(tmp_path / "nowhere")
    assert store.paths() == []
    assert store.read(key_of(sample())) is None
    store.remove(sample())
    with pytest.raises(StoreError, match="cannot read"):
        store.read_path(tmp_path / "nowhere")


def test_remove(tmp_path: Path) -> None:
    store = RecordStore(tmp_path)
    store.write(sample())
    store.remove(sample())
    assert store.paths() == []


def test_a_damaged_file_is_named(tmp_path: Path) -> None:
    store = RecordStore(tmp_path)
    path = store.write(sample())
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(StoreError, match=path.name):
        store.read(key_of(sample()))
    with pytest.warns(RecordWarning, match=path.name):
        assert list(store.records()) == []


@pytest.fixture
def read_only(tmp_path: Path) -> Path:
    """A directory that cannot be written: a file is where it would be."""
    path = tmp_path / "file"
    path.write_text("x")
    return path


def test_a_directory_that_cannot_be_made(read_only: Path) -> None:
    with pytest.raises(StoreError, match="cannot write"):
        RecordStore(read_only).write(sample())


@pytest.mark.skipif(os.geteuid() == 0, reason="root writes where it likes")
def test_a_read_only_directory(tmp_path: Path) -> None:
    target = tmp_path / "f"
    target.write_text("old")
    tmp_path.chmod(0o500)
    try:
        with pytest.raises(StoreError, match="cannot write"):
            write_atomic(target, b"new")
    finally:
        tmp_path.chmod(0o700)
    assert target.read_text() == "old"


@pytest.mark.parametrize("step", ["fsync", "replace"])
@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_a_write_that_fails_leaves_the_old_file_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str, error: BaseException
) -> None:
    target = tmp_path / "f"
    write_atomic(target, b"old")

    def fail(*_: object) -> None:
        raise error

    if step == "fsync":
        monkeypatch.setattr(os, "fsync", fail)
    else:
        monkeypatch.setattr(Path, "replace", fail)
    expected = StoreError if isinstance(error, OSError) else KeyboardInterrupt
    with pytest.raises(expected):
        write_atomic(target, b"new")
    assert target.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [target]


def test_a_name_as_long_as_the_file_system_takes(tmp_path: Path) -> None:
    target = tmp_path / ("x" * 255)
    write_atomic(target, b"1")
    assert target.read_bytes() == b"1"
