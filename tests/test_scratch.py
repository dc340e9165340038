"""What lasts as long as a command ends with it, or is swept by the next one of its kind."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness import scratch
from harness.scratch import scratch_directory, scratch_file
from harness.store.files import write_atomic

PREFIX = ".esv-new-"
# Makes one of each, says so, and waits to be killed.
HOLDER = """
import sys, time
from pathlib import Path
from harness.scratch import scratch_directory, scratch_file
place = Path(sys.argv[1])
with scratch_directory(place, "esv-") as made, scratch_file(place, ".esv-new-"):
    (made / "deep").mkdir()
    (made / "deep" / "file").write_bytes(b"x")
    print("made", flush=True)
    time.sleep(60)
"""


@pytest.fixture(autouse=True)
def as_in_a_new_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scratch, "_swept", set())


@pytest.fixture
def holder(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that has a directory and a file."""
    command = [sys.executable, "-c", HOLDER, str(tmp_path)]
    root = Path(scratch.__file__).parents[1]
    with subprocess.Popen(command, cwd=root, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "made\n"
        yield child
        child.kill()


def make_both(place: Path) -> None:
    with scratch_directory(place, "esv-"):
        pass
    write_atomic(place / "kept", b"kept")


def test_what_a_living_process_has_stays(tmp_path: Path, holder: subprocess.Popen[str]) -> None:
    before = sorted(tmp_path.iterdir())
    assert len(before) == 2
    make_both(tmp_path)
    assert sorted(tmp_path.iterdir()) == [*before, tmp_path / "kept"]


def test_what_a_killed_process_had_is_swept(tmp_path: Path, holder: subprocess.Popen[str]) -> None:
    (tmp_path / "mine.new").write_bytes(b"of the user")
    holder.kill()
    holder.wait()
    assert len(list(tmp_path.iterdir())) == 3
    make_both(tmp_path)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["kept", "mine.new"]


def test_it_is_gone_also_after_an_error(tmp_path: Path) -> None:
    with pytest.raises(KeyError), scratch_directory(tmp_path / "deep", "esv-") as place:
        (place / "file").write_bytes(b"x")
        raise KeyError
    with pytest.raises(KeyError), scratch_file(tmp_path / "deep", PREFIX):
        raise KeyError
    assert list((tmp_path / "deep").iterdir()) == []


def test_what_was_renamed_stays(tmp_path: Path) -> None:
    with scratch_directory(tmp_path, "esv-") as place:
        place.rename(tmp_path / "result")
    assert (tmp_path / "result").is_dir()
    make_both(tmp_path)
    assert (tmp_path / "result").is_dir()


def test_many_at_once_take_nothing_from_each_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each sweeps before it makes its own, as processes that begin at one moment do."""
    missing: list[int] = []

    class Never(set[object]):
        def __contains__(self, item: object) -> bool:
            return False

    monkeypatch.setattr(scratch, "_swept", Never())

    def work(number: int) -> None:
        for _ in range(30):
            with scratch_directory(tmp_path, "esv-") as place:
                (place / "file").write_bytes(b"x")
                if not (place / "file").is_file():
                    missing.append(number)
            write_atomic(tmp_path / f"{number}", b"x")

    threads = [threading.Thread(target=work, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert missing == []
    assert sorted(p.name for p in tmp_path.iterdir()) == ["0", "1", "2", "3"]
