"""Packages whose import path changed while they stayed where they are. Pure.

A module that becomes ``/v2``, or moves to another host, has new import paths in the old
directories; its benchmarks are the same ones.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TypeVar

from harness.model import (
    Account,
    AllocationCall,
    EscapeSite,
    FunctionCode,
    InliningCall,
    InliningDecision,
    PackageError,
    Record,
    SiteExecution,
)

_Entry = TypeVar(
    "_Entry",
    Account,
    AllocationCall,
    EscapeSite,
    FunctionCode,
    InliningCall,
    InliningDecision,
    PackageError,
    SiteExecution,
)


def renamed_packages(base: Record, head: Record) -> dict[str, str]:
    """Import paths of the base with those that the same directories have at head."""
    old = {p.directory: p.path for p in base.packages}
    new = {p.directory: p.path for p in head.packages}
    known = set(old.values()) & set(new.values())
    return {
        path: new[directory]
        for directory, path in old.items()
        if directory in new and path not in known and new[directory] not in known
    }


def with_paths(record: Record, paths: Mapping[str, str]) -> Record:
    """A record with other import paths, as if its packages had had them all the time.

    Args:
        record: of the base.
        paths: old import path to new one; empty to change nothing.
    """
    if not paths:
        return record

    def moved(entries: tuple[_Entry, ...]) -> tuple[_Entry, ...]:
        return tuple(
            replace(e, package=paths[e.package]) if e.package in paths else e for e in entries
        )

    return replace(
        record,
        packages=tuple(replace(p, path=paths.get(p.path, p.path)) for p in record.packages),
        errors=moved(record.errors),
        escapes=moved(record.escapes),
        inlining=moved(record.inlining),
        inlining_calls=moved(record.inlining_calls),
        accounts=moved(record.accounts),
        calls=moved(record.calls),
        functions=moved(record.functions),
        executions=moved(record.executions),
        support=tuple(
            replace(s, users=tuple(paths.get(p, p) for p in s.users)) for s in record.support
        ),
    )
