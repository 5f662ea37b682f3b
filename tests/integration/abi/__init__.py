"""The conventions held against compilers: signatures by chance, compiled, entered, and looked at byte by byte."""
