"""Text that wants to break a page, the file system or the terminal, and a history full of it.

Every script in it would set ``window.__pwned`` or open a dialog, so that a browser test can tell
that none ran. The first twelve have been there from the start; tests name some by their place.
"""

from __future__ import annotations

from dataclasses import replace

from harness.analysis.history.history import History
from harness.model import (
    BenchmarkFailure,
    Environment,
    FlowStep,
    Lane,
    ModuleOverlay,
    PackageError,
    PackageOutcome,
    Position,
    Record,
)
from tests.account_builders import hostile_accounts
from tests.builders import (
    ENVIRONMENT,
    MACHINE,
    MODULE,
    make_benchmark,
    make_package,
    make_record,
    make_site,
)

HOSTILE = (
    "<script>alert(1)</script>",
    "</script><img src=x onerror=alert(1)>",
    "{{ 7*7 }}{% raw %}${x}",
    "\"'><svg onload=alert(1)>",
    "../../../../etc/passwd",
    "nul\x00byte\x1b[31m",
    "bidi\u202egpj.exe\u2066\u200b",
    "lone\udc80surrogate",
    "CON",
    "con",
    "Straße/ß",
    "x" * 10_000,
    # Markup, and what ends a context of HTML, XML or JavaScript.
    "<!--",
    "<!-- <script>__pwned=1",
    "--><script>__pwned=2</script>",
    "]]><script>__pwned=3</script><![CDATA[",
    "</title></textarea></style></svg></code><script>__pwned=4</script>",
    "' onmouseover='__pwned=5' autofocus onfocus='__pwned=5",
    "javascript:__pwned=6",
    "');window.__pwned=7;('",
    "\\');window.__pwned=8//",
    '\\u0022);window.__pwned=9//"',
    "`${window.__pwned=10}`",
    "<a href=data:text/html,<script>opener.__pwned=11</script>>x</a>",
    "<base href=https://evil.example/><link rel=stylesheet href=//evil.example/x.css>",
    "<meta http-equiv=refresh content=0;url=https://evil.example/>",
    "&lt;b&gt; &amp;#60; &#x3c;script&#62;",
    "%3Cscript%3E%2e%2e%2f%00%0d%0aSet-Cookie:x",
    # Template syntax, and names that objects have.
    "{{ view.__class__.__mro__ }}",
    "{% include '/etc/passwd' %}{# gone #}",
    "__proto__",
    "constructor",
    # Characters that hide, reorder or break.
    "line\nfeed\r\ncarriage\rreturn\ttab",
    "separators\u2028and\u2029\x85\x0b\x0c",
    "\x00",
    "nothing \ufffe\uffff\ufdd0\U0001fffe",
    "zero\u200bwidth\u200d\u2060\ufeff",
    "tags \U000e0041\U000e007f",
    "\ud800\udc00pair of lone ones",
    "fillers \u3164\u115f\uffa0\u034f",
    "\u0645\u0631\u062d\u0628\u0627",
    # Paths and names of files.
    "",
    ".",
    "..",
    "/",
    "/etc/passwd",
    "C:\\Windows\\win.ini",
    "\\\\host\\share\\x",
    "NUL.go",
    "aux.html",
    "ends in a dot.",
    "ends in a space ",
    "index.html",
    "INDEX.HTML",
    "caf\u00e9",
    "cafe\u0301",
    "\ufb01",
    "fi",
    "-",
    "--help",
    "-rf /",
    "#00?x=1&y=2#L3",
    "long/" * 80 + "path",
    "\u00df" * 300,
)


def hostile_history() -> History:
    """A history in which every text wants to break the page, the file system or the terminal."""
    records = []
    for number in range(6):
        results = [
            make_benchmark(f"Benchmark{name}", number % (1 + place), 64.0 * number, (1e-6, 1.1e-6))
            for place, name in enumerate(HOSTILE)
        ]
        results += [make_benchmark(f"BenchmarkSub/{name}", number) for name in HOSTILE[:6]]
        failures = [
            BenchmarkFailure(f"Benchmark{n}!", Lane.ALLOCATION, "panic", f"panic: {n}\n{n}")
            for n in HOSTILE[:4]
        ]
        sites = [
            make_site(
                f"moved to heap: {n}{number // 3 if place % 2 else ''}",
                package=f"{MODULE}/{HOSTILE[0]}",
                function=n,
                file=f"{n}.go",
                flow=(FlowStep(f"flow: {n}", Position(n, 3, 1)),),
            )
            for place, n in enumerate(HOSTILE)
        ]
        packages = [
            make_package(f"{MODULE}/{HOSTILE[0]}", results, failures=failures),
            make_package(f"{MODULE}/{HOSTILE[4]}", (), PackageOutcome.BUILD_FAILED),
            *(
                make_package(f"{MODULE}/{name}", [make_benchmark("BenchmarkIn", number // 3)])
                for name in HOSTILE[12:]
            ),
        ]
        error = PackageError(f"{MODULE}/{HOSTILE[4]}", "build", "\n".join(HOSTILE), HOSTILE[1], 3)
        message = f"{HOSTILE[number]}\n\n" + "\n".join(HOSTILE)
        record = make_record(number, packages, message=message, errors=[error], escapes=sites)
        hostile = replace(record.revision, author=HOSTILE[number])
        accounts, inlining = hostile_accounts(f"{MODULE}/{HOSTILE[0]}", HOSTILE, number)
        overlay = ModuleOverlay(HOSTILE[0], HOSTILE[1], "\n".join(HOSTILE))
        record = replace(record, accounts=accounts, inlining=inlining)
        records.append(replace(record, revision=hostile, overlays=(overlay,)))
    machine = replace(MACHINE, machine=HOSTILE[1], cpu=HOSTILE[0], ram=HOSTILE[6])
    return History.build([replace(r, machine=machine) for r in records])


def hostile_commits() -> History:
    """A commit for each text, which is its message, its author and the name of its file."""
    records = []
    for number, text in enumerate(HOSTILE):
        result = make_benchmark("BenchmarkA", number % 3, 64.0 * (number % 3))
        error = PackageError("", "build", text, text, 3)
        site = make_site(f"moved to heap: v{number % 2}", file=f"dir/{text}")
        made = make_record(
            number,
            [make_package(benchmarks=[result])],
            message=text or " ",
            errors=[error] if number % 3 == 2 else [],
            escapes=[site],
        )
        records.append(replace(made, revision=replace(made.revision, author=text)))
    return History.build(records)


def hostile_environments() -> list[History]:
    """An environment for each text: in the names of machine and branch, and in a variable."""
    made = [make_package(benchmarks=[make_benchmark("BenchmarkA", 1)])]
    return [
        replace(History.build([_in(make_record(0, made), text)]), branch=text, other_branch=True)
        for text in HOSTILE
    ]


def _in(record: Record, text: str) -> Record:
    environment = Environment(ENVIRONMENT.toolchain, {"GOFLAGS": text})
    machine = replace(MACHINE, machine=text, os=text, cpu=text)
    return replace(record, environment=environment, machine=machine)


def hostile_source(_revision: str, _path: str) -> bytes:
    """A source file with a line for each text."""
    return "\n".join(HOSTILE).encode("utf-8", "surrogatepass")
