"""The policy file: what it means, and where it is wrong."""

from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import ConfigError
from harness.policy.file import load_policy, parse_policy
from harness.policy.model import (
    LISTED,
    Budget,
    EscapeRule,
    GoneRule,
    NoEscape,
    Policy,
    Scope,
    Threshold,
)

FULL = """\
[thresholds]
"allocs/op" = 0
"B/op" = "5%"
"sec/op" = "2.5 %"

[thresholds.benchmarks."BenchmarkDecode/.*"]
"allocs/op" = 2
"B/op" = "report"

[budgets]
"BenchmarkEncode.*" = { "allocs/op" = 0, "B/op" = 64 }
[budgets.packages]
"example.com/m/..." = { escapes = 12 }
[budgets.functions]
"example.com/m/p.(*T).M" = { "frame-B" = 4096 }

[escapes]
new = "forbid-if-covered"
no-escape = ["p/hot.go", "p/*.go:(*T).M"]

[[waivers]]  # the first
benchmark = "BenchmarkDecode"
unit = "allocs/op"
allow = 3
owner = "codec team"
reason = "repaired by the new reader"
expires = 2027-01-31

[[waivers]]
escape = "moved to heap: *"
file = "q/**"
owner = "codec team"
reason = "cold"
expires = 2027-02-28
"""


def test_everything_is_read() -> None:
    policy = parse_policy(FULL, "p.toml")
    assert policy.thresholds == {
        "allocs/op": Threshold(),
        "B/op": Threshold(relative=0.05),
        "sec/op": Threshold(relative=0.025),
    }
    assert [(r.pattern, r.line) for r in policy.benchmarks] == [("BenchmarkDecode/.*", 6)]
    assert policy.budgets == (
        Budget(Scope.BENCHMARK, "BenchmarkEncode.*", {"allocs/op": 0, "B/op": 64}, 11),
        Budget(Scope.PACKAGE, "example.com/m/...", {"escapes": 12}, 13),
        Budget(Scope.FUNCTION, "example.com/m/p.(*T).M", {"frame-B": 4096}, 15),
    )
    assert policy.new_escapes is EscapeRule.FORBID_IF_COVERED
    assert policy.no_escape == (NoEscape("p/hot.go", "", 19), NoEscape("p/*.go", "(*T).M", 19))
    first, second = policy.waivers
    assert (first.line, first.allow, first.expires) == (21, Threshold(3.0), date(2027, 1, 31))
    assert (second.line, second.escape, second.file) == (29, "moved to heap: *", "q/**")


def test_what_is_gone_fails_if_the_file_does_not_say_otherwise() -> None:
    assert parse_policy(FULL, "p.toml").gone is GoneRule.FAIL
    assert parse_policy('gone = "report"\n' + FULL, "p.toml").gone is GoneRule.REPORT


def test_a_later_rule_outranks_an_earlier_one_and_the_units_default() -> None:
    policy = parse_policy(FULL, "p.toml")
    assert policy.threshold("BenchmarkDecode/big", "allocs/op") == (Threshold(2.0), 6)
    assert policy.threshold("BenchmarkDecode", "allocs/op") == (Threshold(), 0)
    assert policy.threshold("BenchmarkDecode/big", "B/op") == (LISTED, 6)
    assert Policy().threshold("BenchmarkX", "allocs/op") == (Threshold(), 0)
    assert Policy().threshold("BenchmarkX", "B/op") == (LISTED, 0)


@pytest.mark.parametrize(
    ("text", "where", "words"),
    [
        ("[thresholds", "1:12", "Expected"),
        ("a = 1\n", "1:1", 'unknown key "a"'),
        ('[escapes]\nnew = "never"\n', "2:1", "never"),
        ('gone = "never"\n', "1:1", "never"),
        ('[escapes]\ngone = "report"\n', "2:1", 'unknown key "gone"'),
        ("[escapes]\nno_escape = []\n", "2:1", 'did you mean "no-escape"?'),
        ('[escapes]\nno-escape = [\n  "a.go", # one\n  "b.go:",\n]\n', "4:3", "b.go:"),
        ('[escapes]\nno-escape = ["a.go:"] # why\n', "2:14", "a.go:"),
        ('[thresholds]\n"B/op" = "much"\n', "2:1", '"5%"'),
        ('[thresholds]\n"B/op" = -1\n', "2:1", '"5%"'),
        ('[thresholds]\n"B/op" = true\n', "2:1", '"5%"'),
        ('[thresholds.benchmarks]\n"B(" = {"B/op" = 1}\n', "2:1", "regular expression"),
        ('[thresholds.benchmarks."B"]\n\n"B/op" = []\n', "3:1", '"5%"'),
        ('[budgets]\n"B" = { "allocs/op" = "0" }\n', "2:9", "must be a number"),
        ("[budgets]\nB = 4\n", "2:1", "must be a table"),
        ('[budgets.packages]\np = { "frame-B" = 4 }\n', "2:7", "escapes and heap-calls"),
        ("[[waivers]]\n[[waivers]]\n", "1:3", "is missing"),
        (
            '[[waivers]]\nbenchmark="B"\nowner=" "\nreason="r"\nexpires=2027-01-01\n',
            "3:1",
            "needs an owner",
        ),
        ('[[waivers]]\nowner="o"\nreason="r"\nexpires=2027-01-01\n', "1:3", "either"),
        ('[[waivers]]\nowner="o"\nreason="r"\nexpires="soon"\n', "4:1", "date"),
    ],
)
def test_an_error_has_its_line_and_column(text: str, where: str, words: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_policy(text, "policy.toml")
    message = str(caught.value)
    assert message.startswith(f"policy.toml:{where}: ")
    assert words in message
    assert "\n" not in message


def test_a_missing_file_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"none\.toml: No such file.*--policy FILE"):
        load_policy(tmp_path / "none.toml")


@given(st.text(alphabet=st.sampled_from('[]{}="\n#.,a1- thresholdbug'), max_size=60))
def test_any_text_is_a_policy_or_one_clear_error(text: str) -> None:
    try:
        parse_policy(text, "f")
    except ConfigError as err:
        assert str(err).startswith("f:")
