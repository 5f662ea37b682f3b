from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.host import tools
from harness.process.spec import Finished


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("CROSSABI_CACHE", str(tmp_path))
    tools._known.cache_clear()
    yield
    tools._known.cache_clear()


def test_an_answer_is_remembered_and_a_failure_is_not() -> None:
    said = iter(["", "gcc 12", "another"])
    answers = [tools.remembered("version", ["/bin/sh"], lambda: next(said)) for _ in range(3)]
    assert answers == ["", "gcc 12", "gcc 12"]


def test_an_answer_that_cannot_be_kept_is_one_all_the_same(tmp_path: Path) -> None:
    (tmp_path / "tools.lock").mkdir()
    said = iter(["gcc 12", "another"])
    assert [tools.remembered("version", ["/bin/sh"], lambda: next(said)) for _ in range(2)] == ["gcc 12", "gcc 12"]


@pytest.mark.parametrize(("opened", "told"), [(None, False), (("/bin/sh",), True)])
def test_whether_the_kernel_tells_what_is_read(
    opened: tuple[str, ...] | None, told: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tools.client, "run", lambda command: Finished("exited", 0, opened=opened))
    assert tools.sees_reads() is told
