"""The policy file: ``escape-velocity.toml`` in the measured project.

It is read with :mod:`tomllib` and checked with msgspec. Neither knows the line of a value, so the
place of a complaint is looked up in the syntax tree (tree-sitter-toml), which is made only for a
complaint and for the lines that rules are quoted by.
"""

import difflib
import re
import sys
import tomllib
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import NoReturn, TypeGuard

import msgspec
import tree_sitter_toml
from tree_sitter import Language, Node, Parser

from harness.errors import ConfigError
from harness.model.units import ESCAPES, FRAME_BYTES, HEAP_CALLS
from harness.policy.model import (
    LISTED,
    BenchmarkRule,
    Budget,
    EscapeRule,
    GoneRule,
    NoEscape,
    Policy,
    Scope,
    Threshold,
    Waiver,
)

# tomllib takes quadratic time for some lines.
_LONGEST = 20_000
_Key = tuple[str | int, ...]
_Amount = int | float | str
_PERCENT = re.compile(r"\s*([0-9]+(?:\.[0-9]+)?)\s*%\s*")
_SCOPES = {"packages": Scope.PACKAGE, "functions": Scope.FUNCTION}
_UNITS = {Scope.PACKAGE: (ESCAPES, HEAP_CALLS), Scope.FUNCTION: (FRAME_BYTES, HEAP_CALLS)}


class _Escapes(msgspec.Struct, forbid_unknown_fields=True, rename="kebab"):
    new: EscapeRule = EscapeRule.REPORT
    no_escape: list[str] = []


class _Waiver(msgspec.Struct, forbid_unknown_fields=True):
    owner: str
    reason: str
    expires: date
    benchmark: str = ""
    unit: str = ""
    allow: _Amount | None = None
    escape: str = ""
    file: str = ""
    function: str = ""


class _File(msgspec.Struct, forbid_unknown_fields=True):
    gone: GoneRule = GoneRule.FAIL
    # msgspec does not say which key of a dictionary is wrong; these are checked by hand.
    thresholds: dict[str, object] = {}
    budgets: dict[str, object] = {}
    escapes: _Escapes = msgspec.field(default_factory=_Escapes)
    waivers: list[_Waiver] = []


def load_policy(path: Path) -> Policy:
    """Read and check a policy file.

    Raises:
        ConfigError: it cannot be read, or something in it is wrong; with line and column.
    """
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as err:
        reason = err.strerror if isinstance(err, OSError) else "is not UTF-8"
        raise ConfigError(f"{path}: {reason}; name a policy with --policy FILE") from None
    return parse_policy(text, str(path))


def parse_policy(text: str, source: str) -> Policy:
    """Check the text of a policy file; messages name it ``source``.

    Raises:
        ConfigError: with line and column.
    """
    for number, line in enumerate(text.split("\n"), 1):
        if len(line) > _LONGEST:
            raise ConfigError(f"{source}:{number}:1: the line has more than {_LONGEST} characters")
    try:
        return _Reader(text, source).read(_document(text, source))
    except RecursionError:
        raise ConfigError(f"{source}: arrays or tables are nested too deeply") from None


def _document(text: str, source: str) -> dict[str, object]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as err:
        message, _, place = str(err).partition(" (at ")
        found = re.findall(r"\d+", place)
        # At the end of a file tomllib names no line.
        lines = text.split("\n")
        where = ":".join(found) or f"{len(lines)}:{len(lines[-1]) + 1}"
        raise ConfigError(f"{source}:{where}: {message}") from None
    except ValueError as err:  # a number of thousands of digits, a date that is none
        raise ConfigError(f"{source}: {err}") from None


class _Reader:
    def __init__(self, text: str, source: str) -> None:
        self._text = text
        self._source = source
        self._places: dict[_Key, tuple[int, int]] | None = None

    def read(self, document: Mapping[str, object]) -> Policy:
        try:
            file = msgspec.convert(document, _File)
        except msgspec.ValidationError as err:
            self._refuse(err)
        thresholds: dict[str, Threshold] = {}
        rules: list[BenchmarkRule] = []
        for unit, value in file.thresholds.items():
            key: _Key = ("thresholds", unit)
            if unit == "benchmarks":
                for name, units in self._table(key, value).items():
                    rules.append(self._rule(name, self._table((*key, name), units)))
            else:
                thresholds[unit] = self._threshold(key, value)
        return Policy(
            source=self._source,
            thresholds=thresholds,
            benchmarks=tuple(rules),
            budgets=tuple(self._budgets(file)),
            no_escape=tuple(
                self._no_escape(i, text) for i, text in enumerate(file.escapes.no_escape)
            ),
            new_escapes=file.escapes.new,
            gone=file.gone,
            waivers=tuple(self._waiver(i, w) for i, w in enumerate(file.waivers)),
        )

    def _table(self, key: _Key, value: object) -> Mapping[str, object]:
        if not isinstance(value, dict):
            self._fail(key, f'"{key[-1]}" must be a table')
        return value

    def _rule(self, pattern: str, units: Mapping[str, object]) -> BenchmarkRule:
        key: _Key = ("thresholds", "benchmarks", pattern)
        self._expression(key, pattern)
        amounts = {unit: self._threshold((*key, unit), value) for unit, value in units.items()}
        return BenchmarkRule(pattern, amounts, self._line(key))

    def _budgets(self, file: _File) -> list[Budget]:
        found = []
        for name, entry in file.budgets.items():
            key: _Key = ("budgets", name)
            scope = _SCOPES.get(name)
            if scope is None:
                self._expression(key, name)
                found.append(self._budget(Scope.BENCHMARK, name, key, self._table(key, entry)))
                continue
            for pattern, limits in self._table(key, entry).items():
                place = (*key, pattern)
                found.append(self._budget(scope, pattern, place, self._table(place, limits)))
        return found

    def _budget(
        self, scope: Scope, pattern: str, key: _Key, limits: Mapping[str, object]
    ) -> Budget:
        checked: dict[str, float] = {}
        known = _UNITS.get(scope)
        for unit, limit in limits.items():
            if not _is_amount(limit):
                self._fail((*key, unit), f'"{unit}" must be a number, 0 or more')
            if known is not None and unit not in known:
                self._fail((*key, unit), f'a {scope} has no "{unit}"; it has {" and ".join(known)}')
            checked[unit] = float(limit)
        return Budget(scope, pattern, checked, self._line(key))

    def _no_escape(self, index: int, text: str) -> NoEscape:
        key: _Key = ("escapes", "no-escape", index)
        file, _, function = text.partition(":")
        if not file or (":" in text and not function):
            self._fail(key, f'"{text}" must be "file.go" or "file.go:function"')
        return NoEscape(file, function, self._line(key))

    def _waiver(self, index: int, waiver: _Waiver) -> Waiver:
        key: _Key = ("waivers", index)
        for name, words in (("owner", "an owner"), ("reason", "a reason")):
            if not getattr(waiver, name).strip():
                self._fail((*key, name), f"a waiver needs {words}")
        if bool(waiver.benchmark) == bool(waiver.escape):
            self._fail(key, 'a waiver is either for a "benchmark" or for an "escape"')
        if waiver.escape and (waiver.unit or waiver.allow is not None):
            self._fail(key, '"unit" and "allow" belong to a waiver for a "benchmark"')
        if waiver.benchmark and (waiver.file or waiver.function):
            self._fail(key, '"file" and "function" belong to a waiver for an "escape"')
        if waiver.benchmark:
            self._expression((*key, "benchmark"), waiver.benchmark)
        stated = {name: getattr(waiver, name) for name in _Waiver.__struct_fields__}
        if isinstance(waiver.expires, datetime):
            stated["expires"] = waiver.expires.date()
        if waiver.allow is not None:
            stated["allow"] = self._threshold((*key, "allow"), waiver.allow, may_list=False)
        return Waiver(**stated, line=self._line(key))

    def _threshold(self, key: _Key, value: object, *, may_list: bool = True) -> Threshold:
        if _is_amount(value):
            return Threshold(absolute=float(value))
        if isinstance(value, str):
            percent = _PERCENT.fullmatch(value)
            if percent is not None:
                return Threshold(relative=float(percent[1]) / 100)
            if value == "report" and may_list:
                return LISTED
        words = 'a number, or a share such as "5%"' + (', or "report"' if may_list else "")
        raise self._error(key, f"{value!r} must be {words}")

    def _expression(self, key: _Key, pattern: str) -> None:
        try:
            re.compile(pattern)
        except (re.error, OverflowError, RecursionError) as err:
            self._fail(key, f"{pattern!r} is not a regular expression: {err}")

    def _refuse(self, err: msgspec.ValidationError) -> NoReturn:
        """Raise msgspec's complaint with its place, in words of TOML."""
        message, _, path = str(err).partition(" - at `$")
        key: _Key = tuple(
            int(number) if number else name
            for number, name in re.findall(r"\[(\d+)\]|\.?([\w-]+)|\[\.\.\.\]", path)
            if number or name
        )
        unknown = re.fullmatch(r"Object contains unknown field `(.+)`", message)
        if unknown is not None:
            known = list(_FIELDS[key[0] if key else ""])
            near = difflib.get_close_matches(unknown[1], known, n=1, cutoff=0.5)
            hint = f'did you mean "{near[0]}"?' if near else f"known keys: {', '.join(known)}"
            self._fail((*key, unknown[1]), f'unknown key "{unknown[1]}": {hint}')
        missing = re.fullmatch(r"Object missing required field `(.+)`", message)
        if missing is not None:
            self._fail(key, f'"{missing[1]}" is missing')
        self._fail(key, message.replace("`", '"').replace("object", "table"))

    def _fail(self, key: _Key, message: str) -> NoReturn:
        raise self._error(key, message)

    def _error(self, key: _Key, message: str) -> ConfigError:
        line, column = self._place(key)
        return ConfigError(f"{self._source}:{line}:{column}: {message}")

    def _line(self, key: _Key) -> int:
        return self._place(key)[0]

    def _place(self, key: _Key) -> tuple[int, int]:
        """Return line and column of a key, or of the nearest table around it."""
        if self._places is None:
            self._places = _places(self._text)
        while key and key not in self._places:
            key = key[:-1]
        return self._places.get(key, (1, 1))


def _is_amount(value: object) -> TypeGuard[float]:
    """True for a finite number from 0 on."""
    if not isinstance(value, int | float) or isinstance(value, bool):
        return False
    return 0 <= value <= sys.float_info.max


_FIELDS: Mapping[str | int, Sequence[str]] = {
    "": _File.__struct_encode_fields__,
    "escapes": _Escapes.__struct_encode_fields__,
    "waivers": _Waiver.__struct_encode_fields__,
}


def _places(text: str) -> dict[_Key, tuple[int, int]]:
    """Return line and column, from 1, of every key and array element of a TOML document."""
    tree = Parser(Language(tree_sitter_toml.language())).parse(text.encode("utf-8"))
    found: dict[_Key, tuple[int, int]] = {}
    counts: Counter[_Key] = Counter()

    def names(node: Node) -> tuple[str, ...]:
        if node.type == "dotted_key":
            return tuple(name for child in node.named_children for name in names(child))
        raw = (node.text or b"").decode("utf-8")
        return (next(iter(tomllib.loads(f"{raw} = 0"))),)

    def note(key: _Key, node: Node) -> None:
        found.setdefault(key, (node.start_point.row + 1, node.start_point.column + 1))

    def walk(around: _Key, node: Node) -> None:
        inside = [child for child in node.named_children if child.type != "comment"]
        if node.type in ("pair", "table", "table_array_element"):
            key: _Key = (*around, *names(inside[0]))
            if node.type == "table_array_element":
                counts[key] += 1
                key = (*key, counts[key] - 1)
            note(key, inside[0])
            for child in inside[1:]:
                walk(key, child)
        elif node.type == "array":
            for index, child in enumerate(inside):
                note((*around, index), child)
                walk((*around, index), child)
        elif node.type in ("document", "inline_table"):
            for child in inside:
                walk(around, child)

    walk((), tree.root_node)
    return found
