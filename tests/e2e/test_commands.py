"""Every command line that the documents show is run, and every option of every verb."""

from __future__ import annotations

import os
import re
import shlex
import signal
import subprocess
import urllib.request
from dataclasses import fields
from itertools import pairwise

import pytest

from harness.cli.main import VERBS
from tests.commands import DOCUMENTS, blocks, documented, in_tests
from tests.conftest import ROOT
from tests.e2e.support import Project, Run, command, head

# What stands for something in the documents, and what the fixture has for it. From v1.2.0 to
# v1.3.0, its 46th commit, one benchmark goes from 0 to 12 allocs/op: Services, of query.
WORDS = {
    "A": "v1.2.0",
    "B": "v1.3.0",
    "A..B": "HEAD~6..HEAD",
    "COMMIT": "v1.3.0",
    "FILE": "old.txt",
    "HEAD~20..HEAD": "HEAD~2..HEAD",
    "Parse": "Services",
    "RE": "Services",
    "REV": "v1.3.0",
    "REV^!": "v1.3.0^!",
    "VERB": "steps",
    "[DIR]": ".",
    "[RANGE]": "HEAD^!",
    "[REV|RANGE]": "HEAD~3..HEAD",
    "$CI_MERGE_REQUEST_DIFF_BASE_SHA": "v1.2.0",
    "$RUNNER_TEMP/nightly.md": "nightly.md",
}
# What every verb takes.
EVERY = "--config asv.conf.json --quiet --verbose --no-progress"
# Exit codes other than 0, by the words that are run: a regression; a machine too noisy to tell.
CODES = {
    "gate --no-progress --base v1.2.0 --report gitlab=gl-code-quality.json --report junit=gate.xml"
    " --report markdown=gate.md": {1},
    "gate --base v1.2.0 --head v1.3.0 --time": {1, 3},
    f"gate --base v1.2.0 --head v1.3.0 --bench Top --time --benchtime 1x {EVERY}": {0, 3},
}
# What is not run here: why, and the test that runs it.
ELSEWHERE = {
    "run ALL --alloc-only": (
        "the whole history takes a minute",
        "test_timeline.py::test_the_run_says_what_it_did",
    ),
    "gate --base main --base-go 1.26 --go 1.27": (
        "another release of Go has to be fetched, and its library compiled",
        "test_releases.py::test_what_the_code_does_besides",
    ),
}
# Options that neither a document nor another test gives.
MORE = (
    f"init --force {EVERY}",
    f"run HEAD~2..HEAD -k --steps 2 --packages ./query --count 1 --benchtime 1x {EVERY}",
    f"show HEAD --erased --go 1.27.3 --machine e2e --output shown.txt {EVERY}",
    f"compare v1.2.0 v1.3.0 --go 1.27.3 --machine e2e --output compared.txt {EVERY}",
    f"explain v1.3.0 --base v1.2.0 --bench Services --go 1.27.3 --output why.txt {EVERY}",
    f"find v1.2.0..HEAD --bench Services --unit B/op --go 1.27.3 --output found.txt {EVERY}",
    f"steps --unit all --output steps.txt {EVERY}",
    f"gate --base v1.2.0 --head v1.3.0 --bench Top --time --benchtime 1x {EVERY}",
    f"publish --html-dir elsewhere {EVERY}",
    f"preview --port 0 {EVERY}",
    "nightly --alloc-only --no-explain --wait --notify ./tell.sh --notify-env LANG --bench Top"
    f" --packages ./query --go 1.27.3 {EVERY}",
    f"export HEAD --go 1.27.3 --machine e2e --output head.txt {EVERY}",
    f"import old.txt --revision HEAD --package example.com/m --go 1.27.3 --force {EVERY}",
    f"check --go 1.27.3 {EVERY}",
    f"rebuild {EVERY}",
    f"rm HEAD -y --go 1.27.3 --machine e2e {EVERY}",
)
COMMANDS = documented()


def replaced(words: tuple[str, ...]) -> str:
    return shlex.join(WORDS.get(word, word) for word in words)


# What is run, and where it comes from.
HERE = {
    **{replaced(words): where for words, where in COMMANDS.items()},
    **dict.fromkeys(MORE, "MORE"),
}
for _line in ELSEWHERE:
    HERE.pop(_line, None)


@pytest.mark.parametrize("line", HERE, ids=[line[:70] for line in HERE])
def test_a_command_ends_as_it_should(place: Project, line: str) -> None:
    words = shlex.split(line)
    verb = words[0]
    if verb == "nightly":  # has something to measure
        (newest,) = [r for r in place.store().records() if r.revision.hash == head(place.repo)]
        place.store().remove(newest)
    if verb == "preview":
        return serve(place, words)
    if verb == "rm" and "-y" not in words:
        run = confirmed(place, words)
    else:
        cwd = place.repo if verb == "init" else place.directory
        run = place.esv(*words, cwd=cwd)
    assert run.code in CODES.get(line, {0}), (HERE[line], run)
    assert "warning" not in run.err, run.err
    for flag, value in pairwise(words):
        if flag in ("--output", "--report"):
            assert (place.directory / value.rpartition("=")[2]).stat().st_size, value
    return None


def confirmed(place: Project, words: list[str]) -> Run:
    """A command that asks, with a terminal on which somebody says yes."""
    ours, theirs = os.openpty()
    os.write(ours, b"y\n")
    with os.fdopen(theirs) as terminal:
        done = subprocess.run(
            command(*words), cwd=place.directory, env=dict(place.environment), stdin=terminal,
            capture_output=True, text=True, timeout=300, check=False,
        )  # fmt: skip
    os.close(ours)
    assert "1 record deleted" in done.stderr, done
    return Run(done.returncode, done.stdout, done.stderr)


def serve(place: Project, words: list[str]) -> None:
    """A command that serves until it is interrupted; at a free port."""
    assert place.esv("publish").code == 0
    port = () if "--port" in words else ("--port", "0")
    server = subprocess.Popen(
        command(*words, *port), cwd=place.directory, env=dict(place.environment),
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert server.stdout is not None
        address = server.stdout.readline().split()[0]
        with urllib.request.urlopen(address, timeout=60) as page:
            assert b"/-/reload.js" in page.read()
    finally:
        server.send_signal(signal.SIGINT)
        _, err = server.communicate(timeout=60)
    assert (server.returncode, err) == (
        130,
        "esv preview: interrupted; what was finished is kept\n",
    )


def test_what_is_run_elsewhere_is_documented_and_has_a_test() -> None:
    documented = {shlex.join(words) for words in COMMANDS}
    for line, (_, test) in ELSEWHERE.items():
        assert line in documented
        file, _, name = test.partition("::")
        assert f"\ndef {name}(" in (ROOT / "tests" / "e2e" / file).read_text("utf-8")


def test_the_tables_have_only_what_is_used() -> None:
    assert len(COMMANDS) > 40
    assert WORDS.keys() <= {word for words in COMMANDS for word in words}
    assert CODES.keys() <= HERE.keys()


def test_every_option_of_every_verb_is_used() -> None:
    """In a document, or in another command that a test runs."""
    used = {
        (words[0], word.partition("=")[0])
        for words in (*COMMANDS, *map(str.split, MORE), *in_tests())
        for word in words[1:]
    }
    declared = {
        (verb, name)
        for verb, (options, _) in VERBS.items()
        for field in fields(options)
        if field.metadata["names"] is not None
        for name in (f"--{field.name.replace('_', '-')}", *field.metadata["names"])
    }
    assert len(declared) > 140
    assert sorted(declared - used) == []


def test_the_verbs_in_running_text_exist() -> None:
    """``esv run`` is a name there, and may be one that was changed."""
    for document in DOCUMENTS:
        for verb in re.findall(r"`esv ([a-z-]+)[` ]", document.read_text("utf-8")):
            assert verb in VERBS, document.name


def test_the_targets_of_the_documents_exist() -> None:
    makefile = (ROOT / "Makefile").read_text("utf-8")
    targets = set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))
    for document in DOCUMENTS:
        text = document.read_text("utf-8")
        shown = re.findall(r"`make ([a-z-]+)((?: [A-Z]+=)?)", text)
        for block in blocks(text):
            shown += re.findall(r"^make ([a-z-]+)((?: [A-Z]+=)?)", block, re.MULTILINE)
        for target, variable in shown:
            assert target in targets, document.name
            assert not variable or f"$({variable.strip(' =')}" in makefile, document.name
        for module in re.findall(r"python -m (tests[\w.]+)", text):
            assert (ROOT / f"{module.replace('.', '/')}.py").is_file(), document.name
