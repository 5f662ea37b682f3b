"""Calling conventions: where each byte of an argument or a result is, on each architecture."""
