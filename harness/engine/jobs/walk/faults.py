"""Errors that concern one revision, and errors that concern all."""

import errno
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager

from harness.errors import EscapeVelocityError, MeasurementError, StoreError, ToolchainError

_MACHINE = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EMFILE, errno.ENFILE, errno.ENOMEM)
# As the system says it, which git and Go repeat.
_WORDS = re.compile("|".join(re.escape(os.strerror(n)) for n in _MACHINE), re.IGNORECASE)


@contextmanager
def errors_of_one_revision() -> Iterator[None]:
    """Turn an error inside into one that concerns one revision, or one that ends the walk.

    Raises:
        MeasurementError: this revision cannot be measured; others may.
        ToolchainError: none can in this environment.
        StoreError, OSError, EscapeVelocityError: a disk is full or a directory is not writable, so
            that no revision can be measured.
    """
    try:
        yield
    except (StoreError, ToolchainError, MemoryError):
        raise
    except OSError as err:
        if err.errno in _MACHINE:
            raise
        raise MeasurementError(f"{err.filename or 'a file'}: {err.strerror or err}") from err
    except EscapeVelocityError as err:
        if _WORDS.search(str(err)):
            raise StoreError(str(err)) from err
        raise MeasurementError(str(err)) from err
    except Exception as err:
        # Other revisions are not to pay for an error of ours.
        raise MeasurementError(
            f"internal error: {type(err).__name__}: {err}; please report it"
        ) from err
