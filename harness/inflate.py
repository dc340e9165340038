"""Unpacking gzip without trust: a file of a few kilobytes can be one of gigabytes. Pure."""

import zlib

# gzip and not bare deflate.
_GZIP = 31


class Budget:
    """The number of bytes that may yet be unpacked."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._left = limit

    def gunzip(self, data: bytes) -> bytes:
        """Unpack one gzip member and ignore what follows it; see :meth:`member`."""
        return self.member(data)[0]

    def member(self, data: bytes) -> tuple[bytes, int]:
        """Unpack one gzip member; return its text and its length in the data.

        Raises:
            ValueError: it is damaged or cut off, or has more bytes than are left.
        """
        reader = zlib.decompressobj(wbits=_GZIP)
        try:
            # With one byte more than allowed, an excess is seen.
            text = reader.decompress(data, self._left + 1)
        except zlib.error as err:
            raise ValueError(str(err)) from None
        if len(text) > self._left:
            raise ValueError(f"unpacks to more than {self._limit:,} bytes")
        if not reader.eof:
            raise ValueError("the file ends too early")
        self._left -= len(text)
        return text, len(data) - len(reader.unused_data)
