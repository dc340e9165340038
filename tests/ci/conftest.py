"""The fixtures of the end-to-end tests, for the one step that runs the real harness."""

from tests.e2e.conftest import _small_repo, environment, session_root

__all__ = ["_small_repo", "environment", "session_root"]
