"""One ``track_*`` benchmark per unit of a Go benchmark, one per package for escape sites.

Which Go benchmarks there are is known from the records only, so the functions are made at import.
"""

from harness.asv_plugin import tracked

globals().update(tracked())
