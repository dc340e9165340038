"""Measuring: a session knows one project; a walk measures its revisions."""

from harness.engine.environments import EnvironmentSpec
from harness.engine.progress import Progress, Silent
from harness.engine.ranges import select_revisions
from harness.engine.session import Session
from harness.engine.walk import WalkReport, account_steps, walk

__all__ = [
    "EnvironmentSpec",
    "Progress",
    "Session",
    "Silent",
    "WalkReport",
    "account_steps",
    "select_revisions",
    "walk",
]
