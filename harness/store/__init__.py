"""Records on disk, and asv's view of them.

What is damaged, or cannot be read or written, is a `StoreError`, and a `NewerRecordError` what a
newer harness has written.
"""

from harness.store.reader import RecordReader
from harness.store.records import RECORD_SUFFIX, RecordKey, RecordStore, key_of
