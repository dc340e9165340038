"""Records and comparisons for other programs: JSON (`document`), benchfmt, CSV, Parquet."""
