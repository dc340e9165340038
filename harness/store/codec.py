"""Record to bytes and back: JSON, gzip-compressed, the same bytes for the same record."""

from __future__ import annotations

import gzip
import zlib

import msgspec

from harness.errors import StoreError
from harness.model import RECORD_SCHEMA, Record

_ENCODER = msgspec.json.Encoder(order="deterministic")
_DECODER = msgspec.json.Decoder(Record)


class _Header(msgspec.Struct):
    """The one field that every version of the record has."""

    schema: int


_HEADER = msgspec.json.Decoder(_Header)


def encode(record: Record) -> bytes:
    """The bytes of a record file. No time stamp goes into the gzip header."""
    return gzip.compress(_ENCODER.encode(record), compresslevel=6, mtime=0)


def decode(data: bytes, name: str) -> Record:
    """Read the bytes of a record file; ``name`` is for the message.

    Raises:
        StoreError: damaged, not a record, or written by a newer harness.
    """
    try:
        text = gzip.decompress(data)
        schema = _HEADER.decode(text).schema
    except (OSError, EOFError, zlib.error, msgspec.DecodeError) as err:
        raise StoreError(
            f"{name}: not a readable record ({err}); delete it and measure the revision again"
        ) from None
    if schema > RECORD_SCHEMA:
        raise StoreError(
            f"{name}: written by a newer harness (record version {schema}, this one reads"
            f" {RECORD_SCHEMA}); upgrade escape-velocity"
        )
    try:
        return _DECODER.decode(text)
    except msgspec.DecodeError as err:
        raise StoreError(
            f"{name}: damaged record ({err}); delete it and measure the revision again"
        ) from None
