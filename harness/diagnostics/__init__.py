"""What the Go compiler says of a build: parsed, collected, and matched across revisions."""
