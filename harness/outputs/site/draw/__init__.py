"""Drawings as SVG, data for scripts, names and trees of files. Nothing here knows a page."""
