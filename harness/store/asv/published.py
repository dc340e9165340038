"""What ``asv publish`` leaves in the directory that the dashboard goes to, too."""

from __future__ import annotations

from pathlib import Path


def is_published_site(directory: Path) -> bool:
    """Whether a directory is what ``asv publish`` wrote."""
    return all((directory / name).is_file() for name in ("asv.js", "index.json"))
