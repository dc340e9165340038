"""Modules that several pages share.

`section` is the environment that a page is of: its frame, its links, its steps. The other modules
each print one thing: links, values, what a record was measured with, escape sites, a revision in a
sentence (`verdicts`), commits that made something worse or better (`findings`), accounts of steps,
the columns behind the charts; `sources` plans which files have pages.
"""
