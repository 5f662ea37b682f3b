"""The whole matrix of the watch on crossings: every architecture, every mutant, every register."""
