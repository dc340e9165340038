"""asv's files, made from the records: the only package that knows their layout (`layout`)."""
