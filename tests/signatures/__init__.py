"""Signatures by their number, and values for them: the same number gives the same, on every machine."""
