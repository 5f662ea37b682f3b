"""The fixtures of tests/integration: one store for the whole session."""

from integration.conftest import own_cache, shared_cache

__all__ = ["own_cache", "shared_cache"]
