"""crossabi: find where Go and C disagree about a function pointer, on which architecture, and why."""

__version__ = "0.1.0"
