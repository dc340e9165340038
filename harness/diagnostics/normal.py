"""Messages and functions without the differences between releases for the same source. Pure.

A site is followed over a change of the release by this form. Within one release only the names of
temporaries differ.
"""

import operator
import re
from collections.abc import Mapping
from functools import lru_cache

_TEMPORARY = re.compile(r"~r\d+|~R\d+|\.autotmp_\d+|\.dict\d*")
# Go 1.27 prints C.int, C.f where older ones print what cgo made of it.
_CGO = re.compile(r"\b_C(?:func|2func|type|var|fpvar_fp)_")
_QUOTE = re.compile('["`]')
_TEXT = re.compile(r'"(?:[^"\\]|\\.)*"|`[^`]*`', re.DOTALL)
# The characters, quotation marks included, that the compiler prints of a text from Go 1.22 on.
_LONGEST, _CUT = 72, "..."
_RUNE = re.compile(r"'([^'\\])'")
_SUM = re.compile(r"(?<![\w.])(\d{1,400}) (<<|>>|[-+*]) (\d{1,400})(?![\w.])")
_TYPED = re.compile(r"(?<![\w.\])])(?!(?:make|new|len|cap|string)\()[\w.]+\((\d+|\x00\d+\x00)\)")
_OPERATORS = {
    "<<": operator.lshift, ">>": operator.rshift,
    "-": operator.sub, "+": operator.add, "*": operator.mul,
}  # fmt: skip
_TEXTS = re.compile(r"\x00(\d+)\x00 \+ \x00(\d+)\x00")
_PLACEHOLDER = re.compile(r"\x00(\d+)\x00")
_TOO_FAR = 64
# The depth to which a constant is folded: `int(int(1))` has two layers.
_MOST_LAYERS = 20

_SHAPE = "go.shape."
_BRACKET = re.compile(r"[][(){}]")
_CLOSING = ")]}"
_TYPE_NAME = re.compile(r"[\w./~-]+")
_TYPE_PREFIX = re.compile(r"\*|<-chan |chan<- |chan ")


@lru_cache(maxsize=1 << 14)
def normal_message(message: str) -> str:
    """Return the message in the form that all releases share, so far as there is one.

    The releases differ in the names of temporaries and of cgo's types; in constants, which Go 1.21
    prints as they are written (``1 << 10``, ``"a" + "b"``, ``'a'``) and later ones as a value with
    its type (``1024``, ``"ab"``, ``byte(97)``); in raw strings, which Go 1.21 prints as they are;
    and in long texts, which later ones cut. The shapes of type arguments depend on who instantiates
    a function.
    """
    texts: list[str] = []
    message = message.replace("\x00", "\ufffd")  # it delimits placeholders below
    message = unshaped(_put_texts_away(message, texts))
    message = normal_function(_TEMPORARY.sub("~", message))
    message = _RUNE.sub(lambda m: str(ord(m[1])), message)
    for _ in range(_MOST_LAYERS):
        previous = message
        message = _TYPED.sub(r"\1", _SUM.sub(_value, message))
        message = _TEXTS.sub(lambda m: _joined(m, texts), message)
        if message == previous:
            break
    return _PLACEHOLDER.sub(lambda m: f'"{texts[int(m[1])][: _LONGEST - 4]}"', message)


def normal_function(function: str) -> str:
    """Return a function by the name that Go 1.27 gives it.

    Up to Go 1.21 literals outside of functions are ``glob..func1``, later ``init.func1``.
    """
    if function.startswith("glob..func"):
        function = f"init.{function.removeprefix('glob..')}"
    return _CGO.sub("C.", function)


def unshaped(text: str) -> str:
    """Return a text without the shapes of type parameters: ``T`` alone, ``[...]`` in a list."""
    if _SHAPE not in text:
        return text
    ends = _closed(text)
    lists = [i for i, end in ends.items() if text[i] == "[" and text[i - 1 : i].isidentifier()]
    lists.sort(reverse=True)
    plain, at = [], 0
    while (shape := text.find(_SHAPE, at)) >= 0:
        # The outermost list of type arguments around it.
        opening = None
        while lists and lists[-1] < shape and opening is None:
            first = lists.pop()
            if first >= at and ends[first] > shape:
                opening = first
        if opening is not None:
            plain.append(f"{text[at:opening]}[...]")
            at = ends[opening]
        else:
            plain.append(f"{text[at:shape]}T")
            at = _after_type(text, shape + len(_SHAPE), ends)
    return "".join([*plain, text[at:]])


def _closed(text: str) -> dict[int, int]:
    """Return the place after the bracket that closes each one; the end of the text if none does."""
    found: dict[int, int] = {}
    open_: list[int] = []
    for match in _BRACKET.finditer(text):
        if match[0] in _CLOSING:
            if open_:
                found[open_.pop()] = match.end()
        else:
            open_.append(match.start())
    return {**found, **dict.fromkeys(open_, len(text))}


def _after_type(text: str, at: int, ends: Mapping[int, int]) -> int:
    """Return the place after a type; the result of a function type is not part of it."""
    while True:
        prefix = _TYPE_PREFIX.match(text, at)
        if prefix is not None:
            at = prefix.end()
        elif text.startswith("[", at):
            at = ends[at]
        elif text.startswith("map[", at):
            at = ends[at + len("map")]
        else:
            break
    for word in ("struct {", "interface {", "func("):
        if text.startswith(word, at):
            return ends[at + len(word) - 1]
    name = _TYPE_NAME.match(text, at)
    at = name.end() if name is not None else at
    return ends[at] if text.startswith("[", at) else at


def _put_texts_away(message: str, texts: list[str]) -> str:
    """Return the message with its text constants replaced by numbers, and cut ones completed."""
    replaced, at = [], 0
    while (match := _QUOTE.search(message, at)) is not None:
        start = match.start()
        cut = message[start : start + _LONGEST]
        whole = _TEXT.match(message, start)
        if cut.endswith(_CUT) and (whole is None or whole.end() > start + _LONGEST):
            end, text = start + _LONGEST, cut[1 : -len(_CUT)]
        elif whole is not None:
            end, text = whole.end(), whole[0][1:-1]
            if whole[0].startswith("`"):
                text = _escaped(text)
        else:
            break
        replaced += [message[at:start], f"\x00{len(texts)}\x00"]
        texts.append(text)
        at = end
    return "".join([*replaced, message[at:]])


def _escaped(text: str) -> str:
    """Return a raw string as Go writes it between quotation marks, but for rare characters."""
    for sign, escape in (("\\", "\\\\"), ('"', '\\"'), ("\n", "\\n"), ("\t", "\\t"), ("\r", "\\r")):
        text = text.replace(sign, escape)
    return text


def _value(match: re.Match[str]) -> str:
    left, sign, right = int(match[1]), match[2], int(match[3])
    if sign in ("<<", ">>") and right > _TOO_FAR:
        return match[0]
    return str(_OPERATORS[sign](left, right))


def _joined(match: re.Match[str], texts: list[str]) -> str:
    texts.append(texts[int(match[1])] + texts[int(match[2])])
    return f"\x00{len(texts) - 1}\x00"
