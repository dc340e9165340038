"""What a user starts, each on a session: one module for each kind of work."""
