"""What all measuring needs: progress, the work tree's lock, environments, records, accounts."""
