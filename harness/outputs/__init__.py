"""Outputs: what people and programs read. `harness.analysis` computes it, outputs print it.

``text``
    Words, numbers and tables for a terminal; every other output uses its words.
``records``
    Records and comparisons as JSON, benchfmt, CSV and Parquet.
``gate``
    The reports of ``esv gate``, one module for each format.
``nightly``
    The report of ``esv nightly``.
``site``
    The dashboard.
"""
