"""Values and foreign text, as a person reads them."""

import inspect
import math
import re
import unicodedata
from datetime import UTC, datetime
from typing import Any, TypeVar, overload

import msgspec

from harness.model import BYTES, GC_PAUSE, SECONDS
from harness.words import plural as plural  # what outputs print is all found here

EntryT = TypeVar("EntryT", bound=msgspec.Struct)
MINUS = "\N{MINUS SIGN}"
NONE = "\N{EN DASH}"  # stands for a value that is not there
# The note on steps with a p-value in all outputs.
NOISY = (
    "Steps with a p-value are change points of values that do not repeat: of the benchmarks said to"
    " have one, about 5 % have none."
)
_THIN = "\N{NARROW NO-BREAK SPACE}"
_SECONDS = ((1.0, "s"), (1e-3, "ms"), (1e-6, "µs"), (1e-9, "ns"), (1e-12, "ps"))
_BYTES = ((2**40, "TiB"), (2**30, "GiB"), (2**20, "MiB"))
_HIDDEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f"
    "\ufdd0-\ufdef\ufeff\ufff0-\ufffb\ufffe\uffff\ud800-\udfff]"
    "|[\U000e0000-\U000e0fff]"
)


def json_text(document: object) -> str:
    """Anything that msgspec can encode as indented JSON, ending in a newline.

    What UTF-8 cannot hold (a file name of other bytes) is written out with a backslash.
    """
    try:
        data = msgspec.json.encode(document)
    except UnicodeEncodeError:
        data = msgspec.json.encode(_encodable(msgspec.to_builtins(document, str_keys=True)))
    return msgspec.json.format(data, indent=2).decode() + "\n"


def entry(kind: type[EntryT], found: object, **more: object) -> EntryT:
    """A part of a document: the attributes of the same names of what was found, and others."""
    own = {name: getattr(found, name) for name in kind.__struct_fields__ if name not in more}
    return kind(**own, **more)


def _encodable(value: object) -> object:
    if isinstance(value, str):
        return value.encode("utf-8", "backslashreplace").decode("utf-8")
    if isinstance(value, (list, tuple)):
        return [_encodable(v) for v in value]
    if isinstance(value, dict):
        return {_encodable(k): _encodable(v) for k, v in value.items()}
    return value


@overload
def json_number(number: None) -> None: ...
@overload
def json_number(number: float) -> float | int: ...
def json_number(number: float | None) -> float | int | None:
    """A number for a JSON document, where a whole one has no fraction."""
    return int(number) if number is not None and float(number).is_integer() else number


def json_schema(document: type) -> dict[str, Any]:
    """JSON Schema (2020-12) of a document's type, as plain values of JSON.

    The same with every release of msgspec, which differ in whether they clean the docstrings that
    become descriptions, and in the order of alternatives: here null is the last one.
    """
    schema = msgspec.json.decode(msgspec.json.encode(msgspec.json.schema(document)))
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **_settled(schema)}


def _settled(value: Any) -> Any:
    if isinstance(value, list):
        return [_settled(v) for v in value]
    if not isinstance(value, dict):
        return value
    found = {k: _settled(v) for k, v in value.items()}
    if isinstance(found.get("description"), str):
        found["description"] = inspect.cleandoc(found["description"])
    if isinstance(found.get("anyOf"), list):
        found["anyOf"].sort(key=lambda v: (v == {"type": "null"}, msgspec.json.encode(v)))
    return found


def visible(text: str) -> str:
    r"""Text in which every character that would hide, reorder or break is written out.

    Control characters, bidirectional marks, zero-width characters and lone surrogates become
    ``\x1b`` or ``\u{202e}``; line feeds and tabs stay.
    """
    return _HIDDEN.sub(_escape, text.replace("\r\n", "\n"))


def _escape(match: re.Match[str]) -> str:
    code = ord(match.group())
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{{{code:x}}}"


def clip(text: str, limit: int = 120) -> str:
    """Text of at most ``limit`` characters; the middle of a longer one is left out."""
    if len(text) <= limit:
        return text
    head = limit * 2 // 3
    return f"{text[:head]} … {text[len(text) - (limit - head - 3) :]}"


def one_line(text: str, limit: int = 160) -> str:
    """The first line of a text that is not empty, clipped."""
    lines = (line.strip() for line in text.splitlines())
    return clip(next((line for line in lines if line), ""), limit)


def value(number: float, unit: str) -> str:
    """A value without its unit's ``/op``: ``12``, ``1,024 B``, ``3.142 µs``."""
    if not math.isfinite(number):
        return "∞" if number > 0 else NONE
    if unit in (SECONDS, GC_PAUSE):
        return _scaled_seconds(number)
    if unit == BYTES or unit.endswith("-B"):
        return _scaled_bytes(number)
    return _plain(number)


def with_unit(number: float, unit: str) -> str:
    """A value with all of its unit: ``12 allocs/op``, ``1,024 B/op``, ``3.142 µs/op``."""
    return value(number, unit) + ("/op" if unit in (BYTES, SECONDS) else f" {unit}")


def signed(number: float, unit: str) -> str:
    """A difference with its sign: ``+12`` with a real minus where it is negative."""
    if math.isnan(number):
        return NONE
    if number == 0:
        return "±0"
    sign = "+" if number > 0 else MINUS
    return sign + value(abs(number), unit)


def percent(ratio: float) -> str:
    """The growth of a value: ``+12.5 %``; ``from 0`` where there is no ratio."""
    if math.isnan(ratio):
        return ""
    if math.isinf(ratio):
        return "from 0"
    share = (ratio - 1) * 100
    digits = 0 if abs(share) >= 100 else 1 if abs(share) >= 1 else 2
    sign = "+" if share > 0 else MINUS if share < 0 else "±"
    return f"{sign}{abs(share):,.{digits}f}{_THIN}%"


def confidence(p: float) -> str:
    """A p-value: ``p 0.012``, ``p 3e-06``."""
    return f"p {p:.2g}" if p >= 1e-12 else "p < 1e-12"


def day(seconds: float) -> str:
    """A date in UTC: ``2026-02-07``."""
    moment = _moment(seconds)
    return NONE if moment is None else moment.strftime("%Y-%m-%d")


def minute(seconds: float) -> str:
    """Date and time in UTC: ``2026-02-07 09:00 UTC``."""
    moment = _moment(seconds)
    return NONE if moment is None else moment.strftime("%Y-%m-%d %H:%M UTC")


def name_key(name: str) -> str:
    """A name as the filter box compares it."""
    return unicodedata.normalize("NFKC", clip(name, 400)).casefold()


def _moment(seconds: float) -> datetime | None:
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError):
        return None


def _scaled_seconds(number: float) -> str:
    if number == 0:
        return f"0{_THIN}s"
    scale, unit = next((s for s in _SECONDS if abs(number) >= s[0] * 0.99995), _SECONDS[-1])
    return f"{_four_digits(number / scale)}{_THIN}{unit}"


def _scaled_bytes(number: float) -> str:
    for scale, unit in _BYTES:
        if abs(number) >= scale * 10:
            return f"{_four_digits(number / scale)}{_THIN}{unit}"
    return f"{_plain(number)}{_THIN}B"


def _four_digits(number: float) -> str:
    digits = 3 - math.floor(math.log10(abs(number))) if number else 0
    return f"{number:.{min(max(digits, 0), 3)}f}"


def _plain(number: float) -> str:
    if float(number).is_integer():
        return f"{int(number):,}"
    return f"{number:,.4g}" if abs(number) < 1e4 else f"{number:,.1f}"
