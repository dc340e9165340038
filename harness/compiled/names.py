"""Names of the linker and the assembler, in the form of the diagnostics. Pure."""

import re
from collections.abc import Collection

from harness.diagnostics.messages import generic_name

_ESCAPED = re.compile(r"(?:%[0-9a-f]{2})+")


def plain_name(symbol: str) -> str:
    """Return the full name of a function without type arguments, hashes of closures and escapes.

    The linker writes ``gopkg.in/yaml%2ev3.Top[int]`` for ``gopkg.in/yaml.v3.Top[...]``.
    """
    name = generic_name(symbol) if "[" in symbol or "#" in symbol else symbol
    return _unescaped(name) if "%" in name else name


class Packages:
    """The packages that are asked for; a package includes its external tests."""

    def __init__(self, paths: Collection[str]) -> None:
        self._known = {path: path for path in paths}
        for path in paths:
            self._known.setdefault(f"{path}_test", path)

    def split(self, symbol: str) -> tuple[str, str] | None:
        """Return package and function of a symbol, ``None`` if it is of no such package."""
        end = min((i for i in (symbol.find("["), symbol.find("#")) if i >= 0), default=len(symbol))
        dot = symbol.find(".", symbol.rfind("/", 0, end) + 1, end)
        if dot <= 0:
            return None
        path = symbol[:dot]
        package = self._known.get(_unescaped(path) if "%" in path else path)
        if package is None:
            return None
        return package, plain_name(symbol[dot + 1 :])


def _unescaped(text: str) -> str:
    return _ESCAPED.sub(
        lambda m: bytes.fromhex(m[0].replace("%", "")).decode("utf-8", "replace"), text
    )
