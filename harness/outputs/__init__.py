"""Outputs: what people and programs read. They compute nothing; see :mod:`harness.analysis`."""
