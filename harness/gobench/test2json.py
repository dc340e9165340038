"""The events of ``go test -json``, turned back into the text of ``go test``. Pure.

Format: https://pkg.go.dev/cmd/test2json; from Go 1.24 on the compiler's output is in events too
(``go help buildjson``). A line of output may come in several events, and packages that run at the
same time come mixed.
"""

from collections.abc import Iterator

import msgspec

# Actions that end a package.
_ENDS = ("pass", "fail", "skip")


class _Event(msgspec.Struct):
    Action: str
    Package: str = ""
    ImportPath: str = ""
    Test: str = ""
    Output: str = ""


_DECODER = msgspec.json.Decoder(_Event)


def is_events(text: str) -> bool:
    """True for a stream of events: the first line that looks like one is."""
    for line in text.split("\n"):
        if line.startswith("{"):
            return _event(line) is not None
    return False


def read_events(text: str) -> tuple[str, list[int]]:
    """Return the output of ``go test`` without ``-json``, and the numbers of lines not understood.

    These begin like an event and are none. Lines between the events (go's own on the error stream)
    come first, then the compiler's, then the packages in the order in which they begin.
    """
    between: list[str] = []
    builds: dict[str, list[str]] = {}
    packages: dict[str, list[str]] = {}
    unread: list[int] = []
    for number, line in enumerate(text.split("\n"), 1):
        line = line.rstrip("\r")
        event = _event(line)
        if event is None:
            if line.startswith("{"):
                unread.append(number)
            elif line:
                between.append(f"{line}\n")
        elif event.Action == "build-output":
            builds.setdefault(event.ImportPath, []).append(event.Output)
        elif event.Package:
            said = packages.setdefault(event.Package, [])
            if event.Action == "output":
                said.append(event.Output)
            elif event.Action in _ENDS and not event.Test:
                said.append(_end(event, said))
    return "".join([*between, *_whole(builds), *_whole(packages)]), unread


def _event(line: str) -> _Event | None:
    if not line.startswith("{"):
        return None
    try:
        return _DECODER.decode(line.encode("utf-8", "replace"))
    except (msgspec.DecodeError, RecursionError):
        return None


def _end(event: _Event, said: list[str]) -> str:
    """Return the last line of a package whose output has none."""
    word = "FAIL" if event.Action == "fail" else "ok  "
    if any(x.startswith((f"{word}\t", f"{word} ", "?")) for x in said[-3:]):
        return ""
    return f"\n{word}\t{event.Package}\t0s\n"


def _whole(parts: dict[str, list[str]]) -> Iterator[str]:
    for said in parts.values():
        text = "".join(said)
        yield text if text.endswith("\n") or not text else f"{text}\n"
