"""Words, numbers and tables for a terminal; other outputs use the words too. Pure."""
