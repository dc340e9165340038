"""The state of ``esv nightly``: what it has reported so far."""

from dataclasses import dataclass, field

from harness.model.walk import Failure


@dataclass(frozen=True, slots=True)
class Reported:
    """A step as it was known at the last report.

    Attributes:
        series: digest of package, benchmark and unit.
        direction: ``regression`` or ``improvement``.
        previous, revision: hashes of those with the old and with the new value; the step lies in
            between or at the latter.
        at: when it was reported, seconds since the epoch; 0 if it is older than the first report.
    """

    series: str
    direction: str
    previous: str
    revision: str
    at: float


@dataclass(frozen=True, slots=True)
class EnvironmentState:
    """State of one environment.

    Attributes:
        floors: newest recorded revision of each branch when nightly first ran; it does not measure
            what is at or before them. Empty if there was no record.
        baseline: tips of the branches when nightly first ran, if there was no record; steps up to
            them are history and no news.
        newest: newest recorded revision of each branch at the last report: what came later is
            compared with it.
        failures: revisions without a record, with the number of nights that tried.
    """

    floors: tuple[str, ...] = ()
    baseline: tuple[str, ...] = ()
    reported: tuple[Reported, ...] = ()
    newest: tuple[str, ...] = ()
    failures: tuple[Failure, ...] = ()


@dataclass(frozen=True, slots=True)
class NightlyState:
    """State of one machine.

    ``unfetched_since`` is when the first fetch failed after the last that worked, seconds since the
    epoch; 0 where the last one worked.
    """

    schema: str = "esv.nightly-state/1"
    environments: dict[str, EnvironmentState] = field(default_factory=dict)
    unfetched_since: float = 0.0
