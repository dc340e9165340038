"""Values as JSON, whatever texts they hold."""

from __future__ import annotations

import re
from typing import Any

import msgspec

_SURROGATE = re.compile("[\ud800-\udfff]")
_ENCODER = msgspec.json.Encoder(order="deterministic")


def to_json(value: object) -> bytes:
    """JSON with a newline at its end.

    Names of files that are no UTF-8 come from the system with surrogates, which JSON cannot hold;
    their bytes become replacement characters.
    """
    try:
        text = _ENCODER.encode(value)
    except UnicodeEncodeError:
        text = _ENCODER.encode(_readable(msgspec.to_builtins(value)))
    return text + b"\n"


def _readable(value: Any) -> Any:
    if isinstance(value, str):
        return _SURROGATE.sub("\ufffd", value)
    if isinstance(value, dict):
        return {_readable(key): _readable(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_readable(item) for item in value]
    return value
