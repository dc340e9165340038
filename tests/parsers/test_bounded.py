"""A small file that unpacks to a large one costs a bounded amount of memory, and an error."""

from __future__ import annotations

import gzip
import io
import json
import resource
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from harness.errors import MeasurementError, StoreError
from harness.gobench.pprof import _MOST_BYTES, read_heap_profile
from harness.inflate import Budget
from harness.model import Lane
from harness.store.codec import decode
from harness.store.encoding import _MOST_OUTPUT, encode
from harness.store.files import MOST_BYTES, read_bytes
from tests.parsers.targets import record_sample

_LIMIT = 3 << 30


def bomb(size: int) -> bytes:
    """A gzip file of so many zeros."""
    file = io.BytesIO()
    with gzip.GzipFile(fileobj=file, mode="wb", compresslevel=9) as stream:
        for _ in range(size >> 20):
            stream.write(bytes(1 << 20))
    return file.getvalue()


def test_a_budget_is_for_all_that_is_unpacked() -> None:
    budget = Budget(100)
    assert budget.gunzip(gzip.compress(bytes(60))) == bytes(60)
    with pytest.raises(ValueError, match="unpacks to more than 100 bytes"):
        budget.gunzip(gzip.compress(bytes(41)))
    assert budget.member(gzip.compress(bytes(40)) + b"rest")[0] == bytes(40)
    with pytest.raises(ValueError, match="too early"):
        Budget(100).gunzip(gzip.compress(bytes(60))[:-1])


def test_a_profile_that_unpacks_to_more_than_there_may_be() -> None:
    with pytest.raises(MeasurementError, match=r"X: .* unpacks to more than 67,108,864 bytes"):
        read_heap_profile(bomb(_MOST_BYTES + (1 << 20)), "X")


def test_a_file_that_is_larger_than_any_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "record"
    with path.open("wb") as file:
        file.truncate(MOST_BYTES + 1)
    with pytest.raises(StoreError, match="more than 512 MiB"):
        read_bytes(path)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["profile", "record"])
def test_two_gibibytes_are_refused_within_bounded_memory(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "bomb"
    path.write_bytes(bomb(2 << 30))
    program = (
        "import sys, pathlib\n"
        "from harness.errors import EscapeVelocityError\n"
        "from harness.gobench.pprof import read_heap_profile as profile\n"
        "from harness.store.codec import decode as record\n"
        "try:\n"
        f"    {kind}(pathlib.Path(sys.argv[1]).read_bytes(), 'x')\n"
        "except EscapeVelocityError as err:\n"
        "    print(err)\n"
    )
    limits = lambda: resource.setrlimit(resource.RLIMIT_AS, (_LIMIT, _LIMIT))  # noqa: E731
    done = subprocess.run(
        [sys.executable, "-c", program, path], capture_output=True, text=True, preexec_fn=limits
    )
    assert "unpacks to more than" in done.stdout, done.stderr


def test_output_without_end_leaves_a_record_that_can_be_read() -> None:
    record = record_sample()
    text = "x" * (_MOST_OUTPUT + 10)
    packages = (replace(record.packages[0], raw={Lane.TIME: text}), *record.packages[1:])
    raw = decode(encode(replace(record, packages=packages)), "x").packages[0].raw
    assert raw is not None
    assert raw[Lane.TIME].startswith("x" * _MOST_OUTPUT)
    assert raw[Lane.TIME].endswith("# 10 characters are left out\n")


def test_members_of_a_negative_size() -> None:
    core, *rest = gzip.decompress(encode(record_sample())).splitlines()
    document = json.loads(core)
    document["members"][0]["size"] = -1
    data = gzip.compress(json.dumps(document).encode()) + gzip.compress(b"\n".join(rest))
    with pytest.raises(StoreError, match="negative size"):
        decode(data, "x")
