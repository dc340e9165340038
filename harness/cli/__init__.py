"""The command line: `main` lists the verbs, and the module of a verb does its work.

The modules are loaded when they are used (``cli.gate``): what measures takes five times as long to
load as help and wrong usage take altogether. `options` declares the options of every verb.
"""

from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from harness.cli import (
        check,
        compare,
        explain,
        export,
        find,
        gate,
        import_,
        init,
        nightly,
        preview,
        publish,
        rebuild,
        rm,
        run,
        show,
        steps,
    )
else:

    def __getattr__(name: str) -> ModuleType:
        if name.startswith("_"):
            raise AttributeError(name)
        return import_module(f"{__name__}.{name}")
