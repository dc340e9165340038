"""Write the schema files from the types that they describe."""

from __future__ import annotations

import json
from pathlib import Path

from harness.outputs.gate_json import gate_schema


def write(directory: Path) -> None:
    """Write every schema into a directory."""
    text = json.dumps(gate_schema(), indent=2, ensure_ascii=False, sort_keys=True)
    (directory / "gate.schema.json").write_text(text + "\n", "utf-8")


if __name__ == "__main__":
    write(Path(__file__).parent)
