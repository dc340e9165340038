"""The dashboard: a static site that opens from ``file://``.

`publish` renders it from the summaries of its histories, and puts it in the place of the old one;
`keys` tells which pages need not be made again. A page is one module of ``pages``: what fills its
template. ``shared`` has what several pages show, ``draw`` what knows no page: drawings, data for
scripts, names and trees of files.
"""
