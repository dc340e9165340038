"""Git: ranges, first parents, worktrees, diffs. The only package that talks to git.

Where git fails, or a repository, a remote or an object is not there, a `RepositoryError` is raised;
a `UsageError` where the user named what is not there or makes no sense.
"""

from harness.git.diffs import parse_diff
from harness.git.repository import Repository, open_repository
from harness.git.worktrees import Workspace
