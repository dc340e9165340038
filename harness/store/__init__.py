"""Records on disk, and asv's view of them."""

from harness.store.reader import RecordReader
from harness.store.records import RECORD_SUFFIX, RecordKey, RecordStore, key_of
