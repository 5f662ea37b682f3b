"""A program that calls from Go to C and back, as deep as it is told; its chain of calls is known."""
