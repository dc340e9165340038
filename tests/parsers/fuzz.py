"""Give the parsers changed samples for a time, and say what they raise beside their own errors.

``make fuzz SECONDS=300 PARSER=record``, or all parsers one after the other.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
import traceback
from pathlib import Path

from harness.errors import EscapeVelocityError
from tests.parsers.targets import TARGETS, changed

# A parser that takes longer for one small input is not linear.
_SLOW = 5.0


def main() -> int:
    """Exit with 1 where something was found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60.0, help="for each parser")
    parser.add_argument("--parser", action="append", choices=[*TARGETS], default=[])
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(2**32))
    parser.add_argument("--keep", type=Path, help="directory for the inputs that were found")
    arguments = parser.parse_args()
    print(f"seed {arguments.seed}")
    found = [
        _fuzz(name, arguments.seconds, arguments.seed, arguments.keep)
        for name in arguments.parser or TARGETS
    ]
    return 1 if any(found) else 0


def _fuzz(name: str, seconds: float, seed: int, keep: Path | None) -> bool:
    target, chance = TARGETS[name], random.Random(seed)
    end = time.monotonic() + seconds
    runs = refused = 0
    seen: set[str] = set()
    while time.monotonic() < end:
        data = changed(target, chance)
        runs += 1
        began = time.process_time()
        try:
            target.read(data)
        except EscapeVelocityError:
            refused += 1
        except Exception:
            what = traceback.format_exc()
            last = traceback.extract_tb(sys.exc_info()[2])[-1]
            _report(f"{name}-{last.filename}:{last.lineno}", what, data, seen, keep)
        took = time.process_time() - began
        if took > _SLOW:
            _report(f"{name}-slow", f"{took:.1f} s for {len(data):,} bytes", data, seen, keep)
    print(f"{name}: {runs:,} inputs, {refused:,} refused, {len(seen)} findings", flush=True)
    return bool(seen)


def _report(key: str, what: str, data: bytes, seen: set[str], keep: Path | None) -> None:
    if key in seen:
        return
    seen.add(key)
    print(f"{key}\n{what}\n{data[:300]!r}", flush=True)
    if keep is not None:
        keep.mkdir(parents=True, exist_ok=True)
        (keep / f"{len(seen)}-{key.partition('/')[0]}.bin").write_bytes(data)


if __name__ == "__main__":
    sys.exit(main())
