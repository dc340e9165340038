"""Measuring: a session knows one project; a walk (`engine.walk`) measures its revisions.

Only what every verb needs is loaded here, since a gate has no time for the rest.
"""

from harness.engine.environments import EnvironmentSpec
from harness.engine.progress import Progress, Silent
from harness.engine.session import Session

__all__ = [
    "EnvironmentSpec",
    "Progress",
    "Session",
    "Silent",
]
