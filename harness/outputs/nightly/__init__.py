"""The report of ``esv nightly``: text and Markdown (`report`), JSON, Atom. Pure."""
