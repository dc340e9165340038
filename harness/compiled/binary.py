"""Allocation calls and frame sizes of a linked test binary."""

from collections.abc import Callable, Collection, Iterator
from pathlib import Path

from harness.compiled.allocators import allocation_kind
from harness.compiled.decode import decoder
from harness.compiled.gather import CompiledCode, gather
from harness.compiled.image import Image
from harness.compiled.names import Packages, plain_name
from harness.compiled.pclntab import Function, FunctionTable
from harness.model.compiled import AllocationCall, AllocationKind, FunctionCode

# Bytes of a frame that `-S` does not print as `locals`: on arm64 the function itself saves the
# address that it returns to, on amd64 its caller does.
_RETURN_ADDRESS = {"arm64": 8}


def read_binary(
    path: Path, packages: Collection[str], relative: Callable[[str], str] = lambda path: path
) -> CompiledCode:
    """Read the functions of some packages, external tests included, from a test binary.

    Raises:
        MeasurementError: it cannot be read; see :func:`harness.compiled.image.is_decoded`.
    """
    with Image.open(path) as image:
        return gather(_functions(image, Packages(packages), relative))


def _functions(
    image: Image, packages: Packages, relative: Callable[[str], str]
) -> Iterator[tuple[FunctionCode, list[AllocationCall]]]:
    table = FunctionTable(
        image.function_table(),
        image.symbol("runtime.text")[0],
        image.read(*image.symbol("go:func.*")),
    )
    find = decoder(image.architecture)
    own: list[tuple[str, str, Function]] = []
    allocators: dict[int, tuple[str, AllocationKind]] = {}
    for index in range(len(table)):
        name = table.name(index)
        kind = allocation_kind(name)
        if kind is not None:
            allocators[table.entry(index)] = name, kind
        split = packages.split(name)
        if split is not None:
            own.append((*split, table.function(index)))
    for package, name, function in own:
        calls = []
        code = image.read(function.entry, function.end - function.entry)
        for address, target in find(code, function.entry, allocators):
            callee, kind = allocators[target]
            places = table.places(function, address)
            inner, outer = places[0], places[-1]
            where = (relative(inner.file), inner.line, relative(outer.file), outer.line)
            inlined = tuple(plain_name(p.function) for p in reversed(places[:-1]))
            calls.append(AllocationCall(package, name, callee, kind, *where, inlined))
        file, line = table.declared(function)
        frame = table.frame_size(function)
        if frame and image.architecture in _RETURN_ADDRESS:
            frame -= _RETURN_ADDRESS[image.architecture]
        yield FunctionCode(package, name, frame, relative(file), line), calls
