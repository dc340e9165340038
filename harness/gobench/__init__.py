"""Go benchmarks: linking and running test binaries, and Go's benchmark format.

`benchfmt` reads result lines, `saved` and `test2json` files that somebody saved, `writing` writes
both. `link` and `run` make and run test binaries, `lanes` chooses which number of which lane
counts. `profile` and `pprof` account for allocations by line, `coverage` for executed lines.
"""

from harness.gobench.benchfmt import BenchmarkLine, TestOutput, read_output
from harness.gobench.lanes import measurements
from harness.gobench.run import LaneRun, LaneSettings, run_lane

__all__ = [
    "BenchmarkLine",
    "LaneRun",
    "LaneSettings",
    "TestOutput",
    "measurements",
    "read_output",
    "run_lane",
]
