"""The schemas that are shipped do not depend on which msgspec made them."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from harness import outputs
from harness.outputs.schemas import SCHEMAS, schema_text

SHIPPED = Path(outputs.__file__).parent


def indented(text: str) -> str:
    """A docstring as it stands in a class."""
    return inspect.cleandoc(text).replace("\n", "\n    ").replace("\n    \n", "\n\n")


@pytest.mark.parametrize("order", [1, -1])
@pytest.mark.parametrize("docstring", [inspect.cleandoc, indented])
def test_what_releases_of_msgspec_do_differently(
    monkeypatch: pytest.MonkeyPatch, docstring: Callable[[str], str], order: int
) -> None:
    """0.23 cleans docstrings, 0.22 does not; 0.20 has the alternatives in another order."""

    def rewritten(value: Any) -> Any:
        if isinstance(value, list):
            return [rewritten(v) for v in value]
        if not isinstance(value, dict):
            return value
        found = {k: rewritten(v) for k, v in value.items()}
        if isinstance(found.get("description"), str):
            found["description"] = docstring(found["description"])
        if isinstance(found.get("anyOf"), list):
            found["anyOf"] = found["anyOf"][::order]
        return found

    made = msgspec.json.schema
    monkeypatch.setattr(msgspec.json, "schema", lambda document: rewritten(made(document)))
    for name in SCHEMAS:
        shipped = SHIPPED / name / f"{name}.schema.json"
        assert schema_text(name) == shipped.read_text("utf-8")
