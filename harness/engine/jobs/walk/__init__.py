"""A list of revisions, measured one after the other and accounted for."""
