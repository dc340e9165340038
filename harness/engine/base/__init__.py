"""Basics of all measuring: progress, the work tree's lock, environments, records, accounts."""
