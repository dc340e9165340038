"""Measuring. A `session.Session` has one project: repository, toolchains, caches and records.

``base``
    What every part needs: progress, the lock, environments, records and accounts at hand.
``revision``
    One revision: its modules, build, compiled code, packages, accounts and coverage.
``jobs``
    What a user starts: walks, exchange, bisection, the time lane, nightly, import, self-test.
"""
