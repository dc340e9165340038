"""The plan of a walk over a history, and what is left of it."""

from dataclasses import dataclass

from harness.model.record import RunSettings

WALK_SCHEMA = "esv.walk/1"


@dataclass(frozen=True, slots=True)
class Failure:
    """A revision without a record, because measuring it failed; ``message`` is one line."""

    revision: str
    message: str
    attempts: int = 1


@dataclass(frozen=True, slots=True)
class WalkPart:
    """A walk in one environment.

    Attributes:
        release: Go release as it was asked for, ``None`` for the one that is there; ``resolved`` is
            the one that this meant.
        revisions: all that it set out to measure, in the order of measuring.
        open: those without a record of this walk, failed ones included.
        failures: those of ``open`` that were tried.
    """

    environment: str
    release: str | None
    resolved: str
    build_variables: dict[str, str]
    run_variables: dict[str, str]
    revisions: tuple[str, ...]
    open: tuple[str, ...]
    failures: tuple[Failure, ...] = ()


@dataclass(frozen=True, slots=True)
class Walk:
    """A list of revisions to measure, as ``esv run`` was asked for it.

    Attributes:
        asked: the range in the words of the command line.
        begun: seconds since the epoch; a record that is older is not of this walk.
        carry, explain, skip_existing: whether results may be taken over, steps are accounted for at
            the end, and revisions with any record are passed over.
    """

    asked: str
    begun: float
    settings: RunSettings
    parts: tuple[WalkPart, ...] = ()
    carry: bool = True
    explain: bool = True
    skip_existing: bool = False
    schema: str = WALK_SCHEMA
