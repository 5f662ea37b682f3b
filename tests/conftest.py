from itertools import count
from pathlib import Path

import pytest

_numbers = count()


@pytest.fixture(autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Keep the user's cache out of the tests, and the tests out of the user's cache; made by whoever needs it."""
    folder = tmp_path_factory.getbasetemp() / f"own-cache-{next(_numbers)}"
    monkeypatch.setenv("CROSSABI_CACHE", str(folder))
    return folder
