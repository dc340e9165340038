"""Records on disk, and asv's view of them."""

from harness.store.reader import FileStamp, RecordReader
from harness.store.records import RECORD_SUFFIX, RecordKey, RecordStore, key_of

__all__ = ["RECORD_SUFFIX", "FileStamp", "RecordKey", "RecordReader", "RecordStore", "key_of"]
