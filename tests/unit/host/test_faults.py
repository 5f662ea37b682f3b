from pathlib import Path

import pytest

from harness.errors import InputError
from harness.host import faults
from harness.host.faults import Pair


@pytest.mark.parametrize(
    ("number", "versions", "within"),
    [
        ("7.2.22", "", True),
        ("", "", True),
        ("7.2.22", "<8", True),
        ("8.2.1", ">=8.2,<8.3", True),
        ("10.0", ">=8.2,<8.3", False),
        ("10.0", ">=9", True),
        ("10.0rc1", ">=9", True),
        ("", "<8", False),
        ("unknown", "<8", False),
    ],
)
def test_a_version_is_in_a_range(number: str, versions: str, within: bool) -> None:
    assert faults.in_range(number, versions) is within


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("qemu-aarch64 version 7.2.22 (Debian 1:7.2+dfsg-7+deb12u18)", "7.2.22"),
        ("qemu-x86_64 version 10.0.0", "10.0.0"),
        ("something else", ""),
        ("", ""),
    ],
)
def test_the_number_in_what_an_emulator_says(text: str, number: str) -> None:
    assert faults.emulator_number(text) == number


PAIR = Pair("id", "what", "mend", arches=("386",), runner="qemu", emulator="<10", go=">=1.23")


@pytest.mark.parametrize(
    ("arch", "runner", "emulator", "go", "applies"),
    [
        ("386", "qemu", "7.2", "1.27.4", True),
        ("amd64", "qemu", "7.2", "1.27.4", False),
        ("386", "native", "7.2", "1.27.4", False),
        ("386", "qemu", "10.0", "1.27.4", False),
        ("386", "qemu", "7.2", "1.22", False),
        ("386", "qemu", "", "1.27.4", False),
    ],
)
def test_a_bad_pair_applies_where_all_of_it_does(arch: str, runner: str, emulator: str, go: str, applies: bool) -> None:
    assert PAIR.applies(arch, runner, emulator, go) is applies
    assert Pair("id", "what", "mend").applies(arch, runner, emulator, go)


@pytest.mark.parametrize(
    ("arch", "runner", "said", "suspected"),
    [
        ("ppc64le", "qemu", "unexpected fault address 0x152b8\nfatal error: fault\n", ["qemu-ppc64le-fault-address"]),
        ("ppc64le", "native", "unexpected fault address 0x152b8\n", []),
        ("s390x", "qemu", "unexpected fault address 0x152b8\n", []),
        (
            "arm",
            "qemu",
            "[signal SIGSEGV: segmentation violation code=0x1 addr=0x0 pc=0x1]\n",
            ["qemu-arm-fault-address"],
        ),
        ("arm", "qemu", "[signal SIGSEGV: segmentation violation code=0x1 addr=0x8 pc=0x1]\n", []),
        ("ppc64le", "qemu", "", []),
    ],
)
def test_a_bad_pair_is_suspected_where_its_symptom_shows(
    arch: str, runner: str, said: str, suspected: list[str]
) -> None:
    notes = faults.load().suspects(arch, runner, "qemu-x version 7.2.22", "go1.27.4", said)
    assert [note.split(": ")[0] for note in notes] == [f"perhaps not the program's doing, {row}" for row in suspected]


SHIPPED = {
    "qemu-assertion": "ERROR:../accel/tcg/x.c:12:f: assertion failed: (a == b)",
    "qemu-glib-out-of-memory": "qemu-arm: GLib: ../../../glib/gmem.c:169: failed to allocate 24576 bytes",
    "qemu-other-program": "qemu-riscv64: /tmp/a b/program: Invalid ELF image for this architecture",
    "qemu-internal-signal": "qemu: internal SIGSEGV {code=MAPERR}",
}


@pytest.mark.parametrize("name", SHIPPED)
def test_a_shipped_symptom_is_known_in_the_middle_of_other_output(name: str) -> None:
    found = faults.load().symptom(f"program output\n{SHIPPED[name]}\nmore\n", "qemu-arm version 7.2.22")
    assert found is not None
    assert (found.id, found.retry) == (name, name in ("qemu-assertion", "qemu-internal-signal"))


@pytest.mark.parametrize("text", ["", "the assertion that qemu failed", "panic: internal SIGSEGV", "qemu is fine"])
def test_a_programs_own_words_are_no_symptom(text: str) -> None:
    assert faults.load().symptom(text, "qemu-arm version 7.2.22") is None


@pytest.mark.parametrize(
    ("row", "place", "says"),
    [
        ("pairs:\n  - {id: x, what: x, mend: x, emulator: seven}", "2:5", "emulator: not a range of versions"),
        ("pairs:\n  - {id: x, what: x}", "2:5", "the key 'mend' is missing"),
        ("pairs:\n  - {id: x, what: x, mend: x, runner: quemu}", "2:39", "did you mean 'qemu'"),
        ("faults:\n  - {id: x, pattern: '(', what: x, retry: true}", "2:22", "not a regular expression"),
        ("faults:\n  - {id: x, pattern: x, what: x, retry: maybe}", "2:41", "'maybe' is not one of true, false"),
        ("faults:\n  - {id: x, pattern: x, what: x, retry: true, versions: '=8'}", "2:5", "versions: not a range"),
    ],
)
def test_a_malformed_table_is_refused_with_its_place(row: str, place: str, says: str, tmp_path: Path) -> None:
    (tmp_path / faults.FAULTS_FILE).write_text(row)
    with pytest.raises(InputError, match=f"{faults.FAULTS_FILE}:{place}: .*{says}"):
        faults.load((tmp_path,))


def test_a_users_table_is_added_and_a_folder_without_one_is_fine(tmp_path: Path) -> None:
    (tmp_path / faults.FAULTS_FILE).write_text(
        "pairs: [{id: mine, what: x, mend: m, blocks: true, arches: [arm]}]\n"
        "faults: [{id: own, pattern: 'x+', what: x, retry: false}]\n"
    )
    (tmp_path / "empty").mkdir()
    shipped, both = faults.load(), faults.load((tmp_path, tmp_path / "empty"))
    assert both.pairs == (*shipped.pairs, Pair("mine", "x", "m", arches=("arm",), blocks=True))
    assert [fault.id for fault in both.faults[len(shipped.faults) :]] == ["own"]
    assert both.faults[-1].retry is False
