"""The JSON Schemas of the harness's documents, made from their types; shipped with these.

``python -m harness.outputs.schemas`` writes them anew.
"""

import json
from importlib import resources
from typing import Any

from harness.outputs.gate.json import gate_schema
from harness.outputs.nightly.json import nightly_schema

SCHEMAS = {"gate": gate_schema, "nightly": nightly_schema}


def load_schema(name: str) -> dict[str, Any]:
    """The shipped schema of ``esv.<name>/1``."""
    file = resources.files(f"harness.outputs.{name}") / f"{name}.schema.json"
    schema: dict[str, Any] = json.loads(file.read_text("utf-8"))
    return schema


def schema_text(name: str) -> str:
    """The schema of ``esv.<name>/1`` as its types have it, as a file."""
    return json.dumps(SCHEMAS[name](), indent=2, ensure_ascii=False, sort_keys=True) + "\n"


if __name__ == "__main__":
    for name in SCHEMAS:
        with resources.as_file(resources.files(f"harness.outputs.{name}")) as directory:
            (directory / f"{name}.schema.json").write_text(schema_text(name), "utf-8")
