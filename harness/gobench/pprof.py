"""pprof profiles, read with Google's protobuf library.

The messages are those of pprof's ``profile.proto``
(https://github.com/google/pprof/blob/main/proto/profile.proto); only the fields that heap profiles
of Go use are declared, protobuf skips the others.
"""

from dataclasses import dataclass
from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.message import DecodeError

from harness.errors import MeasurementError
from harness.inflate import Budget
from harness.model.allocation import Frame

# A profile with every allocation of a large project has some megabytes, and a stack of Go at most a
# few hundred frames.
_MOST_BYTES = 64 << 20
_MOST_FRAMES = 10_000
_INT64, _UINT64, _STRING = 3, 4, 9
_MESSAGE = 11
# message: (field, number, type or message name, repeated)
_MESSAGES: dict[str, tuple[tuple[str, int, int | str, bool], ...]] = {
    "ValueType": (("type", 1, _INT64, False), ("unit", 2, _INT64, False)),
    "Sample": (("location_id", 1, _UINT64, True), ("value", 2, _INT64, True)),
    "Line": (("function_id", 1, _UINT64, False), ("line", 2, _INT64, False)),
    "Location": (("id", 1, _UINT64, False), ("line", 4, "Line", True)),
    "Function": (
        ("id", 1, _UINT64, False),
        ("name", 2, _INT64, False),
        ("filename", 4, _INT64, False),
    ),
    "Profile": (
        ("sample_type", 1, "ValueType", True),
        ("sample", 2, "Sample", True),
        ("location", 4, "Location", True),
        ("function", 5, "Function", True),
        ("string_table", 6, _STRING, True),
    ),
}


@dataclass(frozen=True, slots=True)
class Stack:
    """One sample of a heap profile.

    Attributes:
        locations: leaf first; each is the frames at one address, the innermost inlined one first.
        objects, bytes: allocated since the start, also those that were freed.
    """

    locations: tuple[tuple[Frame, ...], ...]
    objects: int
    bytes: int


def read_heap_profile(data: bytes, name: str) -> list[Stack]:
    """Return the samples of a heap profile; errors call it ``name``.

    Raises:
        MeasurementError: not a heap profile, or one that no Go program writes.
    """
    try:
        return _samples(data)
    except (ValueError, DecodeError) as err:
        raise MeasurementError(f"{name}: not a pprof heap profile: {err}") from None
    except KeyError as err:
        missing = f"the heap profile names what is not in it: {err.args[0]!r}"
        raise MeasurementError(f"{name}: {missing}") from None


def _samples(data: bytes) -> list[Stack]:
    profile = _profile_class()()
    profile.ParseFromString(Budget(_MOST_BYTES).gunzip(data))
    strings = profile.string_table
    types = [_at(strings, t.type) for t in profile.sample_type]
    if not {"alloc_objects", "alloc_space"} <= {*types}:
        raise ValueError(f"no allocations in it, but {types}")
    objects, size = types.index("alloc_objects"), types.index("alloc_space")
    functions = {f.id: (_at(strings, f.name), _at(strings, f.filename)) for f in profile.function}
    locations = {
        location.id: tuple(Frame(*functions[line.function_id], line.line) for line in location.line)
        for location in profile.location
    }
    found = []
    for sample in profile.sample:
        stack = tuple(locations[i] for i in sample.location_id[:_MOST_FRAMES])
        if len(sample.location_id) > _MOST_FRAMES or sum(map(len, stack)) > _MOST_FRAMES:
            raise ValueError(f"a stack of more than {_MOST_FRAMES:,} frames")
        found.append(Stack(stack, _at(sample.value, objects), _at(sample.value, size)))
    return found


def _at(items: Any, index: int) -> Any:
    """Return an item by the index that a profile has.

    Raises:
        KeyError: there is none; a negative index would count from the end.
    """
    if not 0 <= index < len(items):
        raise KeyError(index)
    return items[index]


def _profile_class() -> Any:
    """Return the class of the ``Profile`` message, generated from the declaration above."""
    file = descriptor_pb2.FileDescriptorProto(
        name="esv/profile.proto", package="perftools.profiles", syntax="proto3"
    )
    for message, fields in _MESSAGES.items():
        declared = file.message_type.add(name=message)
        for field, number, kind, repeated in fields:
            entry: Any = declared.field.add(name=field, number=number)
            entry.label = 3 if repeated else 1
            if isinstance(kind, str):
                entry.type = _MESSAGE
                entry.type_name = f".perftools.profiles.{kind}"
            else:
                entry.type = kind
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("perftools.profiles.Profile"))
