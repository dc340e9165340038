"""The work that a user starts on a session: one module for each kind."""
