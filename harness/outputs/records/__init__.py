"""Records, comparisons and explanations for other programs: JSON, benchfmt, CSV, Parquet. Pure."""
