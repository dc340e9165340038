"""The report of ``esv nightly`` as text, Markdown, Atom (`report`) and JSON (`document`)."""
