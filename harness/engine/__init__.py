"""Measuring. A `session.Session` has one project: repository, toolchains, caches and records.

Measuring raises a `ToolchainError` (a release cannot be had), a `RepositoryError` (a revision
cannot be checked out), a `MeasurementError` (Go cannot be started) or a `StoreError` (a record
cannot be read or written). The docstrings below name other errors only.

``base``
    What every part needs: progress, the lock, environments, records and accounts at hand.
``revision``
    One revision: its modules, build, compiled code, packages, accounts and coverage.
``jobs``
    What a user starts: walks, exchange, bisection, the time lane, nightly, import, self-test.
"""
