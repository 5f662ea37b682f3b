"""What a caller may have believed, and where that has the arguments; cases/diagnosis/ has compilers say it."""

from __future__ import annotations

import pytest

from harness import diagnoses as kinds
from harness.abi.conventions import OF_C
from harness.abi.conventions.go import GO_ABI0, GO_INTERNAL
from harness.abi.hypotheses import Belief, beliefs
from harness.abi.model import Array, CType, Kind, Member, Record, Scalar

from .test_meaning import BIG, DOUBLE, LONG, of

INT: tuple[str, CType] = ("int", Scalar(Kind.INT))
FLOAT: tuple[str, CType] = ("float", Scalar(Kind.FLOAT))
PAIR: tuple[str, CType] = (
    "struct pair",
    Record("pair", (Member("a", Scalar(Kind.DOUBLE)), Member("b", Scalar(Kind.DOUBLE)))),
)


def places(belief: Belief) -> list[str]:
    return ["+".join(piece.where for piece in placed.pieces) for placed in belief.meaning.placement.arguments]


def of_kind(found: tuple[Belief, ...], kind: str, about: str = "") -> list[list[str]]:
    return [places(row) for row in found if row.kind == kind and row.about == about]


@pytest.mark.parametrize(
    ("release", "convention", "where"),
    [
        ("1.27.4", "go-internal", ["rax", "rbx"]),
        ("1.16.15", "go-abi0", ["stack+8", "stack+12"]),  # before Go passed arguments in registers
    ],
)
def test_a_function_of_c_may_be_taken_for_one_of_go(release: str, convention: str, where: list[str]) -> None:
    found = beliefs(of(OF_C["amd64"], INT, INT), release)
    (row,) = [row for row in found if row.kind == kinds.AS_GO]
    assert (row.meaning.convention.name, places(row), row.same_arguments) == (convention, where, False)
    abi0 = [row for row in found if row.kind == kinds.AS_ABI0]
    assert [places(row) for row in abi0] == ([] if convention == "go-abi0" else [["stack+8", "stack+12"]])


def test_where_both_languages_have_arguments_and_results_that_is_told_apart() -> None:
    result = ("int", Scalar(Kind.INT))
    (arm64,) = [row for row in beliefs(of(OF_C["arm64"], INT, result=result), "1.27.4") if row.kind == kinds.AS_GO]
    assert (arm64.same_arguments, arm64.same_results) == (True, True)
    (x86,) = [row for row in beliefs(of(OF_C["386"], INT, result=result), "1.27.4") if row.kind == kinds.AS_GO]
    assert (x86.same_arguments, x86.same_results) == (True, False)


def test_a_program_without_go_has_nothing_of_go_in_it() -> None:
    assert not {row.kind for row in beliefs(of(OF_C["amd64"], INT), "")} & {kinds.AS_GO, kinds.AS_C, kinds.AS_ABI0}


def test_a_function_of_go_may_be_taken_for_one_of_c_or_of_its_other_convention() -> None:
    found = beliefs(of(GO_INTERNAL["amd64"], INT, INT, is_go=True), "1.27.4")
    assert of_kind(found, kinds.AS_C) == [["rdi", "rsi"]]
    assert of_kind(found, kinds.AS_ABI0) == [["stack+8", "stack+12"]]
    assert of_kind(beliefs(of(GO_ABI0["amd64"], INT, is_go=True), "1.27.4"), kinds.AS_INTERNAL) == [["rax"]]


def test_types_that_the_other_convention_has_not_make_no_belief() -> None:
    vast = ("long double", Scalar(Kind.LDOUBLE))
    assert kinds.AS_GO not in {row.kind for row in beliefs(of(OF_C["amd64"], vast), "1.27.4")}


def test_a_hidden_pointer_moves_the_arguments_only_where_it_is_one_of_them() -> None:
    assert of_kind(beliefs(of(OF_C["amd64"], LONG, result=BIG), ""), kinds.NO_ROOM) == [["rdi"]]
    assert of_kind(beliefs(of(OF_C["amd64"], LONG), ""), kinds.ROOM) == [["rsi"]]
    assert of_kind(beliefs(of(OF_C["arm64"], LONG, result=BIG), ""), kinds.NO_ROOM) == []  # x8
    assert of_kind(beliefs(of(OF_C["arm64"], LONG), ""), kinds.ROOM) == []


def test_numbers_of_the_other_kind_move_what_comes_behind_them() -> None:
    found = beliefs(of(OF_C["amd64"], LONG, DOUBLE, LONG), "")
    assert of_kind(found, kinds.INTEGER_FOR_FLOAT, "b") == [["rdi", "rsi", "rdx"]] * 2  # an int, a long long
    assert of_kind(found, kinds.FLOAT_FOR_INTEGER, "a") == [["xmm0", "xmm1", "rdi"]] * 2  # a double, a float
    types = [row.meaning.prototype.types[1] for row in found if row.kind == kinds.INTEGER_FOR_FLOAT]
    assert types == ["int", "long long"]


def test_all_numbers_of_a_kind_may_be_of_the_other() -> None:
    found = beliefs(of(OF_C["amd64"], DOUBLE, LONG, DOUBLE), "")
    assert of_kind(found, kinds.INTEGER_FOR_FLOAT, "a, c") == [["rdi", "rsi", "rdx"]] * 2
    assert not any(kinds.TOGETHER in row.about for row in found if row.kind == kinds.FLOAT_FOR_INTEGER)


def test_floats_are_promoted_together() -> None:
    (row,) = [row for row in beliefs(of(OF_C["amd64"], FLOAT, FLOAT), "") if row.kind == kinds.PROMOTED]
    assert row.meaning.prototype.types == ("double", "double")
    assert kinds.PROMOTED not in {row.kind for row in beliefs(of(OF_C["amd64"], DOUBLE), "")}


def test_variadic_is_another_place_only_on_some_architectures() -> None:
    assert of_kind(beliefs(of(OF_C["riscv64"], LONG, DOUBLE), ""), kinds.VARIADIC) == [["a0", "a1"]]
    assert of_kind(beliefs(of(OF_C["amd64"], LONG, DOUBLE), ""), kinds.VARIADIC) == []


def test_a_struct_may_be_passed_in_three_other_ways() -> None:
    found = beliefs(of(OF_C["amd64"], PAIR, LONG), "")
    assert of_kind(found, kinds.WHOLE, "a") == [["rdi+rsi", "rdx"]]
    (row,) = [row for row in found if row.kind == kinds.BY_REFERENCE]
    assert (places(row), row.meaning.placement.arguments[0].by_reference) == (["rdi", "rsi"], True)
    arm = beliefs(of(OF_C["arm64"], ("s", Record("s", (Member("a", DOUBLE[1]), Member("b", LONG[1])))), LONG), "")
    assert of_kind(arm, kinds.APART, "a") == [["v0+x0", "x1"]]
    (apart,) = [row for row in arm if row.kind == kinds.APART]
    assert [piece.offset for piece in apart.meaning.placement.arguments[0].pieces] == [0, 8]


@pytest.mark.parametrize("arch", OF_C)
def test_what_passes_arrays_is_not_taken_for_a_function_of_c(arch: str) -> None:
    none = ("[0]uint8", Array(Scalar(Kind.UCHAR), 0))
    for made in (of(GO_ABI0[arch], INT, result=none, is_go=True), of(GO_ABI0[arch], none, is_go=True)):
        assert of_kind(beliefs(made, "1.27.4"), kinds.AS_C) == []
