"""Measuring. A `session.Session` has one project: repository, toolchains, caches and records.

Measuring raises a `ToolchainError` (a release cannot be had), a `RepositoryError` (a revision
cannot be checked out), a `MeasurementError` (Go cannot be started, its flags are wrong, the cache
cannot be used) or a `StoreError` (a record cannot be read or written). Docstrings name others only.

``base``
    Basics of every part: progress, environments, known records and accounts.
``revision``
    One revision: its work tree, modules, build, compiled code, packages, accounts and coverage.
``jobs``
    Jobs that a user starts: walks, exchange, bisection, the time lane, nightly, import, self-test.
"""
