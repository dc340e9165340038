"""The data of the harness: frozen dataclasses, no input or output.

Everything that a record holds is defined here, in the order of the flow: revision, environment,
diagnostic, benchmark, record. JSON is made from these types by :mod:`harness.store.codec`.
"""

from harness.model.benchmark import (
    BenchmarkFailure,
    BenchmarkResult,
    Lane,
    Measurement,
    PackageOutcome,
    PackageResult,
)
from harness.model.diagnostic import (
    Diagnostic,
    EscapeSite,
    FlowStep,
    InliningCall,
    InliningDecision,
    Position,
    SiteKind,
)
from harness.model.diff import FileChange, Hunk, TreeDiff
from harness.model.environment import Environment, Machine, Toolchain
from harness.model.record import (
    RECORD_SCHEMA,
    ModuleOverlay,
    Outcome,
    PackageError,
    Record,
    RunSettings,
)
from harness.model.revision import Revision
from harness.model.units import ALLOCS, BYTES, ESCAPES, SECONDS, better, is_exact_unit

__all__ = [
    "ALLOCS",
    "BYTES",
    "ESCAPES",
    "RECORD_SCHEMA",
    "SECONDS",
    "BenchmarkFailure",
    "BenchmarkResult",
    "Diagnostic",
    "Environment",
    "EscapeSite",
    "FileChange",
    "FlowStep",
    "Hunk",
    "InliningCall",
    "InliningDecision",
    "Lane",
    "Machine",
    "Measurement",
    "ModuleOverlay",
    "Outcome",
    "PackageError",
    "PackageOutcome",
    "PackageResult",
    "Position",
    "Record",
    "Revision",
    "RunSettings",
    "SiteKind",
    "Toolchain",
    "TreeDiff",
    "better",
    "is_exact_unit",
]
