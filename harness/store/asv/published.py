"""The site of ``asv publish``, whose directory is also that of the dashboard."""

from pathlib import Path


def is_published_site(directory: Path) -> bool:
    """Return whether a directory was written by ``asv publish``."""
    return all((directory / name).is_file() for name in ("asv.js", "index.json"))
