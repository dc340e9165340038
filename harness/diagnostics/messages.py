"""The compiler's output as messages, and the meaning of single messages. Pure.

A message is a line, but for one case: up to Go 1.21 a raw string is printed as in the source, over
several lines, any of which may look like a header or like another message.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from harness.model import Position, SiteKind

# Makes a file as the compiler prints it, in the diagnostics of a package, relative to the
# repository.
Relative = Callable[[str, str], str]

LINE = re.compile(
    r"(?:(?P<unknown><unknown line number>)"
    r"|(?P<file>.+?):(?P<line>\d{1,9})(?::(?P<column>\d{1,9}))?): "
    r"(?P<text>.*)",
    re.DOTALL,
)
MOVED = "moved to heap: "
ESCAPES = " escapes to heap"
_HEADER = re.compile(r"# (?P<path>\S+)(?: \[(?P<for>\S+)\])?")
_BRACKET = re.compile(r"[\[\]]")
_CLOSURE_HASH = re.compile(r"#[^#\s]+#")

_LEAK = re.compile(
    r"leaking param(?P<content> content)?: (?P<name>\S+)"
    r"(?: to result (?P<result>\S+) level=(?P<level>-?\d{1,9}))?"
)
_STAYS = re.compile(r"(?P<expr>.+?) does not escape(?:, mutate, or call)?", re.DOTALL)
_NAME = re.compile(r"[^\W\d]\w*|\.this|arg#\d+|~?[pbrR]\d+")

# Words of the heap in lines that are no site and no parameter.
HEAP_WORD = re.compile(r"\bheap\b|\bescap(?:e|es|ed|ing)\b|\bleak(?:s|ed|ing)?\b", re.IGNORECASE)
_NO_SITE = re.compile(
    r"parameter \S+ leaks to .+ with derefs=-?\d+:"
    r"|.+ capturing by (?:ref|value): \S+ \(addr=\w+ assign=\w+ width=\d+\)"
    r"|.+ ignoring self-assignment in .+"
    r"|(?:mutates|calls) param: \S+ derefs=-?\d+"
    r"|marking \S+ as escaping (?:\.\.\.)?uintptr|assuming \S+ is unsafe uintptr"
    r"|zero-copy string->\[\]byte conversion"
    r"|(?:partially )?devirtualizing .+ to .+|cannot devirtualize .+: shaped .+"
    r"|cannot inline .+ into .+: .+"
    r"|(?:should not )?PGO devirtualiz\w+ .+"
    r"|function .+ considered 'big'; reducing max cost of inlinees"
    r"|(?:.+|function (?:arg|results?)) will be kept alive",
    re.DOTALL,
)
_GO_COMMAND = ("go: ", "warning: ")

# Kinds of expressions by their text without what is in brackets.
_SHAPES = {
    "append": SiteKind.APPEND, "... argument": SiteKind.ARGUMENT, "func literal": SiteKind.CLOSURE,
    "make()": SiteKind.MAKE, "new()": SiteKind.NEW, "string()": SiteKind.CONVERSION,
}  # fmt: skip
_TO_SLICE = re.compile(r"(?:\(\[\][\w.]+\)|\[\](?:byte|rune))\(.*\)", re.DOTALL)
# Operators that texts do not have, and operands that are numbers.
_NUMERIC = re.compile(r" (?:[-*/%&|^]|<<|>>|&\^) |(?:^| )[-+^]?(?:\d|len\(\)|cap\(\))")
# A long text is cut by the compiler and has no end. A rune may be a quotation mark.
_QUOTED = re.compile(
    r'"(?:[^"\\]|\\.)*(?:"|$)' r"|`[^`]*(?:`|$)" r"|'(?:[^'\\\n]|\\.[^']*)'", re.DOTALL
)
_SELECTOR = re.compile(r".+\.(?P<name>[^\W\d]\w*)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Block:
    """The output below one ``# package`` header.

    ``variant`` is the test binary, ``p.test``, that a variant of the package is compiled for.
    """

    path: str
    variant: str | None
    messages: list[str]


def blocks(output: str) -> list[Block]:
    """Cut the output at the ``# package`` headers; what comes before the first is left out."""
    found: list[Block] = []
    for message in _messages(output.removesuffix("\n").split("\n")):
        header = _HEADER.fullmatch(message) if message.startswith("# ") else None
        if header is not None:
            found.append(Block(header["path"], header["for"], []))
        elif found:
            found[-1].messages.append(message)
    return found


def _messages(lines: list[str]) -> Iterator[str]:
    """Yield the lines, those of one raw string joined."""
    number, endless = 0, False
    while number < len(lines):
        message, end = lines[number], number + 1
        if not endless and "`" in message and LINE.match(message) and _in_raw_string(message):
            last = _end_of_raw_string(lines, end)
            if last is None:
                endless = True  # it was none; after one without an end, no later one is looked for
            else:
                end = last + 1
                message = "\n".join(lines[number:end])
        yield message
        number = end


def _end_of_raw_string(lines: list[str], start: int) -> int | None:
    """Return the line where one ends that begins above ``start``, and no other begins."""
    for number in range(start, len(lines)):
        _, quote, rest = lines[number].partition("`")
        if quote and not _in_raw_string(rest):
            return number
    return None


def _in_raw_string(text: str) -> bool:
    """True if a text ends inside of a raw string."""
    last = (_QUOTED.findall(text) or [""])[-1]
    return last.startswith("`") and not (len(last) > 1 and last.endswith("`"))


def position(match: re.Match[str], package: str, relative: Relative) -> Position:
    """Return the position in a message or in a step of a flow."""
    if match.re is LINE and match["unknown"]:
        return Position(match["unknown"], 0, 0)
    return Position(relative(match["file"], package), int(match["line"]), int(match["column"] or 0))


def is_heap_line(text: str) -> bool:
    """True if a line of an unknown form says something about the heap."""
    return (
        HEAP_WORD.search(text) is not None
        and _NO_SITE.fullmatch(text) is None
        and not text.startswith(_GO_COMMAND)
    )


def parameter_form(text: str) -> str | None:
    """Return how the parameter that a message is about leaks, and how deep; empty if it stays.

    ``None`` for another message. A parameter that stays and a boxed variable that stays are both
    printed as ``x does not escape``; either way nothing is allocated.
    """
    leak = _LEAK.fullmatch(text)
    if leak is not None:
        how = "result" if leak["result"] else "content" if leak["content"] else "heap"
        return f"{how} {int(leak['level'] or 0)}"
    stays = _STAYS.fullmatch(text)
    return "" if stays is not None and _NAME.fullmatch(stays["expr"]) else None


def staying_expression(text: str) -> str | None:
    """Return the expression that ``does not escape`` by a message, if it says so."""
    stays = _STAYS.fullmatch(text)
    return stays["expr"] if stays is not None else None


def kind_of(expression: str, methods: frozenset[str]) -> SiteKind:
    """Return the kind of an expression that ``escapes to heap`` or ``does not escape``.

    The text has no types. So these are read as the more common case: ``T{…}``, a boxed struct or a
    slice or map of a named type, as a literal; ``T(x)``, a boxed number or a conversion to a named
    string or slice type, as boxed; ``x.f`` as a method value if a method of that name is known.
    """
    plain = _QUOTED.sub('""', expression)
    flat = _without_brackets(plain)
    if flat in _SHAPES:
        return _SHAPES[flat]
    if " + " in flat and not _NUMERIC.search(flat):
        return SiteKind.CONCAT
    if flat.endswith("{}"):
        return SiteKind.LITERAL
    if flat in ("()()", "[]byte()", "[]rune()") and _TO_SLICE.fullmatch(plain):
        return SiteKind.CONVERSION
    selector = _SELECTOR.fullmatch(flat)
    if selector is not None and selector["name"] in methods:
        return SiteKind.METHOD_VALUE
    return SiteKind.BOXED


def _without_brackets(text: str) -> str:
    """Return the text without what is inside of brackets, which themselves stay."""
    outside, depth = [], 0
    for char in text:
        depth -= char in ")]}"
        if depth <= 0:
            outside.append(char)
        depth += char in "([{"
    return "".join(outside)


def generic_name(function: str) -> str:
    """Return a function without its type arguments, as tracebacks print it: ``Top[...]``.

    The shapes (``go.shape.struct { At int64; … }``) depend on who instantiates it, and so does the
    hash in the name of a closure of an inlined function (``F.func1#7gW254ZGGfY=#``).
    """
    function = _CLOSURE_HASH.sub("", function)
    short, depth, start, done = [], 0, 0, 0
    for bracket in _BRACKET.finditer(function):
        if bracket[0] == "[":
            start = start if depth else bracket.start()
            depth += 1
        elif depth:
            depth -= 1
            if depth == 0:
                short.append(f"{function[done:start]}[...]")
                done = bracket.end()
    return "".join([*short, function[done:]])
