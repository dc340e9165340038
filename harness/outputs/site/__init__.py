"""The dashboard: a static site that opens from ``file://``.

`publish` renders it and puts it in the place of the old one. A page (``pages``) is a view, the
dataclasses that a template prints, made of parts that several pages have (``shared``) and of
drawings and data (``draw``).
"""
