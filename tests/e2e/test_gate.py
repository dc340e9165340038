"""``esv gate`` on pairs of commits of which the verdict is known."""

from __future__ import annotations

import json
import re
from typing import Any

import jsonschema
import pytest

from harness.outputs.gate.json import gate_schema
from harness.outputs.schemas import load_schema
from tests.e2e.support import Json, Project, Run, commit, git, head, truth, untouched

COMMITS: list[Json] = truth("timeline")["commits"]
GATED = [c for c in COMMITS if c["gate"]]
VALIDATOR = jsonschema.Draft202012Validator(gate_schema())
# Inside and outside of the pair that is meant by each.
CHOSEN = {
    2: "neutral: documentation",
    4: "0 → 1, 0 → 5, 0 → 100",
    6: "0 → 1 without a new site",
    7: "10 → 0",
    10: "broken head",
    11: "broken base",
    12: "9 → 10, 40 → 41",
    13: "a benchmark added",
    16: "a new site that no benchmark reaches",
    22: "100 → 101",
    23: "a panic",
    24: "a panic repaired",
    27: "neutral: a variable renamed",
    28: "a benchmark renamed",
    36: "a new site in a branch that no benchmark takes",
    39: "a benchmark gone",
    43: "1 → 102",
    46: "a call into the standard library",
    48: "1 → 0",
}


def parent(entry: Json) -> Json:
    return COMMITS[int(entry["index"]) - 2]


def judged(project: Project, base: str, candidate: str, *more: str) -> tuple[Run, Json]:
    """The gate with ``--format json``, checked against the schema."""
    run = project.esv("gate", "--base", base, "--head", candidate, "--format", "json", *more)
    assert run.out.startswith("{"), run
    document: Json = json.loads(run.out)
    VALIDATOR.validate(document)
    assert "Traceback" not in run.err
    assert document["exit_code"] == run.code
    assert document["verdict"] == {0: "pass", 1: "fail", 2: "error"}[run.code]
    return run, document


def check(project: Project, entry: Json) -> None:
    with untouched(project.repo):
        run, document = judged(project, parent(entry)["revision"], entry["revision"], "--quiet")
    wanted = entry["gate"]
    assert (document["verdict"], run.code) == (wanted["verdict"], wanted["exit_code"])
    assert document["base"]["revision"] == parent(entry)["revision"]
    assert document["head"]["revision"] == entry["revision"]
    assert document["head"]["toolchain"] == "go1.27.3"
    changes = {
        (c["package"], c["benchmark"]): (c["base"], c["head"])
        for c in document["changes"]
        if c["unit"] == "allocs/op"
    }
    assert changes == {
        (s["package"], s["benchmark"]): (s["before"], s["after"])
        for s in entry["steps"]
        if s["before"] is not None and s["after"] is not None
    }
    for change in document["changes"]:
        assert change["delta"] == change["head"] - change["base"]
        assert change["direction"] == ("regression" if change["delta"] > 0 else "improvement")
        assert change["exact"] or change["unit"] == "B/op"
    check_benchmarks(document["benchmarks"], entry["benchmarks"])
    check_errors(document["errors"], entry)
    check_cause(document["escapes"], entry)
    reach = {"uncovered-escape": "uncovered", "unexecuted-escape": "unexecuted"}.get(entry["kind"])
    if reach is not None:
        sites = document["escapes"]["new"]
        assert sites
        assert {(s["reach"], s["covered"]) for s in sites} == {(reach, False)}


def check_benchmarks(found: Json, wanted: Json) -> None:
    def full(benchmark: Json) -> str:
        return f"{benchmark['package']}.{benchmark['benchmark']}"

    assert sorted(full(b) for b in found["gone"]) == wanted["removed"]
    assert sorted(full(b) for b in found["added"]) == wanted["added"]
    assert [[full(b["was"]), full(b)] for b in found["renamed"]] == wanted["renamed"]


def check_errors(errors: list[Json], entry: Json) -> None:
    wanted = []
    for side in (parent(entry), entry):
        if side["error"]:
            e = side["error"]
            wanted.append(("build", side["revision"], e["package"], e["message"]))
        if side["panics"]:
            p = side["panics"]
            wanted.append(("run", side["revision"], p["package"], p["message"]))
    assert len(errors) == len(wanted)
    for got, (stage, revision, package, message) in zip(errors, wanted, strict=True):
        assert (got["stage"], got["revision"], got["package"]) == (stage, revision, package)
        assert got["message"].endswith(message)


def check_cause(escapes: Json, entry: Json) -> None:
    cause = entry["cause"]
    if cause and cause["only_on_side"] and "[" not in cause["function"]:
        sites = escapes["new" if cause["side"] == "head" else "gone"]
        places = [{k: s[k] for k in ("file", "line", "function", "message")} for s in sites]
        assert {k: cause[k] for k in ("file", "line", "function", "message")} in places


@pytest.mark.parametrize("index", CHOSEN, ids=[f"{k} {v}" for k, v in CHOSEN.items()])
def test_verdict(measured: Project, index: int) -> None:
    check(measured, COMMITS[index - 1])


@pytest.mark.slow
@pytest.mark.parametrize("entry", GATED, ids=[str(c["index"]) for c in GATED])
def test_verdict_without_records(unrecorded: Project, entry: Json) -> None:
    check(unrecorded, entry)


@pytest.fixture(scope="session")
def unrecorded(tmp_path_factory: pytest.TempPathFactory, measured: Project) -> Project:
    """The same repository without records, so that the gate measures both sides."""
    directory = tmp_path_factory.mktemp("unrecorded")
    project = Project(directory, measured.repo, measured.environment)
    project.configure()
    return project


@pytest.mark.parametrize("index", [4, 7, 11])
def test_verdict_measured_now(unrecorded: Project, index: int) -> None:
    check(unrecorded, COMMITS[index - 1])
    # The head of a pull request is not part of the history.
    assert unrecorded.records() == {}


def test_text_of_a_regression(measured: Project) -> None:
    entry = COMMITS[11]
    run = measured.esv("gate", "--base", parent(entry)["revision"], "--head", entry["revision"])
    assert run.code == 1
    lines = run.out.splitlines()
    assert lines[0] == "esv gate: FAIL"
    row = next(x for x in lines if x.startswith("encode.BenchmarkLines/records=9"))
    assert row.split()[1:5] == ["allocs/op", "9", "10", "+1"]
    (site,) = [x for x in lines if x.startswith("  + ")]
    assert site.startswith("  + encode/encode.go:58:")
    assert site.endswith(": ... argument escapes to heap in (*Encoder).Lines")
    assert lines[-1].startswith(f"reproduce: git checkout {entry['revision']} && GOTOOLCHAIN=go1.")


@pytest.mark.parametrize(
    ("index", "side"), [(10, "head"), (11, "base"), (33, "head"), (34, "base")]
)
def test_text_of_what_does_not_compile(measured: Project, index: int, side: str) -> None:
    entry = COMMITS[index - 1]
    error = (entry if side == "head" else parent(entry))["error"]
    run = measured.esv("gate", "--base", parent(entry)["revision"], "--head", entry["revision"])
    assert run.code == 2
    assert run.out.startswith("esv gate: ERROR: could not measure, so no verdict\n")
    (line,) = [x for x in run.out.splitlines() if x.startswith(f"{side} build ")]
    assert line.startswith(f"{side} build {error['package']}: {error['file']}:{error['line']}:")
    assert line.endswith(f": {error['message']}")
    assert "▲ worse" not in run.out


def test_text_of_a_panic(measured: Project) -> None:
    entry = COMMITS[22]
    run = measured.esv("gate", "--base", parent(entry)["revision"], "--head", entry["revision"])
    assert run.code == 2
    assert (
        "head run example.com/timeline/store: BenchmarkCountPrefix/prefix=rack:"
        " panic: runtime error: slice bounds out of range [-1:]\n"
    ) in run.out


@pytest.mark.parametrize("index", [1, 50])
def test_identical_revisions_pass(measured: Project, index: int) -> None:
    revision = COMMITS[index - 1]["revision"]
    run, document = judged(measured, revision, revision)
    assert run.code == 0
    assert (document["changes"], document["errors"]) == ([], [])
    assert document["escapes"] == {"new": [], "gone": []}


def test_across_many_commits(measured: Project) -> None:
    """From the first to the last: what came and was taken back in between is nothing."""
    first, last = COMMITS[0], COMMITS[-1]
    run, document = judged(measured, first["revision"], last["revision"])
    assert run.code == 1
    changes = {
        (c["package"], c["benchmark"]): (c["base"], c["head"])
        for c in document["changes"]
        if c["unit"] == "allocs/op"
    }
    assert changes == {
        (package, name): (before, last["allocs"][package][name])
        for package, row in first["allocs"].items()
        for name, before in row.items()
        if last["allocs"][package].get(name, before) != before
    }


def test_options(small: Project) -> None:
    """``--count`` is of the time lane: accepted, and counts need none."""
    with untouched(small.repo):
        run = small.esv("gate", "--base", "HEAD~1", "--count", "1", "--quiet")
        assert (run.code, run.err) == (0, "")
        run = small.esv(
            "gate", "--base", "HEAD~2", "--head", "HEAD~1", "--bench", "Keep$",
            "--packages", "./keep", "--go", "1.27.3", "--output", "verdict.txt",
        )  # fmt: skip
    assert (run.code, run.out) == (1, "")
    assert (small.directory / "verdict.txt").read_text("utf-8").startswith("esv gate: FAIL\n")
    run = small.esv("gate", "--base", "HEAD~2", "--head", "HEAD~1", "--bench", "Nothing")
    assert run.code == 0
    assert "no change in allocs/op or B/op of 1 benchmark\n" in run.out
    assert small.esv("gate", "--base", "HEAD~1", "--count", "0").code == 2


def test_the_base_is_where_the_branch_was_left(small: Project) -> None:
    git(small.repo, "checkout", "--quiet", "-b", "feature", "HEAD~2")
    text = (small.repo / "keep" / "keep.go").read_text("utf-8")
    commit(small.repo, "noise", {"keep/keep.go": text + "\n// The end.\n"})
    run = small.esv("gate", "--format", "json", "--quiet")
    assert run.code == 0
    document = json.loads(run.out)
    assert document["base"]["revision"] == head(small.repo, "main~2")
    assert document["head"]["revision"] == head(small.repo)


def test_the_schema_that_is_shipped() -> None:
    assert load_schema("gate") == gate_schema()
    jsonschema.Draft202012Validator.check_schema(load_schema("gate"))


def test_the_contract_of_the_document() -> None:
    """The words of the contract; a field that is renamed or dropped must fail here.

    Fields may be added: readers of ``esv.gate/1`` pass over those that they do not know.
    """
    schema = gate_schema()
    definitions: dict[str, Any] = schema["$defs"]
    fields = {name: set(d["properties"]) for name, d in definitions.items()}
    contract = {
        "GateJson": {
            "schema", "verdict", "exit_code", "base", "head", "changes", "escapes", "errors",
        },
        "Side": {"revision", "toolchain"},
        "ChangeEntry": {
            "package", "benchmark", "unit", "base", "head", "delta", "direction", "exact", "p",
            "outcome", "explained", "causes", "waived",
        },
        "Cause": {"file", "line", "function", "delta", "escape", "message", "flow", "via"},
        "Escapes": {"new", "gone"},
        "EscapeEntry": {
            "package", "file", "line", "function", "kind", "message", "reason", "flow", "covered",
        },
        "ErrorEntry": {"stage", "revision", "package", "message"},
    }  # fmt: skip
    assert {name: found & fields.get(name, set()) for name, found in contract.items()} == contract
    for name, wanted in contract.items():
        assert set(definitions[name]["required"]) >= wanted
    assert set(definitions["ChangeEntry"]["properties"]["outcome"]["enum"]) == {
        "escape", "reached", "library", "growth", "size", "inlining", "compiler", "benchmark",
        "mixed", "unexplained",
    }  # fmt: skip


def test_a_gate_that_cannot_begin_is_a_document_too(small: Project) -> None:
    run, document = judged(small, "no-such-revision", "HEAD")
    assert run.code == 2
    (error,) = document["errors"]
    assert "no-such-revision" in error["message"]
    assert len(run.err.splitlines()) == 1


def test_the_work_tree_as_the_head(small: Project) -> None:
    """Uncommitted and untracked files are measured; HEAD~3 is before the escape of HEAD~1."""
    (small.repo / "keep" / "more.go").write_text(
        "package keep\n\nvar all [][]int\n\n"
        "func init() { hook = func(n int) { all = [][]int{make([]int, n+1)} } }\n",
        "utf-8",
    )
    keep = small.repo / "keep" / "keep.go"
    text = keep.read_text("utf-8")
    start = text.index("\tlast = &n")
    keep.write_text(text[:start] + "\thook(n)\n" + text[start:] + "\nvar hook func(int)\n", "utf-8")
    with untouched(small.repo):
        run, document = judged(small, "HEAD~3", "WORKTREE")
    assert (run.code, document["verdict"]) == (1, "fail")
    change = next(c for c in document["changes"] if c["unit"] == "allocs/op")
    assert (change["base"], change["head"]) == (0, 3)
    assert {c["file"] for c in change["causes"]} == {"keep/keep.go", "keep/more.go"}
    # Against HEAD by itself: two allocations are new.
    run, document = judged(small, "HEAD", "WORKTREE")
    assert [c["delta"] for c in document["changes"] if c["unit"] == "allocs/op"] == [2]
    # No clone has that revision, so nothing is checked out to see the number.
    text = small.esv("gate", "--base", "HEAD", "--head", "WORKTREE").out
    assert "\nreproduce: GOTOOLCHAIN=go1." in text


def test_the_work_tree_of_a_sparse_checkout_is_whole(small: Project) -> None:
    """The package of the regression is outside of what is checked out."""
    git(small.repo, "reset", "--quiet", "--hard")  # the copy has new times
    git(small.repo, "sparse-checkout", "set", "docs")
    assert not (small.repo / "keep").exists()
    with untouched(small.repo):
        run, document = judged(small, "HEAD~2", "WORKTREE")
    assert (run.code, document["errors"]) == (1, []), run
    (change,) = [c for c in document["changes"] if c["unit"] == "allocs/op"]
    assert (change["benchmark"], change["base"], change["head"]) == ("BenchmarkKeep", 0, 1)


WAIVER = """
[[waivers]]
benchmark = "BenchmarkKeep"
unit = "allocs/op"
allow = {allow}
owner = "keepers"
reason = "kept on purpose"
expires = {expires}
"""


POLICIES = [
    ("", 1, "0 → 1 allocs/op"),
    ('[thresholds]\n"allocs/op" = 1\n', 0, "PASS"),
    ('[budgets]\nBenchmarkKeep = { "allocs/op" = 0 }\n[thresholds]\n"allocs/op" = 1\n', 1,
     "its budget is 0"),
    (WAIVER.format(allow=1, expires="2999-01-01"), 0, "kept on purpose"),
    (WAIVER.format(allow=0, expires="2999-01-01"), 1, "0 → 1 allocs/op"),
    (WAIVER.format(allow=1, expires="2020-01-01"), 1, "expired"),
    ('[thresholds]\n"allocs/op" = "report"\n[escapes]\nnew = "forbid"\n', 1,
     "new escape: moved to heap: n"),
    ('[thresholds]\n"allocs/op" = "report"\n[escapes]\nno-escape = ["keep/keep.go"]\n', 1,
     "nothing may be allocated there"),
    ("[budgets\n", 2, "policy.toml:1:9: "),
]  # fmt: skip


def test_policies(small: Project) -> None:
    """Of one change: the first gate measures it, the others take its records."""
    for policy, code, words in POLICIES:
        (small.directory / "policy.toml").write_text(policy, "utf-8")
        run = small.esv("gate", "--base", "HEAD~2", "--head", "HEAD~1", "--policy", "policy.toml")
        assert run.code == code, (policy, run)
        assert words in (run.err if code == 2 else run.out), policy


def test_the_policy_of_the_head_counts(small: Project) -> None:
    (small.repo / "escape-velocity.toml").write_text('[thresholds]\n"allocs/op" = 1\n', "utf-8")
    assert small.esv("gate", "--base", "HEAD~2", "--head", "HEAD~1").code == 1
    assert small.esv("gate", "--base", "HEAD~2", "--head", "WORKTREE").code == 0


def test_explain_policy(small: Project) -> None:
    (small.directory / "policy.toml").write_text(
        '[thresholds.benchmarks.BenchmarkKeep]\n"allocs/op" = 2\n'
        '[budgets]\n"BenchmarkGone.*" = { "allocs/op" = 0 }\n'
        + WAIVER.format(allow=1, expires="2020-01-01"),
        "utf-8",
    )
    run = small.esv("gate", "--policy", "policy.toml", "--explain-policy", "--quiet")
    assert run.code == 0, run
    assert re.search(r"keep\.BenchmarkKeep +2 \(line 1\) +report +3%", run.out)
    assert "  line 4: BenchmarkGone.*: at most 0 allocs/op\n" in run.out
    assert "expired on 2020-01-01: kept on purpose" in run.out
    assert "line 4: no benchmark with allocs/op is 'BenchmarkGone.*'" in run.out


def test_a_comment_in_the_source_forbids_escapes(small: Project) -> None:
    keep = small.repo / "keep" / "keep.go"
    text = keep.read_text("utf-8")
    keep.write_text(text.replace("\nfunc Keep", "\n//esv:noescape\nfunc Keep"), "utf-8")
    run = small.esv("gate", "--base", "HEAD", "--head", "WORKTREE")
    assert run.code == 1, run
    assert "no-escape: Keep: moved to heap: n; nothing may be allocated there" in run.out
