"""Words, numbers and tables for a terminal. `format` prints a single value for every output."""
