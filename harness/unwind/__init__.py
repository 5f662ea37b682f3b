"""Backtraces: call frame information, the two stack switches between C and Go, and the files that a program maps."""
