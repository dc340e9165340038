"""A list of revisions, measured one after the other and accounted for."""

from harness.engine.jobs.walk.faults import errors_of_one_revision
from harness.engine.jobs.walk.measuring import (
    MOST_ATTEMPTS,
    WalkReport,
    describe,
    execute_walk,
    hole_lines,
    left_of,
    unfinished,
    walk,
)
from harness.engine.jobs.walk.steps import account_steps
