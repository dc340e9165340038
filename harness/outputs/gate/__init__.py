"""The reports of ``esv gate``: one module for each ``--format``, by name in `registry`. Pure.

`annotations` makes the one list of places in the source that all formats print.
"""
