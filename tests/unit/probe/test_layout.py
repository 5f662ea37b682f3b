from pathlib import Path

from harness.probe.layout import read

# What qemu-s390x 7.2.22 printed for a program of Go's (cut down).
PAGES = """\
page layout changed following mmap
start            end              size             prot
0000000001000000-0000000001178000 0000000000178000 ---
page layout changed following binary load
start            end              size             prot
0000000001000000-0000000001178000 0000000000178000 r-x
0000004000000000-0000004000001000 0000000000001000 ---
0000004000801000-000000400082b000 000000000002a000 r-x
000000400082f000-0000004000830000 0000000000001000 r-x
start_brk   0x0000000000000000
end_code    0x0000000001177f12
start_code  0x0000000001000000
page layout changed following mmap
start            end              size             prot
0000004000900000-0000004000901000 0000000000001000 r-x
"""
LOADER = "/lib/ld64.so.1"
LIBRARIES = "\tlibc.so.6 => /lib/libc.so.6 (0x000000400083c000)\n\t/lib/ld64.so.1 (0x0000004000801000)\n"


def test_the_page_of_trampolines_and_the_libraries_are_found() -> None:
    found = read(PAGES, LIBRARIES, LOADER, Path("/w"))
    assert found.trampolines == (0x400082F000,)
    assert found.libraries == (("/lib/libc.so.6", 0x400083C000),)
    assert found.start == 0x1000000


def test_nothing_is_known_of_a_log_that_ends_before_the_program_is_loaded() -> None:
    assert read(PAGES.partition("page layout changed following binary")[0], "", "", Path()) == read("", "", "", Path())


def test_a_library_that_is_asked_for_by_its_path_is_one_too() -> None:
    lines = ("linux-vdso64.so.1 (0x00007ffc)", "./libone.so (0x1000)", "/a b/libtwo.so (0x2000)", f"{LOADER} (0x3000)")
    found = read("", "".join(f"\t{line}\n" for line in lines), LOADER, Path("/w"))
    assert found.libraries == (("/w/libone.so", 0x1000), ("/a b/libtwo.so", 0x2000))
