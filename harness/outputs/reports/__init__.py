"""The reports of ``esv gate``; :mod:`harness.outputs.reports.registry` has them by name."""
