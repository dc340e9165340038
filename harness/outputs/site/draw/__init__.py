"""Charts as SVG, data shards for scripts, names and trees of files. Nothing here knows a page."""
