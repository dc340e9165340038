"""Basics of all measuring: progress, environments, records, accounts."""
