"""What seven releases say of our own sources (``tests/corpus``): all of it is understood."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from functools import cache

import pytest

from harness.diagnostics.collect import compile_module
from harness.diagnostics.copies import in_own_words, settle
from harness.diagnostics.identity import normal_function, normal_message
from harness.diagnostics.parse import PackageDiagnostics, merge, parse
from harness.model import CGO_GENERATED, EscapeSite, Leak, Position, SiteKind
from harness.process import tool_environment
from harness.toolchain import Go, find_go
from tests.corpus import regenerate
from tests.corpus.regenerate import FORMS, GOLDEN, RELEASES, SOURCE

MODULE = "example.com/corpus/"
NEWEST = RELEASES[-1]
# From here on the compiler names the function of every site.
NAMED = (1, 25)
releases = pytest.mark.parametrize("release", RELEASES)
forms = pytest.mark.parametrize("form", FORMS)


def line_of(release: str) -> tuple[int, ...]:
    return tuple(map(int, release.split(".")[:2]))


def directory(package: str) -> str:
    return package.removeprefix(MODULE).removesuffix("_test")


def relative(path: str, package: str) -> str:
    """As :mod:`harness.diagnostics.collect` does it."""
    if path.startswith(("<", "?", "sync/", "slices/")) or path == CGO_GENERATED:
        return path
    if path.startswith(MODULE):
        return path.removeprefix(MODULE)
    return f"{directory(package)}/{path}"


def sources(package: str) -> Iterator[tuple[str, bytes]]:
    for path in sorted((SOURCE / directory(package)).glob("*.go")):
        yield path.relative_to(SOURCE).as_posix(), path.read_bytes()


@cache
def golden(release: str, form: str = "m2") -> str:
    return (GOLDEN / release / f"{form}.txt").read_text("utf-8")


@cache
def parsed(release: str, form: str = "m2") -> list[PackageDiagnostics]:
    return parse(golden(release, form), relative, sources)


@cache
def merged(release: str, form: str = "m2") -> dict[str, PackageDiagnostics]:
    return merged_output(golden(release, form))


def merged_output(output: str) -> dict[str, PackageDiagnostics]:
    groups: dict[str, list[PackageDiagnostics]] = {}
    for package in parse(output, relative, sources):
        path = (package.variant or package.path).removesuffix(".test")
        groups.setdefault(path, []).append(package)
    packages = [merge(path, group) for path, group in groups.items()]
    settle(packages, {directory(p.path): p.path for p in packages})
    return {directory(p.path): p for p in packages}


def sites(release: str, form: str = "m2") -> list[EscapeSite]:
    return [s for package in merged(release, form).values() for s in package.sites]


@releases
@forms
def test_every_heap_related_line_is_understood(release: str, form: str) -> None:
    packages = parsed(release, form)
    assert len(packages) > 20
    assert [u for p in packages for u in p.unparsed] == []


# A site: a message that ends in these words; in Go 1.21 a raw string in it may go over lines.
PLAIN = re.compile(
    r"^(?P<at>(?:(?!: ).)+:\d+(?::\d+)?): (?:moved to heap: .*|\S.* escapes to heap)$"
)
EXPLAINED = re.compile(r"^(?P<at>(?:(?!: ).)+:\d+(?::\d+)?): \S.* escapes to heap(?: in .*)?:$")
RAW = re.compile(r"`[^`]*\n[^`]*`")


@releases
@forms
def test_as_many_sites_as_heap_lines(release: str, form: str) -> None:
    lines = RAW.sub("``", golden(release, form)).splitlines()
    plain, explained, package = Counter[str](), set(), ""
    for line in lines:
        if line.startswith("# "):
            package = line
        elif (match := PLAIN.match(line)) is not None:
            plain[package + match["at"]] += 1
        elif (match := EXPLAINED.match(line)) is not None:
            explained.add((package + match["at"], line))
    # Wrappers of `go` and `defer` are only explained.
    wrappers = {line for at, line in explained if at not in plain}
    assert bool(wrappers) == (form == "m2")
    assert all("func literal escapes to heap" in line for line in wrappers)
    found = sum(len(p.sites) for p in parsed(release, form))
    assert found == plain.total() + len(wrappers)
    assert found > 250
    stays = sum(
        line.endswith((" does not escape", "mutate, or call")) and not line.startswith(" ")
        for line in lines
    )
    leaks = sum(": leaking param" in line for line in lines)
    told = [p for package_ in parsed(release, form) for p in package_.parameters]
    stacked = sum(len(p.stack_sites) for p in parsed(release, form))
    assert len(told) + stacked == stays + leaks


@releases
def test_every_site_is_explained(release: str) -> None:
    for site in sites(release):
        assert site.flow or site.test, site
        assert site.reason or site.test, site


@releases
def test_every_site_has_a_function(release: str) -> None:
    for site in sites(release):
        if line_of(release) >= NAMED or site.position.file != "<autogenerated>":
            assert site.function, site


@pytest.mark.parametrize("release", [r for r in RELEASES if line_of(r) >= NAMED])
def test_functions_are_found_in_the_source_as_the_compiler_names_them(release: str) -> None:
    """As if it were an older release: without the names, they are found all the same."""
    names = re.compile(r"( escapes to heap) in .+:$", re.MULTILINE)
    without = merged_output(names.sub(r"\1:", golden(release)))
    named = {(s.position, s.message, s.function) for s in sites(release)}
    compared = 0
    for package in without.values():
        for site in package.sites:
            # Of a library the source is not read.
            if not site.position.generated and (SOURCE / site.position.file).is_file():
                compared += 1
                assert (site.position, site.message, site.function) in named, site
    assert compared > 300


# Bodies of loops over functions: Go 1.23 to 1.26 name literals in them after the function around,
# and without -m=2 nothing says that the body is a function.
RANGE = "closures/rangefunc_go123.go"


@releases
@forms
def test_functions_are_those_that_the_newest_release_names(release: str, form: str) -> None:
    expected: dict[object, set[str]] = {}
    for site in sites(NEWEST):
        expected.setdefault((site.position, normal_message(site.message)), set()).add(site.function)
    compared = 0
    for site in sites(release, form):
        names = expected.get((site.position, normal_message(site.message)))
        if names is None or site.position.generated or site.position.file == RANGE:
            continue
        if not site.function:  # of a library, whose source is not read
            assert form != "m2"
            assert not (SOURCE / site.position.file).exists()
            continue
        compared += 1
        assert normal_function(site.function) in names, site
    assert compared > 200


@pytest.mark.parametrize("release", [r for r in RELEASES if line_of(r) >= (1, 23)])
def test_bodies_of_loops_over_functions(release: str) -> None:
    found = {(s.position.line, s.function) for s in sites(release) if s.position.file == RANGE}
    inner = "RangeFunc-range1.1" if release == NEWEST else "RangeFunc.func1"
    assert found == {
        (7, "Each"), (20, "RangeFunc"), (21, "RangeFunc"), (22, "RangeFunc-range1"),
        (24, "RangeFunc-range1"), (25, inner),
        *([(23, "RangeFunc-range1")] if line_of(release) >= NAMED else []),
    }  # fmt: skip


Mark = tuple[str, int, str]  # file, line, kind
MARK = re.compile(r"// want(?P<offset>\+\d)?: (?P<kinds>.*)$")
KIND = re.compile(r"(?P<kind>[a-z-]+)(?:@(?:(?P<since>1\.\d+)\+|-(?P<until>1\.\d+)))?")


def wanted(release: str) -> tuple[Counter[Mark], set[tuple[str, int]]]:
    """Every site as the comments in the sources say, and the lines with anything (``*``)."""
    found, anything = Counter[Mark](), set()
    for path in sorted(SOURCE.rglob("*.go")):
        file = path.relative_to(SOURCE).as_posix()
        gate = re.search(r"_go1(\d\d)(?:_test)?\.go$", file)
        if gate and line_of(release) < (1, int(gate[1])):
            continue
        for number, line in enumerate(path.read_text("utf-8").split("\n"), 1):
            mark = MARK.search(line)
            if mark is None:
                continue
            where = (file, number + int(mark["offset"] or 0))
            if mark["kinds"] == "*":
                anything.add(where)
                continue
            for item in mark["kinds"].split(", "):
                match = KIND.fullmatch(item)
                assert match, (path, number, item)
                if match["since"] and line_of(release) < line_of(match["since"]):
                    continue
                if match["until"] and line_of(release) > line_of(match["until"]):
                    continue
                found[(*where, match["kind"])] += 1
    return found, anything


@releases
def test_kinds_are_what_the_comments_in_the_sources_say(release: str) -> None:
    want, anything = wanted(release)
    found = Counter(
        (s.position.file, s.position.line, str(s.kind))
        for s in sites(release)
        if (SOURCE / s.position.file).is_file()
        and (s.position.file, s.position.line) not in anything
        # What stands under //line directives is tested below.
        and not (s.position.file == "lines/lines.go" and s.position.line > 20)
    )
    assert sorted((found - want).items()) == []
    assert sorted((want - found).items()) == []
    assert {kind for _, _, kind in want} >= {str(k) for k in SiteKind if k != SiteKind.APPEND}


@releases
def test_places_under_line_directives_are_the_same_in_every_release(release: str) -> None:
    found = {
        (s.position.file.removeprefix("lines/"), s.position.line, s.position.column, s.function)
        for s in merged(release)["lines"].sites
        if s.position.file != "lines/zz_generated.go"
    }
    assert found == {
        ("lines.go", 13, 2, "Before"),
        ("grammar.y", 101, 0, "Grammar"),
        ("grammar.y", 106, 0, "SameDirective"),
        ("grammar.y", 11, 2, "WithColumn"),
        ("lines.go", 49, 0, "BackAgain"),
        ("lines.go", 55, 0, "InTheMiddle"),
        ("other.tmpl", 7, 0, "InTheMiddle"),
        ("other.tmpl", 8, 0, "InTheMiddle"),
        ("other.tmpl", 9, 0, "InTheMiddle.func1"),
        ("other.tmpl", 700, 0, "InTheMiddle.func1"),
        ("??", 71, 0, "NoFile"),
        ("with blank.y", 2, 0, "Blank"),
        ("sub/dir/deep.go", 2, 0, "Deep"),
        ("größe.y", 2, 0, "NonASCII"),
        ("odd:12:34.y", 6, 0, "Colons"),
        ("inline.y", 3, 8, "Comment"),
        ("lines.go", 202, 3, "Comment"),
        ("same.y", 1, 0, "Pair"),
        ("caller.y", 9, 0, "Calls"),
        ("caller.y", 16, 0, "NotADirective"),
    }


@releases
def test_columns_that_the_compiler_does_not_print(release: str) -> None:
    found = Counter(
        (s.function, s.position.line, s.position.column, s.message)
        for s in merged(release)["wide"].sites
    )
    assert found == {
        ("Wide", 9, 0, "moved to heap: n"): 1,
        ("Two", 12, 0, "[]*item{...} escapes to heap"): 1,
        ("Two", 12, 0, "&item{...} escapes to heap"): 3,
        ("Nested", 15, 0, "func literal escapes to heap"): 1,
        ("Nested.func1", 15, 0, "moved to heap: n"): 1,
        ("Border", 18, 233, "&item{...} escapes to heap"): 1,
        ("Border", 18, 243, "&item{...} escapes to heap"): 1,
    }


@releases
def test_copies_of_a_site_are_one(release: str) -> None:
    """Literals of inlined functions, shapes of generic ones, and both in other packages."""
    for name, text in (
        ("closures/closures.go", "a := n // want: moved"),
        ("tested/tested.go", "a := n // want: moved"),
        ("tested/tested.go", "func Generic[T any](v T) *T {"),
        ("generics/generics.go", "func Pointer[T any](v T) *T {"),
        ("generics/generics.go", "func Small[T any](v T) *T {"),
        ("generics/generics.go", "n := start // want: moved"),
    ):
        lines = (SOURCE / name).read_text("utf-8").split("\n")
        numbers = [n for n, line in enumerate(lines, 1) if line.strip().startswith(text)]
        assert numbers
        for number in numbers:
            found = [
                s for s in sites(release) if (s.position.file, s.position.line) == (name, number)
            ]
            assert len(found) == 1, found
    for name, package in merged(release).items():
        for site in [*package.sites, *package.stack_sites]:
            own = site.position.file.startswith(f"{name}/")
            assert own or not (SOURCE / site.position.file).is_file(), site


@releases
@forms
def test_parameters(release: str, form: str) -> None:
    package = merged(release, form)["params"]
    found = {(p.position.line, p.name, p.leak, p.result, p.level) for p in package.parameters}
    lines = (SOURCE / "params" / "params.go").read_text("utf-8").split("\n")
    declared = ((n, re.match(r"func (\w+)\(", line)) for n, line in enumerate(lines, 1))
    number = {match[1]: n for n, match in declared if match is not None}
    assert {
        (number["Leaks"], "n", Leak.HEAP, "", 0),
        (number["LeaksContent"], "n", Leak.CONTENT, "", 0),
        (number["ToResult"], "n", Leak.RESULT, "~r0", 0),
        (number["ContentToResult"], "n", Leak.RESULT, "~r0", 1),
        (number["Deep"], "n", Leak.RESULT, "~r0", 2),
        (number["Deeper"], "n", Leak.RESULT, "~r0", 2),
        (number["NamedResult"], "n", Leak.RESULT, "out", 0),
        (number["TwoResults"], "a", Leak.RESULT, "~r1", 0),
        (number["TwoResults"], "b", Leak.RESULT, "~r0", 0),
        (number["DoesNot"], "b", Leak.NONE, "", 0),
        (number["Variadic"], "list", Leak.CONTENT, "", 0),
        (number["Bare"], "p", Leak.HEAP, "", 0),
        (number["BareNoEscape"], "b", Leak.NONE, "", 0),
    } <= found
    assert package.path == "example.com/corpus/params"
    assert {p.package for p in package.parameters} == {package.path}


@releases
def test_what_is_allocated_on_the_heap_whatever_becomes_of_it(release: str) -> None:
    found = {
        (s.position.file, s.function, s.expression.split("(")[0], s.forced)
        for s in sites(release)
        if s.forced
    }
    old = line_of(release) < NAMED
    expected = {
        ("moved/moved.go", "TooLarge", "huge", "too large for stack"),
        ("literals/literals.go", "TooLarge", "&big{}", "too large for stack"),
        ("literals/literals.go", "TooLarge", "new", "too large for stack"),
        ("makes/makes.go", "TooLarge", "make", "too large for stack"),
    }
    size = "non-constant size" if old else "zero-sized element"
    expected |= {("makes/makes.go", f, "make", size) for f in ("ZeroSized", "ZeroSizedLocal")}
    if line_of(release) >= (1, 24):
        expected.add(("moved/moved.go", "TooLargeSince", "large", "too large for stack"))
    assert expected <= found
    unknown = {f for _, f, _, why in found if why == "non-constant size"}
    assert bool(unknown) == old
    assert not old or unknown >= {"NonConstant", "Variable", "Propagated"}


@releases
@forms
def test_what_stays_is_kept_with_its_kind(release: str, form: str) -> None:
    found = {
        (s.function, s.kind, s.expression) for p in merged(release, form).values()
        for s in p.stack_sites
    }  # fmt: skip
    assert {
        ("Stays", SiteKind.CONCAT, "a + b"),
        ("ZeroCopy", SiteKind.CONVERSION, "([]byte)(s)"),
        ("Local", SiteKind.MAKE, "make([]byte, 8)"),
        ("MethodValueLocal", SiteKind.METHOD_VALUE, "p.Set"),
        ("Variadic", SiteKind.ARGUMENT, "... argument"),
        ("OnStack", SiteKind.NEW, "new(node)"),
    } <= found
    grows = ("NonConstant", SiteKind.MAKE, "make([]byte, n)")
    assert (grows in found) == (line_of(release) >= NAMED)
    assert grows[1].allocates_on_stack
    assert not SiteKind.NEW.allocates_on_stack


@releases
def test_messages_that_differ_only_by_release_are_one(release: str) -> None:
    """A site whose text a release prints otherwise than the newest has the same normal form."""
    expected: dict[tuple[Position, SiteKind], set[str]] = {}
    for site in sites(NEWEST):
        key = (site.position, site.kind)
        expected.setdefault(key, set()).add(normal_message(site.message))
    old = line_of(release) < NAMED
    differs = {
        str(s.position)
        for s in sites(release)
        if not s.position.generated
        and normal_message(s.message)
        not in expected.get((s.position, s.kind), {normal_message(s.message)})
    }
    # The result of an inlined call is known from Go 1.25 on; what differs in a library is its own.
    expected_here = {"box/box.go:101:17", "imports/imports.go:41:24"} if old else set()
    if line_of(release) < (1, 22):  # a complex constant, and one that has a name
        expected_here |= {"box/box.go:71:11", "makes/makes.go:20:13"}
    assert differs <= expected_here


def test_an_unknown_heap_related_line_is_kept() -> None:
    output = """go: downloading example.com/heap v1.2.3 to the heap
# example.com/p
p/p.go:3:2: moved to heap: x
p/p.go:4:2: y is evacuated to the heap
p/p.go:5:2: escape analysis gave up on F
p/p.go:6:2: cannot say why z is leaking
p/p.go:7:2: index bounds check elided
<unknown line number>: w escapes to heap
note: v may escape
go: warning: the heap is full
"""
    (package,) = parse(output)
    assert [(u.position, u.text) for u in package.unparsed] == [
        (Position("p/p.go", 4, 2), "y is evacuated to the heap"),
        (Position("p/p.go", 5, 2), "escape analysis gave up on F"),
        (Position("p/p.go", 6, 2), "cannot say why z is leaking"),
        (None, "note: v may escape"),
    ]
    assert [s.expression for s in package.sites] == ["x", "w"]
    assert package.sites[1].position.generated
    assert merge("example.com/p", [package, replace(package)]).unparsed == package.unparsed


def test_a_raw_string_over_lines_is_one_message() -> None:
    output = """# p
p/p.go:3:7: "a `" + `b
# q
p/p.go:9:9: moved to heap: not
` + s escapes to heap
p/p.go:4:2: '`' escapes to heap
p/p.go:5:2: `never closed escapes to heap
p/p.go:6:2: moved to heap: x
"""
    (package,) = parse(output)
    assert [(s.position.line, str(s.kind)) for s in package.sites] == [
        (3, "concat"), (4, "boxed"), (5, "boxed"), (6, "moved"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("moved to heap: ~R0", "moved to heap: ~r0"),
        ("make([]byte, 1 << 4, 4 * 2) escapes to heap", "make([]byte, 16, 8) escapes to heap"),
        ('"x" + "y" + a escapes to heap', '"xy" + a escapes to heap'),
        ('text(s) + "!" escapes to heap', 'text(s) + text("!") escapes to heap'),
        ("f(b, 'a') escapes to heap", "f(b, byte(97)) escapes to heap"),
        ('`a\n\t"` + s escapes to heap', '"a\\n\\t\\"" + s escapes to heap'),
        (f'"{"0" * 80}" escapes to heap', f'"{"0" * 68}... escapes to heap'),
        ("&_Ctype_struct_pair{...} escapes to heap", "&C.struct_pair{...} escapes to heap"),
        (
            "&entry[go.shape.struct { A []int; B int }]{...} escapes to heap",
            "&entry[go.shape.int]{...} escapes to heap",
        ),
        (
            "make([]go.shape.*uint8, 0, n) escapes to heap",
            "make([]go.shape.map[string]int, 0, n) escapes to heap",
        ),
    ],
)
def test_normal_messages(one: str, other: str) -> None:
    assert normal_message(one) == normal_message(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("moved to heap: r0", "moved to heap: r1"),
        ('"a" + s escapes to heap', '"b" + s escapes to heap'),
        ("make([]byte, 16) escapes to heap", "make([]byte, 17) escapes to heap"),
        ("make([]byte, n) escapes to heap", "make([]int, n) escapes to heap"),
        ("list[2] escapes to heap", "list[3] escapes to heap"),
        ("string(b) escapes to heap", "string(c) escapes to heap"),
    ],
)
def test_normal_messages_that_differ(one: str, other: str) -> None:
    assert normal_message(one) != normal_message(other)


def live(go: Go) -> str:
    """The release of the corpus that a Go is; skips the test where there is none."""
    release = go.toolchain.release.removeprefix("go")
    if release not in RELEASES:
        pytest.skip(f"the corpus has no {release}")
    if (go.toolchain.goos, go.toolchain.goarch) != regenerate.PLATFORM:
        pytest.skip("the corpus is of another platform")
    return release


def test_the_installed_release_says_what_is_stored(go: Go) -> None:
    assert regenerate.check(go, live(go)) == []


@pytest.mark.slow
@pytest.mark.parametrize("release", RELEASES)
def test_every_release_says_what_is_stored(release: str) -> None:
    go = find_go(release, regenerate.cache())
    assert regenerate.check(go, live(go)) == []


def test_a_compile_gives_the_sites_of_the_stored_output(go: Go) -> None:
    release = live(go)
    env = {**go.environment(tool_environment()), "GOWORK": "off", "GOPROXY": "off"}
    build = compile_module(go.binary, SOURCE, ".", env, 600)
    found = {directory(d.path): d for d in build.diagnostics}
    expected = merged(release)
    if not go.toolchain.cgo:
        expected = {name: p for name, p in expected.items() if name != "cgolib"}
    assert found.keys() == expected.keys()
    for name, package in found.items():
        for field in ("sites", "stack_sites", "parameters", "decisions", "calls", "unparsed"):
            assert getattr(package, field) == getattr(expected[name], field), (name, field)


@pytest.mark.parametrize(
    ("owner", "message", "expected"),
    [
        ("example.com/m/p", "moved to heap: p.v", "moved to heap: v"),
        ("example.com/m/p", "&p.T{...} escapes to heap", "&T{...} escapes to heap"),
        ("example.com/m/v5", "moved to heap: m.v", "moved to heap: v"),
        ("gopkg.in/yaml.v3", "moved to heap: yaml.v", "moved to heap: v"),
        ("example.com/m/p", "q.p.x escapes to heap", "q.p.x escapes to heap"),
        ("example.com/m/p", "len(mp.x) escapes to heap", "len(mp.x) escapes to heap"),
    ],
)
def test_a_copy_in_the_words_of_its_own_package(owner: str, message: str, expected: str) -> None:
    site = EscapeSite("example.com/x", "F", Position("p/p.go", 1, 1), "", SiteKind.MOVED, message)
    own = in_own_words(site, owner)
    assert (own.package, own.message) == (owner, expected)
