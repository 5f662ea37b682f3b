"""What takes minutes: whole matrices of which tests/integration runs a part. `pytest -n 2 tests/deep`."""
