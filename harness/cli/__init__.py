"""The command line: `main` lists the verbs, and the module of a verb does its work.

The modules are loaded when they are used (``cli.gate``): what measures takes five times as long to
load as help and wrong usage take altogether. `options` declares the options of every verb.
"""

from __future__ import annotations

from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from harness.cli import (
        check as check,
    )
    from harness.cli import (
        compare as compare,
    )
    from harness.cli import (
        explain as explain,
    )
    from harness.cli import (
        export as export,
    )
    from harness.cli import (
        find as find,
    )
    from harness.cli import (
        gate as gate,
    )
    from harness.cli import (
        import_ as import_,
    )
    from harness.cli import (
        init as init,
    )
    from harness.cli import (
        nightly as nightly,
    )
    from harness.cli import (
        preview as preview,
    )
    from harness.cli import (
        publish as publish,
    )
    from harness.cli import (
        rebuild as rebuild,
    )
    from harness.cli import (
        rm as rm,
    )
    from harness.cli import (
        run as run,
    )
    from harness.cli import (
        show as show,
    )
    from harness.cli import (
        steps as steps,
    )
else:

    def __getattr__(name: str) -> ModuleType:
        if name.startswith("_"):
            raise AttributeError(name)
        return import_module(f"{__name__}.{name}")
