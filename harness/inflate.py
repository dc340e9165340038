"""Unpacking gzip without trust: a file of a few kilobytes can be one of gigabytes. Pure."""

from __future__ import annotations

import zlib

# gzip and not bare deflate.
_GZIP = 31


class CutOffError(ValueError):
    """The data ends before the member does."""


class Budget:
    """How many bytes may yet be unpacked.

    Args:
        limit: in all.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._left = limit

    def gunzip(self, data: bytes) -> bytes:
        """Unpack one gzip member; what follows it is passed over.

        Raises:
            CutOffError: the data ends too early.
            ValueError: it is damaged, or has more bytes than are left.
        """
        return self.member(data)[0]

    def member(self, data: bytes) -> tuple[bytes, int]:
        """Likewise, with the length of the member.

        Raises:
            ValueError: see :meth:`gunzip`.
        """
        reader = zlib.decompressobj(wbits=_GZIP)
        try:
            # One byte more than there may be tells whether there are more.
            text = reader.decompress(data, self._left + 1)
        except zlib.error as err:
            raise ValueError(str(err)) from None
        if len(text) > self._left:
            raise ValueError(f"unpacks to more than {self._limit:,} bytes")
        if not reader.eof:
            raise CutOffError("the file ends too early")
        self._left -= len(text)
        return text, len(data) - len(reader.unused_data)
