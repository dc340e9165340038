"""Git: ranges, first parents, worktrees, diffs. The only package that talks to git."""

from harness.git.diffs import parse_diff
from harness.git.mirrors import open_repository
from harness.git.repository import Repository
from harness.git.worktrees import Workspace
