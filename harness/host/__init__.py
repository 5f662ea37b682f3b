"""What this machine has: tools with their versions, Go releases, and whether an architecture can run."""
