"""The JSON Schemas that are shipped; ``python -m harness.schemas`` writes them anew."""

from __future__ import annotations

import json
from importlib import resources
from typing import Any


def load_schema(name: str) -> dict[str, Any]:
    """The schema in ``<name>.schema.json``.

    Raises:
        FileNotFoundError: none is shipped under that name.
    """
    text = (resources.files(__name__) / f"{name}.schema.json").read_text("utf-8")
    schema: dict[str, Any] = json.loads(text)
    return schema
