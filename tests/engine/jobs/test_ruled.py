"""Code that rules are about and that no test binary has."""

from __future__ import annotations

import pytest

from harness.analysis.verdict.gate import judge_gate
from harness.engine.base.environments import EnvironmentSpec
from harness.engine.jobs.ruled import Ruled, with_ruled_code
from harness.engine.session import Session
from harness.model import Record
from harness.policy.file import parse_policy
from harness.policy.model import NoEscape
from tests.engine.conftest import GO_MOD, OpenSession
from tests.repos import Project

SPEC = EnvironmentSpec(None)
P = "example.com/m/p"
USED = """package p

//go:noinline
func Used(n int) []int { return make([]int, n) }
"""
TEST = """package p

import "testing"

func BenchmarkUsed(b *testing.B) {
	for i := 0; i < b.N; i++ {
		_ = Used(i)
	}
}

//esv:noescape
func helper() chan int { return make(chan int) }
"""
LINE = """package p

//line gen/lexer.y:7
//esv:noescape
func Lex(n int) map[int]int { return make(map[int]int, n) }
"""
OTHER = "//go:build {tag}\n\npackage p\n\n{mark}func Form(n int) chan int {{ return nil }}\n"
FILES = {
    "go.mod": GO_MOD,
    "p/used.go": USED,
    "p/p_test.go": TEST,
    "p/line.go": LINE,
    "p/form.go": OTHER.format(tag="!other", mark="//esv:noescape\n"),
    "p/form_other.go": OTHER.format(tag="other", mark="//esv:noescape\n"),
    "vars/vars.go": "package vars\n\nvar Most = 3\n",
    "testdata/t.go": "package t\n\n//esv:noescape\n\n//esv:noescape\nfunc T() {}\n",
    "vendor/v/v.go": "package v\n\n//esv:noescape\nfunc V() {}\n",
    "_old/o.go": "package o\n\n//esv:noescape\nfunc O() {}\n",
    "nested/go.mod": GO_MOD.replace("example.com/m", "example.com/nested"),
    "nested/n.go": "package nested\n\n//esv:noescape\nfunc N() *int { return new(int) }\n",
}


def violations(ruled: Ruled, policy: str) -> set[tuple[str, str]]:
    """Subject and text of what the record breaks."""
    rules = parse_policy(policy, "p.toml")
    report = judge_gate(ruled.record, ruled.record, (), policy=rules, marks=ruled.marks)
    return {(v.subject, v.text.split("; ")[0]) for v in report.judgement.violations}


def ruled(session: Session, record: Record, policy: str = "") -> Ruled:
    return with_ruled_code(session, record, SPEC, parse_policy(policy, "p.toml"))


@pytest.fixture
def measured(project: Project, open_session: OpenSession) -> tuple[Session, Record]:
    head = project.commit(FILES)
    session = open_session()
    return session, session.measure(head, alloc_only=True)


def test_marks(measured: tuple[Session, Record]) -> None:
    session, record = measured
    found = ruled(session, record)
    assert found.untold == ()
    assert violations(found, "") == {
        ("helper", "helper: calls runtime.makechan"),
        ("N", "N: new(int) escapes to heap"),
        ("Lex", "Lex: make(map[int]int, n) escapes to heap"),
    }


def test_only_what_is_not_linked_is_compiled(
    measured: tuple[Session, Record], monkeypatch: pytest.MonkeyPatch
) -> None:
    session, record = measured
    policy = f'[budgets.functions]\n"{P}.Used" = {{ "frame-B" = 0, "heap-calls" = 0 }}\n'
    policy += '[escapes]\nno-escape = ["p/used.go", "p/*.go:Used"]\n'
    monkeypatch.setattr(session, "build", lambda *_: pytest.fail("it is linked"))
    monkeypatch.setattr(session.repository, "files_with", lambda *_: [])
    found = ruled(session, record, policy)
    assert found.record is record
    assert {s for s, _ in violations(found, policy)} == {"Used", f"{P}.Used"}


def test_budgets(measured: tuple[Session, Record]) -> None:
    session, record = measured
    policy = (
        f'[budgets.functions]\n"{P}.L..." = {{ "frame-B" = 0, "heap-calls" = 0 }}\n'
        f'"{P}.Gone" = {{ "frame-B" = 0 }}\n'
        '[budgets.packages]\n"example.com/m/..." = { "heap-calls" = 1 }\n'
    )
    found = ruled(session, record, policy)
    assert found.untold == ()
    texts = {t for _, t in violations(found, policy)}
    assert f"{P}: 2 heap-calls" in texts, "Used is linked, Lex is not"
    assert f"{P}.Lex: 1 heap-calls" in texts
    assert any(t.startswith(f"{P}.Lex: ") and t.endswith(" frame-B") for t in texts), texts


def test_patterns_are_about_what_is_compiled(measured: tuple[Session, Record]) -> None:
    session, record = measured
    policy = '[escapes]\nno-escape = ["p/*.go", "vars/*.go"]\n'
    found = ruled(session, record, policy)
    assert found.untold == ()
    assert "Used: make([]int, n) escapes to heap" in {t for _, t in violations(found, policy)}
    # As the compiler names the file behind the directive.
    assert NoEscape("p/gen/lexer.y", "Lex", 2) in found.marks


def test_what_cannot_be_told(project: Project, open_session: OpenSession) -> None:
    head = project.commit({
        **FILES,
        "p/form.go": "package p\n",
        "p/bodies.go": "package p\n\n//esv:noescape\nfunc assembly(n int) int\n",
        "p/bodies.s": "",
        "broken/b.go": "package broken\n\n//esv:noescape\nfunc B() { x }\n",
    })  # fmt: skip
    with open_session() as session:
        record = session.measure(head, alloc_only=True)
        found = ruled(session, record, '[escapes]\nno-escape = ["p/form_other.go"]\n')
    said = {(e.package, e.message.partition(" for ")[0]) for e in found.untold}
    assert said == {
        ("example.com/m/broken",
         "broken/b.go:3: example.com/m/broken, which the rule is about, does not compile"),
        (P, "p/form_other.go:5: Form in p/form_other.go is not compiled"),
        (P, "p.toml:2: Form in p/form_other.go is not compiled"),
    }  # fmt: skip
