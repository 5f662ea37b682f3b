import pytest

from harness.build import marks

MARK = "-D=crossabi-KEY"


@pytest.mark.parametrize(
    ("said", "flags"),
    [
        ([], [f"x/...={MARK}", f"x={MARK}"]),
        (["-N -l"], [f"x/...={MARK}", f"x=-N -l {MARK}"]),
        (["all=-N"], [f"x/...=-N {MARK}", f"x=-N {MARK}"]),
        (["all=-N", "-l"], [f"x/...=-N {MARK}", f"x=-l {MARK}"]),
        (["-l", "all=-N"], [f"x/...=-N {MARK}", f"x=-N {MARK}"]),
        (["x/sub=-l"], [f"x/...={MARK}", f"x={MARK}", f"x/sub=-l {MARK}"]),
    ],
)
def test_what_was_said_of_the_flags_goes_on_to_count(said: list[str], flags: list[str]) -> None:
    assert marks.flags("KEY", ["x"], ["x"], said) == [f"-gcflags={flag}" for flag in flags]
