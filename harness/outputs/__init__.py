"""Outputs: documents for people and programs. `harness.analysis` computes, outputs print.

``text``
    Words, numbers and tables for a terminal; every other output uses its words.
``records``
    Records, comparisons and explanations as JSON; records as benchfmt, CSV and Parquet.
``gate``
    The reports of ``esv gate``, one module for each format.
``nightly``
    The report of ``esv nightly``.
``site``
    The dashboard.
"""
