"""The asv suite: what the records track. See :mod:`harness.asv_plugin`."""
