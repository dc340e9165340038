"""The errors that the harness raises on purpose, and the exit codes.

The message of each is one line for a person: what, where, and what to do. A machine that is too
noisy for the time lane is no error but a verdict: the gate exits with 3.
"""

EXIT_CLEAN = 0
EXIT_REGRESSION = 1
EXIT_ERROR = 2
EXIT_UNFIT = 3
EXIT_INTERRUPTED = 130


class EscapeVelocityError(Exception):
    """Base of every error that the harness raises on purpose."""

    exit_code = EXIT_ERROR  # of `esv` when the error reaches the command line


class UsageError(EscapeVelocityError):
    """The command line asks for something that does not exist or makes no sense."""


class ConfigError(EscapeVelocityError):
    """``asv.conf.json`` is missing, malformed, or holds an unknown key."""


class RepositoryError(EscapeVelocityError):
    """Git cannot give what was asked for."""


class ToolchainError(EscapeVelocityError):
    """A Go release cannot be found, installed or started."""


class MeasurementError(EscapeVelocityError):
    """A revision as a whole could not be measured; never a regression."""


class StoreError(EscapeVelocityError):
    """A record or a result file cannot be read or written."""


class NewerRecordError(StoreError):
    """A newer harness has written a file: this one neither reads it nor replaces it."""


class OutputError(EscapeVelocityError):
    """Standard output cannot be written."""


class RecordWarning(UserWarning):
    """A record that cannot be read is set aside: it is not used, and not deleted."""
