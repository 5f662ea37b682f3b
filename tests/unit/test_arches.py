import pytest

from harness import arches
from harness.errors import UsageError
from unit.samples import shipped

TABLE = {"amd64": "amd64", "x86_64": "amd64", "arm64": "arm64", "aarch64": "arm64", "s390x": "s390x"}


@pytest.mark.parametrize(
    ("name", "arch"),
    [
        ("arm64", "arm64"),
        ("AArch64", "arm64"),
        (" linux/arm64/v8 ", "arm64"),
        ("aarch64-linux-gnu", "arm64"),
        ("aarch64-unknown-linux-gnu", "arm64"),
        ("i686-pc-linux-gnu", "386"),
        ("aarch64-mine-linux-gnu", None),
        ("x86-64", "amd64"),
        ("i686", "386"),
        ("armhf", "arm"),
        ("powerpc64le", "ppc64le"),
        ("sparc", None),
        ("", None),
    ],
)
def test_every_common_spelling_stands_for_one_goarch_name(name: str, arch: str | None) -> None:
    assert arches.canonical(name, shipped().synonyms) == arch


@pytest.mark.parametrize(
    ("wanted", "chosen"),
    [
        (["arm64,amd64"], ("amd64", "arm64")),
        (["s390x", " aarch64 ,"], ("arm64", "s390x")),
        (["arm64", "aarch64,ARM64"], ("arm64",)),
        (["all"], ("amd64", "s390x")),
        (["ALL", "arm64"], ("amd64", "arm64", "s390x")),
        (["native"], ("s390x",)),
        (["all,native"], ("amd64", "s390x")),
    ],
)
def test_select_keeps_the_order_of_the_table_and_each_name_once(wanted: list[str], chosen: tuple[str, ...]) -> None:
    assert arches.select(wanted, TABLE, installed=["s390x", "amd64"], native="s390x") == chosen


@pytest.mark.parametrize(
    ("name", "meant"),
    [("amd46", "amd64"), ("aarch46", "arm64"), ("x86_46", "amd64"), ("nativ", "native"), ("al", "all")],
)
def test_a_misspelt_name_is_refused_with_the_name_that_was_meant(name: str, meant: str) -> None:
    with pytest.raises(UsageError) as caught:
        arches.select([f"arm64,{name}"], TABLE, installed=[], native="arm64")
    assert caught.value.what == f"no architecture is called {name!r}; did you mean {meant!r}?"
    assert "    amd64     x86_64\n" in caught.value.mend
    assert caught.value.exit_code == 4


def test_a_name_like_no_other_is_refused_without_a_guess() -> None:
    assert arches.unknown("qqqqqq", TABLE).what == "no architecture is called 'qqqqqq'"


def test_the_table_has_a_line_for_each_architecture() -> None:
    assert arches.table(TABLE).splitlines() == ["    amd64     x86_64", "    arm64     aarch64", "    s390x     "]


@pytest.mark.parametrize(
    ("wanted", "says"),
    [
        ([""], "'' names no architecture"),
        ([" , "], "' , ' names no architecture"),
        (["all"], "no architecture is installed"),
    ],
)
def test_to_choose_nothing_is_an_error(wanted: list[str], says: str) -> None:
    with pytest.raises(UsageError, match=says):
        arches.select(wanted, TABLE, installed=[], native="s390x")
