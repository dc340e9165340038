"""Data of the site as scripts: ``data/<name>.js``, which a browser loads from ``file://`` too.

A page asks for one with ``esv.load("data/<name>.js")`` (``static/data.js``). Nothing in a shard can
end its script or begin another, whatever it says: text of the measured project is quoted as JSON,
and what means something to an HTML or a JavaScript parser is written as an escape.
"""

import json
from collections.abc import Mapping, Sequence
from typing import TypeAlias

Json: TypeAlias = "str | int | float | bool | Sequence[Json] | Mapping[str, Json] | None"

# ASCII only is written, so the line separators of Unicode are escaped with everything else.
_UNSAFE = {ord(c): f"\\u{ord(c):04x}" for c in "<>&'"}


def shard(key: str, value: Json) -> bytes:
    """The script that hands a value over under a key; the same value gives the same bytes.

    Args:
        key: what ``esv.get`` finds it by.
        value: of plain JSON types; keys keep their order.

    Raises:
        ValueError: a number is not finite, which JSON has not.
    """
    return assembled(key, fragment(value))


def fragment(value: Json) -> str:
    """A value as a shard holds it: JSON, quoted once more for the string it is in.

    Every character is quoted by itself, so fragments are put together like the JSON they are.
    """
    return _json(value).replace("\\", "\\\\")


def assembled(key: str, text: str) -> bytes:
    """The shard of a value that was put together of fragments."""
    # JSON.parse reads large data faster than a literal is compiled, and a key `__proto__` of
    # hostile data is a key like any other to it.
    return f"esv.provide({_json(key)},JSON.parse('{text}'));\n".encode("ascii")


def _json(value: Json) -> str:
    text = json.dumps(value, ensure_ascii=True, allow_nan=False, separators=(",", ":"))
    return text.translate(_UNSAFE)
