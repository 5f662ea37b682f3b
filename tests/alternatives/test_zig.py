"""The second C compiler: the corpus on a machine that has no cross gcc, but PyPI's ziglang (clang, musl, static)."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from .conftest import ROOT, run

ARCH = "arm64"
# What the corpus cannot show with this compiler, and why; everything else has to pass as with gcc.
EXPECTED = {
    "conversions/c_host_archive::run[arm64-shared]": ("BROKEN", "the case needs a shared library"),
    "conversions/dlsym_pointer::run[arm64]": ("BROKEN", "the case needs a shared library"),
    "crossings/go_plugin::run[arm64-exe]": ("BROKEN", "the case needs a shared library"),
    "crossings/go_plugin::run[arm64-pie]": ("BROKEN", "the case needs a shared library"),
    # musl calls constructors without argc and argv, which Go's rt0_*_lib reads (go.dev/issue/13492)
    "conversions/c_host_archive::run[arm64-archive]": ("FAIL", "killed by SIGSEGV"),
    # lld always gives code a segment of its own: .rodata is not executable (the row is GNU ld's default)
    "conversions/go_func_as_c_pointer::run[arm64-where]": ("FAIL", "in executable memory: false"),
    "conversions/go_func_as_c_pointer::run[arm64-where_separate_code]": ("FAIL", "link: running"),
    # musl's libc.a is all that there is: what C's linker makes has no dynamic loader, and Go's own linker, which links
    # the C library dynamically only, does not find its functions
    "crossings/build_modes::run[arm64-exe_external]": ("FAIL", "with a dynamic loader false"),
    "crossings/build_modes::run[arm64-pie_external]": ("FAIL", "with a dynamic loader false"),
    "crossings/build_modes::run[arm64-exe_internal]": ("BROKEN", "go build failed: runtime.gcdata"),
    "crossings/build_modes::run[arm64-pie_internal]": ("BROKEN", "unknown symbol pthread_create"),
    **{
        f"crossings/segv_handler_host::run[arm64-{when}_archive]": ("FAIL", "killed by SIGSEGV")
        for when in ("before", "after")
    },
    **{
        f"crossings/segv_handler_host::run[arm64-{when}_shared]": ("BROKEN", "the case needs a shared library")
        for when in ("before", "after")
    },
    # zig links no unwinder into C programs
    **{
        f"crossings/cgo_traceback::run[arm64-{what}]": ("FAIL", "undefined symbol: _Unwind_Backtrace")
        for what in ("frames", "panic", "fault")
    },
    # musl declares getcontext, makecontext and swapcontext, and has none of them
    "crossings/coroutine_stack::run[arm64]": ("FAIL", "undefined symbol: getcontext"),
}


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Python of its own that has the harness and ziglang."""
    folder = tmp_path_factory.mktemp("zig") / "venv"
    run(sys.executable, "-m", "venv", folder)
    run(folder / "bin/pip", "install", "--quiet", "--constraint", ROOT / "constraints.txt", f"{ROOT}[zig]")
    return folder / "bin" / "python"


def test_the_corpus_passes_with_zig_but_for_what_is_known(python: Path, tmp_path: Path) -> None:
    shutil.copytree(ROOT / "cases", tmp_path / "cases")
    chain = (ROOT / "toolchains" / f"{ARCH}.yaml").read_text()
    changed, count = re.subn(r"(?m)^  compiler: .*$", "  compiler: no-such-gcc", chain)
    assert count == 1
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / f"{ARCH}.yaml").write_text(changed)
    argv = [python, "-m", "pytest", "--toolchains=own", f"--arch={ARCH}", "--pairs=none", "--records=records", "cases"]
    done = subprocess.run(list(map(str, argv)), cwd=tmp_path, capture_output=True, text=True, timeout=3000, check=False)
    rows = [json.loads(line) for line in (tmp_path / "records").read_text().splitlines()]
    verdicts = {f"{row['case']}::{row['item'].rpartition('::')[2]}": row for row in rows if row["type"] == "verdict"}
    bad = {name: row for name, row in verdicts.items() if row["verdict"] != "PASS"}
    assert {name: row["verdict"] for name, row in bad.items()} == {name: word for name, (word, _) in EXPECTED.items()}
    for name, (_, cause) in EXPECTED.items():
        assert cause in bad[name]["cause"], done.stdout
    assert len(verdicts) - len(bad) >= 29
    compilers = {row["environment"]["c_compiler"].partition(" 0")[0] for row in rows if row["type"] == "observation"}
    assert compilers == {"zig cc"}
    stored = [*argv[:-2], "cases/conversions/direct_cast", "cases/conversions/export_callback"]
    again = subprocess.run(
        list(map(str, stored)), cwd=tmp_path, capture_output=True, text=True, timeout=600, check=False
    )
    assert again.returncode == 0, again.stdout
    assert "building" not in again.stdout  # what zig keeps in caches of its own makes no build doubtful
