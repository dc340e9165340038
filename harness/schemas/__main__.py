"""Write the schema files from the types that they describe."""

from __future__ import annotations

import json
from pathlib import Path

from harness.outputs.gate_json import gate_schema
from harness.outputs.nightly_json import nightly_schema

SCHEMAS = {"gate": gate_schema, "nightly": nightly_schema}


def write(directory: Path) -> None:
    """Write every schema into a directory."""
    for name, schema in SCHEMAS.items():
        text = json.dumps(schema(), indent=2, ensure_ascii=False, sort_keys=True)
        (directory / f"{name}.schema.json").write_text(text + "\n", "utf-8")


if __name__ == "__main__":
    write(Path(__file__).parent)
