"""Go benchmarks: the output format, and running a test binary."""

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
