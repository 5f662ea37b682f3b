"""The conventions, held at length."""
