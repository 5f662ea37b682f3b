"""Other compilers and emulators than those that the corpus is measured with: a suite of its own, for its time."""
