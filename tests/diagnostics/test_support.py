"""Packages and files that only tests use, from what the real ``go list`` says."""

from __future__ import annotations

from pathlib import Path

from harness.model import Support
from tests.diagnostics.conftest import Compile

BENCH = 'package {p}\n\nimport "testing"\n\nfunc BenchmarkX(b *testing.B) {{}}\n'
USE = '{clause}\n\nimport (\n\t"testing"\n\n{imports}\n)\n\nfunc TestX(t *testing.T) {{}}\n'
COMMAND = 'package main\n\nimport _ "example.com/m/internal/engine"\n\nfunc main() {}\n'


def test_only_what_no_code_uses_is_support(compile_tree: Compile, tmp_path: Path) -> None:
    paths = ["/internal/cases", "/internal/inner", "/internal/engine", "/internal/measured"]
    imports = "\n".join(f'\t_ "example.com/m{path}"' for path in [*paths, "/public", ""])
    built = compile_tree(
        tmp_path,
        {
            "go.mod": "module example.com/m\n\ngo 1.22\n",
            "m.go": 'package m\n\nimport _ "example.com/m/internal/used"\n',
            # The code itself is in its test binary, too.
            "m_test.go": USE.format(clause="package m_test", imports=imports),
            "other/o.go": "package other\n",
            "other/o_test.go": USE.format(
                clause="package other", imports='\t_ "example.com/m/internal/cases"'
            ),
            # Used by two tests; what it imports is used by tests only, through it.
            "internal/cases/c.go": 'package cases\n\nimport _ "example.com/m/internal/deep"\n',
            "internal/cases/data/a.txt": "1\n",
            "internal/deep/d.go": "package deep\n",
            # Code imports it by way of another package.
            "internal/used/u.go": 'package used\n\nimport _ "example.com/m/internal/inner"\n',
            "internal/inner/i.go": "package inner\n",
            # A command needs it.
            "internal/engine/e.go": "package engine\n",
            "internal/tool/t.go": COMMAND,
            # It has benchmarks, for which it is the code.
            "internal/measured/x.go": "package measured\n",
            "internal/measured/x_test.go": BENCH.format(p="measured"),
            # Other modules may import it.
            "public/p.go": "package public\n",
            # Nothing uses it but its own test.
            "internal/alone/a.go": "package alone\n",
            "internal/alone/a_test.go": "package alone\n",
        },
    )  # fmt: skip
    users = ("example.com/m", "example.com/m/other")
    assert built.support == (Support("internal/cases", users), Support("internal/deep", users))


def test_files_that_only_tests_embed_are_support(compile_tree: Compile, tmp_path: Path) -> None:
    """In a module of a subdirectory, whose own path has ``internal`` in it."""
    built = compile_tree(
        tmp_path,
        {
            "sub/go.mod": "module example.com/internal/m\n\ngo 1.22\n",
            "sub/m.go": """
                package m

                import _ "embed"

                //go:embed both.txt
                var Both string
                """,
            "sub/both.txt": "1\n",
            "sub/large.json": "{}\n",
            "sub/testdata/x.txt": "2\n",
            "sub/m_test.go": """
                package m_test

                import "embed"

                //go:embed both.txt large.json testdata
                var files embed.FS
                """,
        },
        "sub",
    )
    assert not built.errors
    assert built.support == (Support("sub/large.json", ("example.com/internal/m",)),)
